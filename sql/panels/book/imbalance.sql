-- Imbalance of sizes at the touch and over ten levels, and of the last 50 trades.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, imbalance, imbalance_10, trade_imbalance_50
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        avgOrNullIf(imbalance, isFinite(imbalance)) as imbalance,
        avgOrNullIf(imbalance_10, isFinite(imbalance_10)) as imbalance_10,
        avgOrNullIf(trade_imbalance_50, isFinite(trade_imbalance_50)) as trade_imbalance_50
    from (
        select time as bucket, imbalance, imbalance_10, trade_imbalance_50
        from features_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, imbalance, imbalance_10, trade_imbalance_50
        from features_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, imbalance, imbalance_10, trade_imbalance_50
        from features_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    )
    group by time
    order by time with fill step step_s
)
order by time
