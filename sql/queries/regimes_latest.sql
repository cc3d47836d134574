-- The regime of every instrument and timeframe at its newest bar. Each timeframe looks back far enough for a few of its
-- own bars and no further, so that a day of one-second rows is never read to find one.
-- Parameters: instrument and timeframe ('' = all), limit (rows).
with (select max(time) from regimes) as newest
select
    venue, instrument, timeframe, time, receive_time, regime, raw_regime, confidence, probability_calm,
    probability_normal, probability_stressed, probability_bear, probability_neutral, probability_bull,
    probability_reverting, probability_random, probability_trending, remaining_volatility_s, remaining_direction_s,
    remaining_dynamics_s, volatility, drift, run_length_bars, change_point_probability, anomaly, agreement, evidence,
    bars_seen
from regimes
where ({instrument:String} = '' or instrument = {instrument:String})
    and ({timeframe:String} = '' or timeframe = {timeframe:String})
    and (
        (timeframe = 'ultra_short' and time >= newest - interval 2 minute)
        or (timeframe = 'short' and time >= newest - interval 1 hour)
        or (timeframe = 'medium' and time >= newest - interval 2 day)
        or (timeframe = 'long' and time >= newest - interval 60 day)
    )
order by time desc, receive_time desc
limit 1 by venue, instrument, timeframe
limit {limit:UInt32}
