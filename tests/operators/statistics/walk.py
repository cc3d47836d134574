"""Closes straight through the kernel of `statistics.dependence`, one bar after another."""

from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from operators.statistics.closed_bars import BARS
from operators.statistics.dependence import BLANK, LAGS, SERIES, measure
from operators.statistics.past import empty

SECOND = 1_000_000_000
many_bars = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too many bars without compiled kernels")


def bars_of(closes: ArrayLike) -> NDArray[np.void]:
    """Bars of a second of instrument 0."""
    close = np.asarray(closes, np.float64)
    bars = np.zeros(len(close), BARS)
    bars["close_time"] = np.arange(1, len(close) + 1) * SECOND
    bars["low"], bars["high"], bars["close"] = close, close, close
    return bars


def walk(closes: ArrayLike, *, window_bars: int, adf_lags: int = 1, kpss_lags: int = 16) -> NDArray[np.void]:
    """A row of measures for every close."""
    bars, lags = bars_of(closes), np.array([(adf_lags, kpss_lags)], LAGS)
    out, counted = BLANK.repeat(len(bars)), np.empty(len(bars), np.bool_)
    measure(empty(1, window_bars=window_bars, series=SERIES), bars, lags, out, counted)
    assert counted.all()
    return out


def log_prices(closes: NDArray[Any], end: int, window_bars: int) -> NDArray[np.float64]:
    """What the row of close `end` is about, over the window's first close, so that batch routines lose no digits."""
    window = closes[end - window_bars : end + 1]
    found: NDArray[np.float64] = np.log1p((window - window[0]) / window[0])
    return found
