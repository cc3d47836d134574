-- The regime of every timeframe at its newest bar of the range.
select
    timeframe, time, splitByChar('/', toString(regime))[1] as volatility, splitByChar('/', toString(regime))[2] as direction,
    splitByChar('/', toString(regime))[3] as dynamics, if(isFinite(confidence), confidence, null) as sure,
    if(isFinite(agreement), agreement, null) as agree, if(isFinite(anomaly), anomaly, null) as strange,
    if(isFinite(remaining_volatility_s), remaining_volatility_s, null) as remaining_volatility,
    if(isFinite(remaining_direction_s), remaining_direction_s, null) as remaining_direction,
    if(isFinite(remaining_dynamics_s), remaining_dynamics_s, null) as remaining_dynamics, bars_seen
from regimes final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and time <= $__toTime_ms and time > $__toTime_ms - interval 60 day
    and (timeframe != 'ultra_short' or time > $__toTime_ms - interval 10 minute)
    and (timeframe != 'short' or time > $__toTime_ms - interval 1 day)
order by time desc, receive_time desc
limit 1 by timeframe
