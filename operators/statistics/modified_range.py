"""Lo's modified rescaled range: a test of long memory that short memory does not deceive.

    V = (max_k Y_k − min_k Y_k) / (σ_q √n),  Y_k = Σ_{i≤k} (r_i − m), k = 0 … n
    σ_q² = γ_0 + 2 Σ_{j=1}^{q} (1 − j/(q + 1)) γ_j,  γ_j = 1/n Σ (r_t − m)(r_{t−j} − m)
    q = ⌊(3n/2)^{1/3} (2ρ/(1 − ρ²))^{2/3}⌋ for ρ = γ_1/γ_0 (Andrews), at most n/8
Without long memory V is the range of a Brownian bridge, between 0.81 and 1.86 in 95 % of cases:
    P(V ≤ v) = 1 + 2 Σ_{k≥1} (1 − 4 k² v²) e^{−2 k² v²}
Large V: returns go on for long; small V: they come back. modified_range_p_value is of both tails, 2 min(P, 1 − P).
It takes the whole window, so it is found when that is first full and once in n/8 bars from then on (of 256: 32), and
repeated in between. A cautious test: of 512 bars of H = 0.8 it finds a third at 5 %, of 256 an eighth.
NaN: a price that never moved, or moved evenly.
Cost: 8 walks of one bar each, and q more, when spread over bars.

Lo (1991), "Long-term memory in stock market prices", Econometrica 59(5), doi:10.2307/2938368. Andrews (1991),
Econometrica 59(3), doi:10.2307/2938229. Kennedy (1976), Ann. Probab. 4(4), doi:10.1214/aop/1176996036.
A part of `statistics.dependence`, by operators/statistics/exact.py.
"""

import math
from typing import Any

import numpy as np

from operators.features.central_moments import STILL
from operators.kernel import part

COLUMNS = ("modified_range", "modified_range_p_value")
TIMES = 8  # in a window
EVEN = 1e-12  # a variance below this share of the squared mean is rounding
STATE = np.dtype([("bars", np.float64), ("range", np.float64), ("p", np.float64)], align=True)


@part
def bridge_range(v: float) -> float:
    """P(V ≤ v) of a Brownian bridge."""
    if v < 0.1:
        return 0.0
    found = 1.0
    for k in range(1, 80):
        square = k * k * v * v
        if square > 400.0:
            break
        found += 2.0 * (1.0 - 4.0 * square) * math.exp(-2.0 * square)
    return min(1.0, max(0.0, found))


@part
def product(returns: Any, mean: float, lag: int) -> float:
    """γ of a lag."""
    found = 0.0
    for t in range(lag, len(returns)):
        found += (returns[t] - mean) * (returns[t - lag] - mean)
    return found / len(returns)


@part
def andrews(rho: float, n: int) -> int:
    """Lags for returns of this first autocorrelation."""
    short = abs(2.0 * rho / (1.0 - rho * rho))
    return int(min(n // 8, math.pow(1.5 * n, 1.0 / 3.0) * math.pow(short, 2.0 / 3.0)))


@part
def long_variance(returns: Any, mean: float, variance: float) -> float:
    """σ_q², never below 0."""
    lags, found = andrews(product(returns, mean, 1) / variance, len(returns)), variance
    for lag in range(1, lags + 1):
        found += 2.0 * (1.0 - lag / (lags + 1.0)) * product(returns, mean, lag)
    return found


@part
def begin(s: Any, returns: Any) -> None:
    """The test of a window."""
    s["bars"], s["range"], s["p"] = 0.0, np.nan, np.nan
    n, mean = len(returns), 0.0
    for t in range(n):
        mean += returns[t]
    mean /= n
    variance = product(returns, mean, 0)
    if not variance > EVEN * mean * mean + STILL / n:
        return
    path, high, low = 0.0, 0.0, 0.0
    for t in range(n):
        path += returns[t] - mean
        high, low = max(high, path), min(low, path)
    s["range"] = (high - low) / math.sqrt(n * long_variance(returns, mean, variance))
    s["p"] = both_tails(s["range"])


@part
def both_tails(v: float) -> float:
    """Of the range of a Brownian bridge."""
    below = bridge_range(v)
    return 2.0 * min(below, 1.0 - below)


@part
def enter(s: Any, returns: Any) -> None:
    """One bar later."""
    s["bars"] += 1.0
    if s["bars"] >= (len(returns) - 1) // TIMES:
        begin(s, returns[1:])


@part
def write(s: Any, out: Any) -> None:
    """Columns as last found."""
    out["modified_range"], out["modified_range_p_value"] = s["range"], s["p"]
