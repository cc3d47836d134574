-- The newest signal of every instrument and timeframe, with what it rests on. Each timeframe looks back for some of its
-- own bars only; a row that is there twice before it is merged is once among the newest.
select
    venue, instrument, timeframe, time, direction as asked, if(isFinite(confidence), confidence, null) as sure, regime,
    if(isFinite(volatility), volatility * sqrt(31557600), null) as yearly_volatility,
    arrayStringConcat(arrayMap((k, v) -> concat(k, ' ', toString(round(v, 3))), mapKeys(evidence), mapValues(evidence)), ' · ') as because
from (
    select *
    from signals
    where $__conditionalAll(venue in (${venue:singlequote}), $venue)
        and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        and $__conditionalAll(timeframe in (${timeframe:singlequote}), $timeframe)
        and time <= $__toTime_ms and time > $__toTime_ms - interval 60 day
        and (timeframe != 'ultra_short' or time > $__toTime_ms - interval 10 minute)
        and (timeframe != 'short' or time > $__toTime_ms - interval 1 day)
    order by time desc, receive_time desc, `offset` desc
    limit 1 by venue, instrument, timeframe
)
order by time desc, venue, instrument, timeframe
limit 500
