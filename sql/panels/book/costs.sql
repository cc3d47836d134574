-- What takers paid against the mid, what makers kept 5 s later, what moved the price: means of trades.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, effective_spread_bps, realised_spread_bps, price_impact_bps, roll_spread_bps
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        avgOrNullIf(effective_spread_bps, isFinite(effective_spread_bps)) as effective_spread_bps,
        avgOrNullIf(realised_spread_bps, isFinite(realised_spread_bps)) as realised_spread_bps,
        avgOrNullIf(price_impact_bps, isFinite(price_impact_bps)) as price_impact_bps,
        avgOrNullIf(roll_spread_bps, isFinite(roll_spread_bps)) as roll_spread_bps
    from (
        select time as bucket, effective_spread_bps, realised_spread_bps, price_impact_bps, roll_spread_bps
        from features_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, effective_spread_bps, realised_spread_bps, price_impact_bps, roll_spread_bps
        from features_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, effective_spread_bps, realised_spread_bps, price_impact_bps, roll_spread_bps
        from features_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    )
    group by time
    order by time with fill step step_s
)
order by time
