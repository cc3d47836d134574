"""What rolled sums keep of their digits: after jumps, on prices that hardly move, and after a million bars."""

import math

import numpy as np
import pytest

from operators.statistics.dependence import BLANK, LAGS, SERIES, measure
from operators.statistics.past import empty
from tests.operators.statistics.exact_regression import unit_root
from tests.operators.statistics.markets import random_walk, reverting, troubled
from tests.operators.statistics.slow_dependence import SLOW
from tests.operators.statistics.walk import bars_of, log_prices, many_bars, walk

WINDOW, ADF_LAGS, KPSS_LAGS = 256, 1, 16


@pytest.mark.parametrize("lags", [0, 1, 4])
def test_troubled_windows_have_the_unit_root_statistics_of_rational_numbers(lags: int) -> None:
    """Where statsmodels' own are only good to 3e-7."""
    closes = troubled(3_000)
    found = walk(closes, window_bars=WINDOW, adf_lags=lags)
    for end in (700, 1_000, 1_100, 1_502, 1_900, 2_058, 2_111, 2_270, 2_700):
        window = closes[end - WINDOW : end + 1]
        returns = np.log1p(np.diff(window) / window[:-1])
        _, statistic = unit_root(returns, lags)
        assert found[end]["adf_statistic"] == pytest.approx(statistic, rel=1e-9, nan_ok=True), end
        slope, _ = unit_root(returns, 0)
        assert found[end]["reversion_slope"] == pytest.approx(slope, rel=1e-9), end


@many_bars
def test_a_million_bars_later_every_digit_is_there() -> None:
    bars, every = 1_000_000, 10_000
    closes = reverting(bars, stays=0.9, sigma=1e-4)
    rows = bars_of(closes)
    past, lags = empty(1, window_bars=WINDOW, series=SERIES), np.array([(ADF_LAGS, KPSS_LAGS)], LAGS)
    counted = np.empty(every, np.bool_)
    for start in range(0, bars, every):
        out = BLANK.repeat(every)
        measure(past, rows[start : start + every], lags, out, counted)
    for back in (1, 128, 777):
        expected, prices = {}, log_prices(closes, bars - back, WINDOW)
        for slow in SLOW:
            expected |= slow(np.diff(prices), prices, ADF_LAGS, KPSS_LAGS)
        found = {name: out[every - back][name] for name in expected}
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def test_a_window_of_the_same_price_after_a_jump_is_still() -> None:
    closes = np.concatenate([random_walk(300), np.full(400, 90_000.07)])
    row = walk(closes, window_bars=WINDOW)[-1]
    assert all(math.isnan(row[name]) for name in ("adf_statistic", "kpss_statistic", "variance_ratio_2"))
