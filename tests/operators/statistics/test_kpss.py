"""KPSS: against statsmodels on rolling windows, and on markets whose answer is known."""

import math
import warnings
from typing import Any

import numpy as np
import pytest
from statsmodels.tsa.stattools import kpss

from operators.statistics.kpss import p_value
from tests.operators.statistics.markets import ends, persistent, random_walk, reverting, troubled
from tests.operators.statistics.walk import log_prices, many_bars, walk

WINDOW = 256
MARKETS = {
    "walk": random_walk(900),
    "level": reverting(900, stays=0.3),
    "persistent": persistent(900, stays=0.5),
    "troubled": troubled(2_000),
}


def batch(prices: np.ndarray, lags: int | str) -> Any:
    """Statsmodels' own, without its warnings of p-values at the ends of the table."""
    with warnings.catch_warnings(action="ignore"):
        return kpss(prices, regression="c", nlags=lags, result_object=True)


@pytest.mark.parametrize("lags", [0, 16, 32])
@pytest.mark.parametrize("name", MARKETS)
def test_kpss_equals_statsmodels_on_rolling_windows(name: str, lags: int) -> None:
    closes = MARKETS[name]
    found = walk(closes, window_bars=WINDOW, kpss_lags=lags)
    for end in ends(len(closes), WINDOW, 31):
        prices = log_prices(closes, end, WINDOW)
        if np.ptp(prices) > 0:
            expected = batch(prices, lags)
            assert found[end]["kpss_statistic"] == pytest.approx(expected.statistic, rel=1e-9), end
            assert found[end]["kpss_p_value"] == pytest.approx(expected.pvalue, rel=1e-9), end


def test_sixteen_lags_are_what_statsmodels_takes_for_a_window_of_256_returns() -> None:
    assert batch(log_prices(random_walk(257), 256, 256), "legacy").lags == 16


def test_the_p_value_goes_no_further_than_the_table() -> None:
    assert p_value(0.0) == p_value(0.347) == 0.10
    assert p_value(0.739) == p_value(10.0) == 0.01
    assert p_value(0.463) == pytest.approx(0.05)
    assert p_value(0.574) == pytest.approx(0.025)


@many_bars
def test_a_level_is_refused_seldom_and_a_random_walk_nearly_always() -> None:
    level = walk(reverting(256 * 400, stays=0.3), window_bars=256)[256::256]
    assert (level["kpss_p_value"] < 0.05).mean() < 0.08
    wandering = walk(random_walk(1_024 * 60), window_bars=1_024)[1_024::1_024]
    assert (wandering["kpss_p_value"] < 0.05).mean() > 0.9


def test_a_price_that_never_moved_has_no_test() -> None:
    row = walk(np.full(200, 60_000.1), window_bars=128)[-1]
    assert math.isnan(row["kpss_statistic"])
    assert math.isnan(row["kpss_p_value"])
