-- Mid and micro price, and the range of the mid within each point.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, mid_close, micro_price, mid_high, mid_low
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        argMaxOrNullIf(mid_close, bucket, isFinite(mid_close)) as mid_close,
        argMaxOrNullIf(micro_price, bucket, isFinite(micro_price)) as micro_price,
        maxOrNullIf(mid_high, isFinite(mid_high)) as mid_high,
        minOrNullIf(mid_low, isFinite(mid_low)) as mid_low
    from (
        select time as bucket, mid_close, micro_price, mid_high, mid_low
        from features_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, mid_close, micro_price, mid_high, mid_low
        from features_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, mid_close, micro_price, mid_high, mid_low
        from features_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    )
    group by time
    order by time with fill step step_s
)
order by time
