"""Variance ratios: against arch on rolling windows, and on markets whose answer is known."""

import math
from functools import cache

import numpy as np
import pytest
from arch.unitroot import VarianceRatio
from numpy.typing import NDArray

from operators.statistics.variance_ratio import COLUMNS, HORIZONS
from tests.operators.statistics.markets import ends, persistent, random_walk, reverting, troubled
from tests.operators.statistics.walk import log_prices, many_bars, walk

WINDOW = 256
MARKETS = {
    "walk": random_walk(900),
    "reverting": reverting(900, stays=0.7),
    "persistent": persistent(900, stays=0.5),
    "troubled": troubled(2_000),
}


@cache
def walked(name: str) -> NDArray[np.void]:
    return walk(MARKETS[name], window_bars=WINDOW)


@pytest.mark.parametrize("q", HORIZONS)
@pytest.mark.parametrize("name", MARKETS)
def test_variance_ratios_equal_those_of_arch_on_rolling_windows(name: str, q: int) -> None:
    closes, found = MARKETS[name], walked(name)
    for end in ends(len(closes), WINDOW, 31):
        prices = log_prices(closes, end, WINDOW)
        if np.ptp(prices) > 0:
            expected, row = VarianceRatio(prices, lags=q), found[end]
            assert row[f"variance_ratio_{q}"] == pytest.approx(expected.vr, rel=1e-9), end
            assert row[f"variance_ratio_z_{q}"] == pytest.approx(expected.stat, rel=1e-9, abs=1e-9), end
            assert row[f"variance_ratio_p_value_{q}"] == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-9), end


def test_the_p_value_of_a_far_z_is_not_rounded_to_nothing() -> None:
    row = walk(persistent(600, stays=0.95), window_bars=512)[-1]
    assert row["variance_ratio_z_2"] > 8.5
    assert 0.0 < row["variance_ratio_p_value_2"] < 1e-16


@many_bars
def test_independent_returns_are_refused_as_often_as_the_p_value_says_whatever_their_variances() -> None:
    rng = np.random.default_rng(5)
    sizes = np.exp(np.sin(np.arange(512 * 600) / 40.0))
    closes = 100.0 * np.exp(np.cumsum(1e-4 * sizes * rng.normal(size=len(sizes))))
    rows = walk(closes, window_bars=512)[512::512]
    for q in HORIZONS:
        assert rows[f"variance_ratio_{q}"].mean() == pytest.approx(1.0, abs=0.02)
        assert (rows[f"variance_ratio_p_value_{q}"] < 0.05).mean() == pytest.approx(0.05, abs=0.03)


def test_the_ratio_over_two_bars_is_one_more_than_the_autocorrelation() -> None:
    for stays in (-0.3, 0.3):
        row = walk(persistent(1_200, stays=stays), window_bars=1_024)[-1]
        assert row["variance_ratio_2"] == pytest.approx(1.0 + stays, abs=0.1)
        assert row["variance_ratio_z_2"] * stays > 0.0


def test_a_price_that_never_moved_has_no_ratio() -> None:
    row = walk(np.full(200, 60_000.1), window_bars=128)[-1]
    assert all(math.isnan(row[name]) for name in COLUMNS)
