-- How well regimes were forecast on one timeframe: Brier scores beside those of a Markov chain counted from the past, at the
-- newest bar of the range, by horizon. Below the baseline is skill.
select
    horizon_bars, scored,
    if(isFinite(brier_volatility), brier_volatility, null) as volatility,
    if(isFinite(baseline_brier_volatility), baseline_brier_volatility, null) as volatility_baseline,
    if(isFinite(brier_direction), brier_direction, null) as direction,
    if(isFinite(baseline_brier_direction), baseline_brier_direction, null) as direction_baseline,
    if(isFinite(brier_dynamics), brier_dynamics, null) as dynamics,
    if(isFinite(baseline_brier_dynamics), baseline_brier_dynamics, null) as dynamics_baseline,
    if(isFinite(change_probability_volatility), change_probability_volatility, null) as volatility_will_change,
    if(isFinite(change_probability_direction), change_probability_direction, null) as direction_will_change,
    if(isFinite(change_probability_dynamics), change_probability_dynamics, null) as dynamics_will_change
from regime_forecasts final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and timeframe in (${timeframe:singlequote}) and $__timeFilter_ms(time)
order by time desc
limit 1 by horizon_bars
limit 20
