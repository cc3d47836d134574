-- Probabilities and shares are 0 to 1, correlations -1 to 1, and what is squared, ranged or waited for not below 0.
select venue, instrument, timeframe, close_time
from bar_dependence
where arrayExists(value -> value < 0 or value > 1, [adf_p_value, kpss_p_value, reversion_p_value,
        variance_ratio_p_value_2, variance_ratio_p_value_5, variance_ratio_p_value_10, variance_ratio_p_value_20,
        ljung_box_p_value, ljung_box_robust_p_value, runs_p_value, modified_range_p_value, jump_share, jump_p_value])
    or arrayExists(value -> abs(value) > 1 + 1e-9, [autocorrelation_1, autocorrelation_2, autocorrelation_3,
        autocorrelation_4, autocorrelation_5, partial_autocorrelation_2, partial_autocorrelation_3,
        partial_autocorrelation_4, partial_autocorrelation_5])
    or arrayExists(value -> value < 0, [kpss_statistic, half_life_bars, variance_ratio_2, variance_ratio_5,
        variance_ratio_10, variance_ratio_20, ljung_box, ljung_box_robust, modified_range, realised_variance,
        realised_kurtosis, rescaled_range_hurst_error, dfa_hurst_error, generalised_hurst_1_error, generalised_hurst_2_error])
limit 100
