-- The regime held on every timeframe, a row per instrument. Each timeframe looks back for a few of its own bars only; a
-- row that is there twice before it is merged is once among the newest.
select
    venue, instrument,
    anyIf(regime, timeframe = 'ultra_short') as ultra_short, anyIf(regime, timeframe = 'short') as short,
    anyIf(regime, timeframe = 'medium') as medium, anyIf(regime, timeframe = 'long') as long,
    min(confidence_) as least_confidence, max(anomaly_) as most_anomaly
from (
    select venue, instrument, timeframe, regime, if(isFinite(confidence), confidence, null) as confidence_,
        if(isFinite(anomaly), anomaly, null) as anomaly_
    from regimes
    where $__conditionalAll(venue in (${venue:singlequote}), $venue)
        and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        and time <= $__toTime_ms
        and (
            (timeframe = 'ultra_short' and time > $__toTime_ms - interval 2 minute)
            or (timeframe = 'short' and time > $__toTime_ms - interval 60 minute)
            or (timeframe = 'medium' and time > $__toTime_ms - interval 2 day)
            or (timeframe = 'long' and time > $__toTime_ms - interval 60 day))
    order by time desc, receive_time desc, `offset` desc
    limit 1 by venue, instrument, timeframe
)
group by venue, instrument
order by venue, instrument
limit 500
