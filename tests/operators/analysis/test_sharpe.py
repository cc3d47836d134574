"""Errors and odds of Sharpe ratios: figures of the papers, statsmodels' long-run covariance, and simulation."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.sandwich_covariance import S_hac_simple

from operators.analysis import returns, sharpe


def autoregressive(seed, phi, count, mean=0.05):
    noise = np.random.default_rng(seed).standard_normal(count + 100)
    found = np.zeros(count + 100)
    for row in range(1, len(found)):
        found[row] = phi * found[row - 1] + noise[row]
    return mean + found[100:]


@pytest.mark.parametrize("lags", [0, 1, 5, 20])
def test_the_error_is_the_delta_method_on_statsmodels_long_run_covariance(lags):
    values = autoregressive(3, 0.3, 500)
    centred = values - values.mean()
    moments = np.column_stack([centred, centred**2 - values.var()])
    covariance = S_hac_simple(moments, nlags=lags) / len(values)
    slope = np.array([1.0 / values.std(), -values.mean() / (2.0 * values.std() ** 3)])
    expected = math.sqrt(slope @ covariance @ slope / len(values))
    assert sharpe.standard_error(values, lags=lags) == pytest.approx(expected, rel=1e-10)


def test_the_error_of_independent_normal_returns_is_los_closed_form():
    values = np.random.default_rng(5).normal(0.1, 1.0, 200_000)
    ratio = returns.sharpe(values)
    assert sharpe.standard_error(values, lags=0) == pytest.approx(math.sqrt((1 + ratio**2 / 2) / 200_000), rel=0.01)


@pytest.mark.parametrize("phi", [-0.3, 0.0, 0.4])
def test_the_error_is_the_spread_of_ratios_over_simulated_markets(phi):
    markets = [autoregressive(seed, phi, 600) for seed in range(400)]
    spread = np.std([returns.sharpe(values) for values in markets])
    told = np.mean([sharpe.standard_error(values, lags=15) for values in markets])
    assert told == pytest.approx(spread, rel=0.15)


def test_moments_are_scipys():
    values = np.random.default_rng(2).standard_t(5, 300)
    skew, kurtosis = sharpe.skew_and_kurtosis(values)
    assert skew == pytest.approx(stats.skew(values))
    assert kurtosis == pytest.approx(stats.kurtosis(values, fisher=False))


@pytest.mark.parametrize(
    ("trials", "skew", "kurtosis", "odds"),
    [(100, -3.0, 10.0, 0.9004), (46, -3.0, 10.0, 0.9505), (88, 0.0, 3.0, 0.9505)],
)
def test_the_example_of_the_paper_on_deflated_ratios(trials, skew, kurtosis, odds):
    # Five years of 250 days, a yearly ratio of 2.5, a yearly variance of ½ among the trials.
    luck = sharpe.expected_maximum(0.5 / 250, trials)
    assert luck == pytest.approx(0.1132, abs=5e-5) or trials != 100
    assert sharpe.probabilistic(2.5 / math.sqrt(250), 1250, skew, kurtosis, luck) == pytest.approx(odds, abs=1e-4)


@pytest.mark.parametrize(
    ("per_year", "skew", "kurtosis", "years"),
    [(250, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_track_records_of_the_paper_on_the_efficient_frontier(per_year, skew, kurtosis, years):
    # How long until a yearly ratio of 2 is above 1 at 95 %.
    scale = math.sqrt(per_year)
    needed = sharpe.minimum_track_record(2.0 / scale, skew, kurtosis, 1.0 / scale)
    assert needed / per_year == pytest.approx(years, abs=0.005)


def test_a_record_of_the_minimum_length_is_just_sure_enough():
    needed = sharpe.minimum_track_record(0.1, -0.5, 6.0, 0.02)
    assert sharpe.probabilistic(0.1, needed, -0.5, 6.0, 0.02) == pytest.approx(0.95, abs=1e-12)


def test_the_best_of_many_unskilled_trials_is_as_high_as_expected():
    draws = np.random.default_rng(1).normal(0.0, 0.3, (4000, 50)).max(axis=1)
    assert sharpe.expected_maximum(0.09, 50) == pytest.approx(draws.mean(), rel=0.02)
    assert sharpe.expected_maximum(0.09, 1) == 0.0


def test_one_trial_deflates_nothing():
    values = autoregressive(1, 0.0, 300, mean=0.1)
    whole = sharpe.probabilistic(returns.sharpe(values), 300, *sharpe.skew_and_kurtosis(values))
    assert sharpe.deflated(values, trials=1, variance=0.0) == whole
    assert sharpe.deflated(values, trials=20, variance=0.01) < whole


def test_unskilled_strategies_pass_at_95_percent_one_time_in_twenty():
    markets = np.random.default_rng(7).standard_t(6, (2000, 250))
    odds = np.array([sharpe.deflated(values, trials=1, variance=0.0) for values in markets])
    assert (odds > 0.95).mean() == pytest.approx(0.05, abs=0.015)


def test_what_is_not_defined_is_nan_or_refused():
    assert math.isnan(sharpe.standard_error(np.zeros(50)))
    assert math.isnan(sharpe.probabilistic(0.1, 1, 0.0, 3.0))
    assert math.isnan(sharpe.probabilistic(math.nan, 100, 0.0, 3.0))
    assert sharpe.minimum_track_record(0.1, 0.0, 3.0, 0.1) == math.inf
    for wrong in ({"variance": -1.0, "trials": 2}, {"variance": 1.0, "trials": 0}, {"variance": math.nan, "trials": 2}):
        with pytest.raises(ValueError, match="trials must be 1 or more"):
            sharpe.expected_maximum(**wrong)
    with pytest.raises(ValueError, match="lags must be 0"):
        sharpe.standard_error(autoregressive(1, 0.0, 10), lags=10)
