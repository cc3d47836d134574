"""The statistics of closed bars the slow obvious way: every bar kept, every value anew from the window alone."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.stats

from market.schema import TIMEFRAMES
from operators.statistics.describe import MEASURES

Bar = dict[str, Any]


class SlowStatistics:
    """One instrument and timeframe."""

    def __init__(self, timeframe: str, window: int, quantiles: int, half_life: float) -> None:
        self.seconds, self.window = TIMEFRAMES[timeframe], window
        self.quantiles, self.half_life = quantiles, half_life
        self.bars: list[Bar] = []  # with trades, since the last long pause
        self.newest = 0

    def take(self, bar: Bar) -> dict[str, float] | None:
        """The row of a bar; None where it gives none."""
        if bar["revision"] > 0 or bar["close_time"] <= self.newest:
            return None
        self.newest = bar["close_time"]
        if self.bars and (self.newest - self.bars[-1]["close_time"]) / 1e9 > self.window * self.seconds:
            self.bars = []
        traded = not math.isnan(bar["close"])
        if traded:
            self.bars.append(bar)
        return self.row(traded)

    def row(self, traded: bool) -> dict[str, float]:
        found = dict.fromkeys(MEASURES, math.nan)
        close = np.array([bar["close"] for bar in self.bars])
        returns = np.diff(np.log(close))
        found["returns"] = len(returns)
        if len(returns) >= self.window:
            found |= self.windowed(returns[-self.window :]) | self.moments(returns)
            if traded:
                volume = np.array([bar["volume"] for bar in self.bars])
                found["close_z_score"] = z_score(close[-self.window :])
                found["volume_z_score"] = z_score(volume[-self.window :])
        if len(returns) >= self.quantiles:
            for name, q in (("05", 0.05), ("50", 0.5), ("95", 0.95)):
                found[f"return_q{name}"] = np.quantile(returns[-self.quantiles :], q)
        if traded and len(returns):
            found["log_return"] = returns[-1]
        return found

    def windowed(self, returns: np.ndarray) -> dict[str, float]:
        n, bars = self.window, self.bars[-self.window - 1 :]
        o, h, l, c = (np.log([bar[name] for bar in bars[1:]]) for name in ("open", "high", "low", "close"))  # noqa: E741
        elapsed = (bars[-1]["close_time"] - bars[0]["close_time"]) / 1e9
        gap = o - np.log([bar["close"] for bar in bars[:-1]])
        k = 0.34 / (1.34 + (n + 1) / (n - 1))
        inside = (h - o) * (h - c) + (l - o) * (l - c)
        yang_zhang = np.var(gap, ddof=1) + k * np.var(c - o, ddof=1) + (1 - k) * inside.mean()
        covariance = np.cov(returns[1:], returns[:-1])[0, 1]
        body = (2 * math.log(2) - 1) * (c - o) ** 2
        return {
            "realised_volatility": math.sqrt((returns**2).sum() / elapsed),
            "parkinson_volatility": math.sqrt(((h - l) ** 2).mean() / (4 * math.log(2)) / self.seconds),
            "garman_klass_volatility": math.sqrt((0.5 * (h - l) ** 2 - body).mean() / self.seconds),
            "rogers_satchell_volatility": math.sqrt(inside.mean() / self.seconds),
            "yang_zhang_volatility": math.sqrt(yang_zhang / (elapsed / n)),
            "corwin_schultz_spread_bps": 1e4 * np.mean([corwin_schultz(*pair) for pair in pairwise(bars)]),
            "roll_spread_bps": 2e4 * math.sqrt(-covariance) if covariance < 0 else math.nan,
        }

    def moments(self, returns: np.ndarray) -> dict[str, float]:
        weights = 0.5 ** (np.arange(len(returns))[::-1] / self.half_life)
        mean = np.average(returns, weights=weights)
        second, third, fourth = (np.average((returns - mean) ** k, weights=weights) for k in (2, 3, 4))
        found = {"return_mean": mean, "return_variance": second}
        return found | {"return_skewness": third / second**1.5, "return_kurtosis": fourth / second**2}


def z_score(values: np.ndarray) -> float:
    """NaN where all values are the same."""
    return float(scipy.stats.zscore(values, ddof=1)[-1]) if np.ptp(values) > 0 else math.nan


def corwin_schultz(first: Bar, second: Bar) -> float:
    """Equations 14 and 18 of the paper, with its adjustment for overnight changes."""
    high, low = second["high"], second["low"]
    if low > first["close"]:
        high, low = high - (low - first["close"]), first["close"]
    elif high < first["close"]:
        high, low = first["close"], low + (first["close"] - high)
    beta = math.log(first["high"] / first["low"]) ** 2 + math.log(high / low) ** 2
    gamma = math.log(max(first["high"], high) / min(first["low"], low)) ** 2
    scale = 3 - 2 * math.sqrt(2)
    alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / scale - math.sqrt(gamma / scale)
    return max(0.0, 2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha)))
