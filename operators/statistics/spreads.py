"""Spreads that bars betray without a book: Corwin–Schultz from highs and lows, Roll from the bounce of closes.

Corwin–Schultz, for two bars that follow each other: a high is mostly a buy, a low a sell, and the range of two bars
holds twice the variance of one but the same spread.
    β = ln²(H₁/L₁) + ln²(H₂/L₂),  γ = ln²(max H / min L),  α = (√(2β) − √β) / (3 − 2√2) − √(γ / (3 − 2√2))
    S = 2 (e^α − 1) / (1 + e^α), the proportional spread; 0 where that is below 0
If the second bar lies wholly above the first close, the price jumped between the bars: its high and low are lowered by
the jump (raised, if it lies wholly below). Both rules are the paper's own. A window's value is the mean over its pairs.
The cut at 0 keeps small spreads from being seen: with none at all the mean is 0.44 of a bar's volatility.

Roll: closes bounce between bid and ask, so neighbouring returns are negatively correlated.
    S = 2 √(−cov(r_t, r_{t−1})), over the window's pairs; NaN, not defined, unless the covariance is below 0

Corwin, Schultz (2012), "A simple way to estimate bid-ask spreads from daily high and low prices", J. Finance 67(2),
doi:10.1111/j.1540-6261.2012.01729.x. Roll (1984), J. Finance 39(4), doi:10.1111/j.1540-6261.1984.tb03897.x.
A part of `statistics.describe`.
"""

import math
from typing import Any

import numpy as np

from operators.kernel import part
from operators.statistics.ranges import log_ratio

SCALE = 3.0 - 2.0 * math.sqrt(2.0)


@part
def corwin_schultz(high_before: float, low_before: float, close_before: float, high: float, low: float) -> float:
    """Proportional spread of one pair of bars, at least 0."""
    jump = max(0.0, low - close_before) + min(0.0, high - close_before)
    high, low = high - jump, low - jump
    first, second = log_ratio(high_before, low_before), log_ratio(high, low)
    beta = first * first + second * second
    both = log_ratio(max(high_before, high), min(low_before, low))
    alpha = (math.sqrt(2.0 * beta) - math.sqrt(beta)) / SCALE - both / math.sqrt(SCALE)
    return max(0.0, 2.0 * math.tanh(alpha / 2.0))


@part
def roll(returns: Any, oldest: int) -> float:
    """Proportional spread of a ring of returns whose oldest is at `oldest`."""
    n = len(returns)
    newer, older = 0.0, 0.0
    for k in range(1, n):
        newer += returns[(oldest + k) % n]
        older += returns[(oldest + k - 1) % n]
    newer /= n - 1
    older /= n - 1
    total = 0.0
    for k in range(1, n):
        total += (returns[(oldest + k) % n] - newer) * (returns[(oldest + k - 1) % n] - older)
    covariance = total / (n - 2)
    return 2.0 * math.sqrt(-covariance) if covariance < 0.0 else np.nan
