-- A chance lies between 0 and 1, a Brier score between 0 and 2, and a log loss is not below zero.
select venue, instrument, timeframe, time, horizon_bars
from regime_forecasts
where arrayExists(chance -> chance < 0 or chance > 1, [change_probability_volatility, change_probability_direction,
        change_probability_dynamics])
    or arrayExists(score -> score < 0 or score > 2, [brier_volatility, brier_direction, brier_dynamics,
        baseline_brier_volatility, baseline_brier_direction, baseline_brier_dynamics])
    or arrayExists(loss -> loss < 0, [log_loss_volatility, log_loss_direction, log_loss_dynamics,
        baseline_log_loss_volatility, baseline_log_loss_direction, baseline_log_loss_dynamics])
limit 100
