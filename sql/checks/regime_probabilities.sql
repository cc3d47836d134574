-- The probabilities of each axis sum to one wherever they are defined.
select
    venue, instrument, timeframe, time,
    probability_calm + probability_normal + probability_stressed as volatility_sum,
    probability_bear + probability_neutral + probability_bull as direction_sum
from regimes
where abs(volatility_sum - 1) > 1e-9 or abs(direction_sum - 1) > 1e-9
limit 100
