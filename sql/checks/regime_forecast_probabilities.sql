-- The forecast probabilities of each view sum to one wherever they are defined.
select
    venue, instrument, timeframe, time, horizon_bars,
    probability_calm + probability_normal + probability_stressed as volatility_sum,
    probability_bear + probability_neutral + probability_bull as direction_sum,
    probability_reverting + probability_random + probability_trending as dynamics_sum
from regime_forecasts
where arrayExists(total -> abs(total - 1) > 1e-9, [volatility_sum, direction_sum, dynamics_sum])
limit 100
