"""The dependence of returns on their past the slow obvious way: every window anew, from the formulas."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray
from statsmodels.tsa.adfvalues import mackinnonp

from market.schema import TIMEFRAMES
from operators.statistics.dependence import MEASURES
from operators.statistics.kpss import CRITICAL, P_VALUES
from operators.statistics.variance_ratio import HORIZONS
from tests.operators.statistics.slow_exact import exact

Bar = dict[str, Any]
Array = NDArray[np.float64]


def unit_root(returns: Array, prices: Array, lags: int) -> tuple[float, float]:
    """Slope of the price before and its t-statistic; y = X b, by least squares."""
    n = len(returns)
    past = [returns[lags - j : n - j] for j in range(1, lags + 1)]
    x = np.column_stack([prices[lags:-1] - prices.mean(), np.ones(n - lags), *past])
    found, *_ = np.linalg.lstsq(x / np.abs(x).max(0), returns[lags:])
    slope = found[0] / np.abs(x[:, 0]).max()
    left = returns[lags:] - x @ (found / np.abs(x).max(0))
    others, *_ = np.linalg.lstsq(x[:, 1:], x[:, 0])
    own = x[:, 0] - x[:, 1:] @ others
    return slope, slope / math.sqrt(left @ left / (n - 2 * lags - 2) / (own @ own))


def augmented_dickey_fuller(returns: Array, prices: Array, lags: int) -> dict[str, float]:
    _, t = unit_root(returns, prices, lags)
    return {"adf_statistic": t, "adf_p_value": mackinnonp(t)}


def half_life(returns: Array, prices: Array) -> dict[str, float]:
    slope, t = unit_root(returns, prices, 0)
    bars = -math.log(2) / math.log(1 + slope) if -1 < slope < 0 else math.nan
    return {"reversion_slope": slope, "reversion_p_value": mackinnonp(t), "half_life_bars": bars}


def kpss(prices: Array, lags: int) -> dict[str, float]:
    n, e = len(prices), prices - prices.mean()
    variance = e @ e / n
    for j in range(1, lags + 1):
        variance += 2 * (1 - j / (lags + 1)) * (e[j:] @ e[:-j]) / n
    statistic = (np.cumsum(e) ** 2).sum() / n**2 / variance
    return {"kpss_statistic": statistic, "kpss_p_value": float(np.interp(statistic, CRITICAL, P_VALUES))}


def variance_ratios(returns: Array, prices: Array) -> dict[str, float]:
    found, n, mean = {}, len(returns), returns.mean()
    u = (returns - mean) ** 2
    for q in HORIZONS:
        far = prices[q:] - prices[:-q] - q * mean
        ratio = (far @ far) / (q * (n - q + 1) * (1 - q / n)) / (u.sum() / (n - 1))
        theta = sum(4 * (1 - k / q) ** 2 * n * (u[k:] @ u[:-k]) for k in range(1, q)) / u.sum() ** 2
        z = math.sqrt(n / theta) * (ratio - 1)
        found[f"variance_ratio_{q}"], found[f"variance_ratio_z_{q}"] = ratio, z
        found[f"variance_ratio_p_value_{q}"] = 2 * scipy.stats.norm.sf(abs(z))
    return found


# Each takes the window's returns, log prices, and lags of the ADF and KPSS tests.
SLOW: list[Callable[[Array, Array, int, int], dict[str, float]]] = [
    lambda returns, prices, adf_lags, _: augmented_dickey_fuller(returns, prices, adf_lags),
    lambda _, prices, __, kpss_lags: kpss(prices, kpss_lags),
    lambda returns, prices, _, __: half_life(returns, prices),
    lambda returns, prices, _, __: variance_ratios(returns, prices),
]


class SlowDependence:
    """One instrument and timeframe."""

    def __init__(self, timeframe: str, window: int, adf_lags: int, kpss_lags: int) -> None:
        self.seconds, self.window = TIMEFRAMES[timeframe], window
        self.lags = adf_lags, kpss_lags
        self.bars: list[Bar] = []  # with trades, since the last long pause
        self.newest = 0

    def take(self, bar: Bar) -> dict[str, float] | None:
        """The row of a bar; None where it gives none."""
        if bar["revision"] > 0 or bar["close_time"] <= self.newest:
            return None
        self.newest = bar["close_time"]
        if self.bars and (self.newest - self.bars[-1]["close_time"]) / 1e9 > self.window * self.seconds:
            self.bars = []
        if not math.isnan(bar["close"]):
            self.bars.append(bar)
        return self.row()

    def row(self) -> dict[str, float]:
        found = dict.fromkeys(MEASURES, math.nan) | {"returns": max(0, len(self.bars) - 1)}
        if len(self.bars) > self.window:
            close = np.array([bar["close"] for bar in self.bars[-self.window - 1 :]])
            prices = np.log(close / close[0])
            for slow in SLOW:
                found |= slow(np.diff(prices), prices, *self.lags)
            found |= exact(np.diff(np.log([bar["close"] for bar in self.bars])), self.window)
        return found
