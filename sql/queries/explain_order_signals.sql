-- The signals of an instrument that were known when its target moved: the newest of each timeframe, at most two days old.
-- Parameters: venue, instrument, known_at.
with newest as (
    select timeframe, max(receive_time) as known
    from signals
    where venue = {venue:String} and instrument = {instrument:String}
        and receive_time <= {known_at:DateTime64(9, 'UTC')} and receive_time >= {known_at:DateTime64(9, 'UTC')} - interval 2 day
        and time <= {known_at:DateTime64(9, 'UTC')} and time >= {known_at:DateTime64(9, 'UTC')} - interval 4 day
    group by timeframe
)
select *
from signals
where venue = {venue:String} and instrument = {instrument:String} and (timeframe, receive_time) in (select timeframe, known from newest)
    and time <= {known_at:DateTime64(9, 'UTC')} and time >= {known_at:DateTime64(9, 'UTC')} - interval 4 day
order by receive_time desc, `offset` desc, frame desc
limit 1 by timeframe
