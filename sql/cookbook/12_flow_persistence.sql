-- Does buying follow buying? Correlation of a second's signed volume with that of the seconds before.
--
-- Seconds without a trade are seconds without flow, not missing ones: the grid is filled before it is shifted, or a lag
-- of one would sometimes mean a minute.
with
    filled as (
        select venue, instrument, time, sum(buy_volume - sell_volume) as flow
        from trades_1s final
        where time >= (select max(time) from trades_1s) - interval 1 hour
        group by venue, instrument, time
        order by venue, instrument, time with fill step 1
    ),
    lagged as (
        select
            venue, instrument, flow,
            lagInFrame(flow, 1) over earlier as lag_1,
            lagInFrame(flow, 5) over earlier as lag_5,
            row_number() over earlier as place
        from filled
        window earlier as (
            partition by venue, instrument order by time rows between 5 preceding and current row
        )
    )
select
    venue,
    instrument,
    count() as seconds,
    corr(flow, lag_1) as correlation_1_s,
    corr(flow, lag_5) as correlation_5_s
from lagged
where place > 5  -- before that there is nothing to compare with
group by venue, instrument
having seconds > 10
order by venue, instrument
