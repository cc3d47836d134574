-- The newest forecast of every instrument, timeframe and horizon. Each timeframe looks back far enough for a few of its
-- own bars and no further, so that a day of one-second rows is never read to find one.
-- Parameters: instrument and timeframe ('' = all), horizon_bars (0 = all), limit (rows).
with (select max(time) from regime_forecasts) as newest
select
    venue, instrument, timeframe, time, receive_time, horizon_bars, probability_calm, probability_normal,
    probability_stressed, probability_bear, probability_neutral, probability_bull, probability_reverting,
    probability_random, probability_trending, change_probability_volatility, change_probability_direction,
    change_probability_dynamics, scored, brier_volatility, brier_direction, brier_dynamics, log_loss_volatility,
    log_loss_direction, log_loss_dynamics, baseline_brier_volatility, baseline_brier_direction,
    baseline_brier_dynamics, baseline_log_loss_volatility, baseline_log_loss_direction, baseline_log_loss_dynamics
from regime_forecasts
where ({instrument:String} = '' or instrument = {instrument:String})
    and ({timeframe:String} = '' or timeframe = {timeframe:String})
    and ({horizon_bars:Int64} = 0 or horizon_bars = {horizon_bars:Int64})
    and (
        (timeframe = 'ultra_short' and time >= newest - interval 2 minute)
        or (timeframe = 'short' and time >= newest - interval 1 hour)
        or (timeframe = 'medium' and time >= newest - interval 2 day)
        or (timeframe = 'long' and time >= newest - interval 60 day)
    )
order by time desc, receive_time desc, venue, instrument, timeframe, horizon_bars
limit 1 by venue, instrument, timeframe, horizon_bars
limit {limit:UInt32}
