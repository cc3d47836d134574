-- Gaps that opened in the last 15 minutes, of every instrument that had a quote in the last day.
with
    seen as (
        select distinct venue, instrument from quotes_1h where time > $__toTime - interval 1 day and time <= $__toTime
    ),
    opened as (
        select venue, instrument, count() as gaps
        from gaps final
        where state = 'open' and receive_time > $__toTime_ms - interval 15 minute and receive_time <= $__toTime_ms
        group by venue, instrument
    )
select toString(seen.venue) as venue, toString(seen.instrument) as instrument, toFloat64(opened.gaps) as gaps_opened
from seen
left join opened on opened.venue = seen.venue and opened.instrument = seen.instrument
order by venue, instrument
