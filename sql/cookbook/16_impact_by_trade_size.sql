-- How far does the mid move after a trade, by the trade's size?
--
-- The mid before is the newest known when the trade came (ASOF, strictly before); the mid after is a label from five
-- seconds later. Sizes are cut into fifths per instrument. Signed by the aggressor: a positive number means that trades
-- move prices their own way.
with
    mids as (
        select venue, instrument, receive_time, (bid_price + ask_price) / 2 as mid_price
        from quotes final
        where valid and source = 'book' and receive_time >= (select max(receive_time) from quotes) - interval 1 hour
    ),
    taken as (
        select venue, instrument, receive_time, receive_time + interval 5 second as later_time, side, size
        from trades final
        where not off_book and receive_time >= (select max(receive_time) from trades) - interval 1 hour
    ),
    moved as (
        select
            taken.venue as venue, taken.instrument as instrument, size,
            1e4 * side * log(later.mid_price / before.mid_price) as impact_bps,
            ntile(5) over (
                partition by taken.venue, taken.instrument order by size
                rows between unbounded preceding and unbounded following
            ) as fifth
        from taken
        asof inner join mids as before
            on taken.venue = before.venue and taken.instrument = before.instrument
            and taken.receive_time > before.receive_time
        asof inner join mids as later
            on taken.venue = later.venue and taken.instrument = later.instrument
            and taken.later_time <= later.receive_time
    )
select
    venue, instrument, fifth,
    count() as trades,
    avg(size) as mean_size,
    avg(moved.impact_bps) as impact_bps,
    stddevSamp(moved.impact_bps) / sqrt(count()) as error_bps
from moved
group by venue, instrument, fifth
order by venue, instrument, fifth
