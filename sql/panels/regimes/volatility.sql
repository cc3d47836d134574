-- Which state of volatility was held when, a column per timeframe: what was held when the range begins (or was found first
-- in it), every change, and `no data` from where bars are overdue, so that silence never looks like a state.
with
    begun as (
        select
            timeframe, toDateTime64(greatest(min(regimes.time), $__fromTime_ms), 3) as time,
            splitByChar('/', toString(argMin(regime, regimes.time))) as held, if(length(held) = 3, held[1], 'unknown') as state
        from regimes
        where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
            and regimes.time <= $__toTime_ms and regimes.time > $__fromTime_ms - multiIf(
                timeframe = 'ultra_short', toIntervalSecond(5), timeframe = 'short', toIntervalMinute(2),
                timeframe = 'medium', toIntervalMinute(120), toIntervalMinute(2880))
            and regimes.time <= $__fromTime_ms + multiIf(
                timeframe = 'ultra_short', toIntervalMinute(60), timeframe = 'short', toIntervalMinute(1440),
                timeframe = 'medium', toIntervalMinute(43200), toIntervalMinute(432000))
        group by timeframe, regime = 'unknown'
    ),
    changed as (
        select timeframe, toDateTime64(time, 3) as time, regime as state
        from regime_changes final
        where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
            and view = 'volatility' and $__timeFilter_ms(time)
    ),
    ended as (
        select
            timeframe, 'no data' as state,
            toDateTime64(max(regimes.time) + multiIf(timeframe = 'ultra_short', toIntervalSecond(10), timeframe = 'short',
                toIntervalSecond(180), timeframe = 'medium', toIntervalSecond(10800), toIntervalSecond(259200)), 3) as time
        from regimes
        where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
            and regimes.time > $__fromTime_ms - interval 60 day and regimes.time <= $__toTime_ms
            and (timeframe != 'ultra_short' or regimes.time > $__fromTime_ms - interval 1 day)
        group by timeframe
        having time >= $__fromTime_ms and time < $__toTime_ms
    )
select
    time, anyIf(toNullable(state), timeframe = 'long') as long, anyIf(toNullable(state), timeframe = 'medium') as medium,
    anyIf(toNullable(state), timeframe = 'short') as short, anyIf(toNullable(state), timeframe = 'ultra_short') as ultra_short
from (
    select timeframe, time, state from begun
    union all
    select timeframe, time, state from changed
    union all
    select timeframe, time, state from ended
)
group by time
order by time
