-- Seconds since the newest quote of every instrument that had one in the last day; 600 where there is none for ten minutes.
-- Instruments whose market is closed, by the newest interval of table availability, count as 0.
with
    seen as (
        select distinct venue, instrument from quotes_1h where time > $__toTime - interval 1 day and time <= $__toTime
    ),
    heard as (
        select venue, instrument, max(receive_time) as newest
        from quotes
        where receive_time > $__toTime_ms - interval 10 minute and receive_time <= $__toTime_ms
        group by venue, instrument
    ),
    closed as (
        select venue, instrument
        from availability
        where start_time > $__toTime_ms - interval 2 day and start_time <= $__toTime_ms
        group by venue, instrument
        having argMax(state, start_time) = 'closed'
    )
select
    toString(seen.venue) as venue, toString(seen.instrument) as instrument,
    multiIf((seen.venue, seen.instrument) in closed, 0, heard.newest = toDateTime64(0, 9, 'UTC'), 600,
        dateDiff('millisecond', heard.newest, $__toTime_ms) / 1000) as age_s
from seen
left join heard on heard.venue = seen.venue and heard.instrument = seen.instrument
order by venue, instrument
