-- How fast depth comes back after a large trade, and the share of size that leaves without one.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, resiliency_s, cancel_ratio
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        avgOrNullIf(resiliency_s, isFinite(resiliency_s)) as resiliency_s,
        avgOrNullIf(cancel_ratio, isFinite(cancel_ratio)) as cancel_ratio
    from (
        select time as bucket, resiliency_s, cancel_ratio
        from features_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, resiliency_s, cancel_ratio
        from features_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, resiliency_s, cancel_ratio
        from features_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    )
    group by time
    order by time with fill step step_s
)
order by time
