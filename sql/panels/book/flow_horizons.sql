-- Order flow imbalance over the last 50 book updates: at the touch, of ten levels, and their first component.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, ofi_50, ofi_deep_50, ofi_normalised_50, ofi_integrated_50
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        avgOrNullIf(ofi_50, isFinite(ofi_50)) as ofi_50,
        avgOrNullIf(ofi_deep_50, isFinite(ofi_deep_50)) as ofi_deep_50,
        avgOrNullIf(ofi_normalised_50, isFinite(ofi_normalised_50)) as ofi_normalised_50,
        avgOrNullIf(ofi_integrated_50, isFinite(ofi_integrated_50)) as ofi_integrated_50
    from (
        select time as bucket, ofi_50, ofi_deep_50, ofi_normalised_50, ofi_integrated_50
        from features_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, ofi_50, ofi_deep_50, ofi_normalised_50, ofi_integrated_50
        from features_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, ofi_50, ofi_deep_50, ofi_normalised_50, ofi_integrated_50
        from features_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    )
    group by time
    order by time with fill step step_s
)
order by time
