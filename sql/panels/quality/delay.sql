-- Mean time from the venue's stamp to our receipt; clocks of venues lie, so below 0 is possible.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, instrument, delay_ms
from (
    select toStartOfInterval(bucket, toIntervalSecond(step_s)) as time, instrument, avgOrNullIf(delay_ms, isFinite(delay_ms)) as delay_ms
    from (
        select time as bucket, instrument, delay_ms
        from quotes_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        union all
        select time as bucket, instrument, delay_ms
        from quotes_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        union all
        select time as bucket, instrument, delay_ms
        from quotes_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    )
    group by instrument, time
    order by instrument, time with fill step step_s
)
order by time, instrument
