-- Intensity of aggressive buys and sells by a Hawkes process, per second.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, hawkes_buy, hawkes_sell
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        avgOrNullIf(hawkes_buy, isFinite(hawkes_buy)) as hawkes_buy,
        avgOrNullIf(hawkes_sell, isFinite(hawkes_sell)) as hawkes_sell
    from (
        select time as bucket, hawkes_buy, hawkes_sell
        from features_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, hawkes_buy, hawkes_sell
        from features_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, hawkes_buy, hawkes_sell
        from features_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    )
    group by time
    order by time with fill step step_s
)
order by time
