-- Realised and bipower volatility of the mid as yearly ones; where they part, the price jumps.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, yearly_realised_volatility, yearly_bipower_volatility
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        avgOrNullIf(realised_volatility, isFinite(realised_volatility)) * sqrt(31557600) as yearly_realised_volatility,
        avgOrNullIf(bipower_volatility, isFinite(bipower_volatility)) * sqrt(31557600) as yearly_bipower_volatility
    from (
        select time as bucket, realised_volatility, bipower_volatility
        from features_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, realised_volatility, bipower_volatility
        from features_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, realised_volatility, bipower_volatility
        from features_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    )
    group by time
    order by time with fill step step_s
)
order by time
