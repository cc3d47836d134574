-- Quoted spread: mean and largest of each point.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, spread_bps, spread_bps_max
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        avgOrNullIf(spread_bps, isFinite(spread_bps)) as spread_bps,
        maxOrNullIf(spread_bps_max, isFinite(spread_bps_max)) as spread_bps_max
    from (
        select time as bucket, spread_bps, spread_bps_max
        from quotes_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
            and source = 'book'
        union all
        select time as bucket, spread_bps, spread_bps_max
        from quotes_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
            and source = 'book'
        union all
        select time as bucket, spread_bps, spread_bps_max
        from quotes_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
            and source = 'book'
    )
    group by time
    order by time with fill step step_s
)
order by time
