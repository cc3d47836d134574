-- Quantiles ascend, and neither a volatility nor a variance is below zero.
select venue, instrument, timeframe, close_time
from bar_statistics
where return_q05 > return_q50
    or return_q50 > return_q95
    or arrayExists(value -> value < 0, [realised_volatility, parkinson_volatility, garman_klass_volatility,
        rogers_satchell_volatility, yang_zhang_volatility, corwin_schultz_spread_bps, roll_spread_bps, return_variance])
limit 100
