"""ADF and half-life: against statsmodels on rolling windows, and on markets whose answer is known."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.tsa.adfvalues import mackinnonp
from statsmodels.tsa.stattools import adfuller

from operators.statistics.mackinnon import p_value
from tests.operators.statistics.markets import Closes, ends, persistent, random_walk, reverting
from tests.operators.statistics.walk import log_prices, many_bars, walk

WINDOW = 256
MARKETS = {
    "walk": random_walk(900),
    "reverting": reverting(900, stays=0.9),
    "persistent": persistent(900, stays=0.5),
}


def close_to(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("lags", [0, 1, 4])
@pytest.mark.parametrize("name", MARKETS)
def test_adf_equals_statsmodels_on_rolling_windows(name: str, lags: int) -> None:
    closes = MARKETS[name]
    found = walk(closes, window_bars=WINDOW, adf_lags=lags)
    for end in ends(len(closes), WINDOW, 31):
        prices = log_prices(closes, end, WINDOW)
        expected = adfuller(prices, maxlag=lags, regression="c", autolag=None, result_object=True)
        assert found[end]["adf_statistic"] == close_to(expected.statistic), end
        assert found[end]["adf_p_value"] == close_to(expected.pvalue), end


@pytest.mark.parametrize("name", MARKETS)
def test_the_slope_of_reversion_is_that_of_ordinary_least_squares(name: str) -> None:
    closes = MARKETS[name]
    found = walk(closes, window_bars=WINDOW)
    for end in ends(len(closes), WINDOW, 31):
        prices = log_prices(closes, end, WINDOW)
        fit = sm.OLS(np.diff(prices), sm.add_constant(prices[:-1] - prices.mean())).fit()
        assert found[end]["reversion_slope"] == close_to(fit.params[1]), end
        assert found[end]["reversion_p_value"] == close_to(mackinnonp(fit.tvalues[1])), end
        bars = np.log(0.5) / np.log1p(fit.params[1]) if fit.params[1] < 0 else math.nan
        assert found[end]["half_life_bars"] == pytest.approx(bars, rel=1e-9, nan_ok=True), end


def test_mackinnon_s_p_value_is_that_of_statsmodels() -> None:
    for tau in [*np.linspace(-20.0, 3.0, 2_301), -1.61, 2.74, -18.83]:
        assert p_value(tau) == pytest.approx(mackinnonp(tau), rel=1e-12, abs=1e-300)
    assert math.isnan(p_value(math.nan))


def independent(closes: Closes, window_bars: int) -> np.ndarray:
    """Rows of windows that have no return in common."""
    return walk(closes, window_bars=window_bars)[window_bars::window_bars]


@many_bars
def test_a_random_walk_is_refused_as_often_as_the_p_value_says() -> None:
    rows = independent(random_walk(128 * 1_000), 128)
    assert (rows["adf_p_value"] < 0.05).mean() == pytest.approx(0.05, abs=0.02)  # 3 deviations of 1000 windows
    assert (rows["reversion_p_value"] < 0.05).mean() == pytest.approx(0.05, abs=0.02)


@many_bars
def test_reversion_is_told_from_a_random_walk() -> None:
    rows = independent(reverting(256 * 100, stays=0.8), 256)
    assert (rows["adf_p_value"] < 0.05).mean() > 0.99


@many_bars
def test_the_half_life_of_a_reverting_price_is_found() -> None:
    stays = 0.5 ** (1 / 10)
    rows = independent(reverting(1_024 * 200, stays=stays), 1_024)
    biased = stays - (1 + 3 * stays) / 1_024  # Kendall (1954), doi:10.1093/biomet/41.3-4.403
    assert 1 + rows["reversion_slope"].mean() == pytest.approx(biased, abs=0.0025)  # 3 deviations
    assert np.median(rows["half_life_bars"]) == pytest.approx(-np.log(2) / np.log(biased), rel=0.06)


@many_bars
def test_a_random_walk_seems_to_revert_by_5_3_windows_as_the_file_says() -> None:
    rows = independent(random_walk(128 * 1_000), 128)
    assert 128 * rows["reversion_slope"].mean() == pytest.approx(-5.3, abs=0.4)


def test_a_price_that_runs_away_has_no_half_life() -> None:
    rng = np.random.default_rng(1)
    away = np.exp(1e-6 * 1.05 ** np.arange(200) + rng.normal(0.0, 1e-8, 200))
    row = walk(away, window_bars=128)[-1]
    assert row["reversion_slope"] == pytest.approx(0.05, rel=0.01)
    assert math.isnan(row["half_life_bars"])


def test_a_price_that_is_back_within_a_bar_has_no_half_life() -> None:
    swing = np.random.default_rng(1).normal(0.0, 1e-4, 200)
    row = walk(np.exp(np.tile([1e-3, -1e-3], 100) + swing), window_bars=128)[-1]
    assert row["reversion_slope"] < -1.0
    assert math.isnan(row["half_life_bars"])


@pytest.mark.parametrize("closes", [np.full(200, 60_000.1), np.tile([100.0, 101.0], 100)])
def test_returns_without_any_error_have_no_test(closes: Closes) -> None:
    row = walk(closes, window_bars=128)[-1]
    assert all(math.isnan(row[name]) for name in ("adf_statistic", "adf_p_value", "reversion_p_value"))
