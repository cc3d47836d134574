-- What is a probability or a share lies between 0 and 1, and nothing lasts for less than no time.
select venue, instrument, timeframe, time, confidence, change_point_probability, anomaly, agreement
from regimes
where arrayExists(share -> share < 0 or share > 1, [confidence, change_point_probability, anomaly, agreement])
    or arrayExists(value -> value < 0, [remaining_volatility_s, remaining_direction_s, remaining_dynamics_s, volatility,
        run_length_bars, toFloat64(bars_seen)])
limit 100
