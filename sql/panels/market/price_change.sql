-- Change of the mid price since the beginning of the range, a series per instrument.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, instrument, if(isFinite(mid_price) and isFinite(first_mid), mid_price / first_mid - 1, null) as change
from (
    select time, instrument, mid_price, first_value(mid_price) over (partition by instrument order by time) as first_mid
    from (
        select toStartOfInterval(bucket, toIntervalSecond(step_s)) as time, instrument, argMaxIf(mid_close, bucket, isFinite(mid_close)) as mid_price
        from (
            select time as bucket, instrument, mid_close
            from features_1s final
            where resolution_s = 1 and $__timeFilter(time)
                and $__conditionalAll(venue in (${venue:singlequote}), $venue)
                and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
            union all
            select time as bucket, instrument, mid_close
            from features_1m final
            where resolution_s = 60 and $__timeFilter(time)
                and $__conditionalAll(venue in (${venue:singlequote}), $venue)
                and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
            union all
            select time as bucket, instrument, mid_close
            from features_1h final
            where resolution_s = 3600 and $__timeFilter(time)
                and $__conditionalAll(venue in (${venue:singlequote}), $venue)
                and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        )
        group by instrument, time
        having mid_price > 0
    )
)
order by time, instrument
