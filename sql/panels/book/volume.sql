-- Volume of aggressive buyers and sellers; sellers are drawn downwards.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, buy_volume, sell_volume
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        sumIf(buy_volume, isFinite(buy_volume)) as buy_volume,
        sumIf(sell_volume, isFinite(sell_volume)) as sell_volume
    from (
        select time as bucket, buy_volume, sell_volume
        from trades_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, buy_volume, sell_volume
        from trades_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, buy_volume, sell_volume
        from trades_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    )
    group by time
    order by time with fill step step_s
)
order by time
