-- Book updates per second, a series per instrument.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, instrument, updates_per_s
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        instrument,
        sum(updates) / any(step_s) as updates_per_s
    from (
        select time as bucket, instrument, updates
        from features_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        union all
        select time as bucket, instrument, updates
        from features_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        union all
        select time as bucket, instrument, updates
        from features_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    )
    group by instrument, time
    order by instrument, time with fill step step_s
)
order by time, instrument
