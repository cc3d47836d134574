-- Turnover in quote currency, a series per instrument; contracts count as one unit of base.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, instrument, turnover
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        instrument,
        sumIf(price_volume, isFinite(price_volume)) as turnover
    from (
        select time as bucket, instrument, price_volume
        from trades_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        union all
        select time as bucket, instrument, price_volume
        from trades_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        union all
        select time as bucket, instrument, price_volume
        from trades_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    )
    group by instrument, time
    order by instrument, time with fill step step_s
)
order by time, instrument
