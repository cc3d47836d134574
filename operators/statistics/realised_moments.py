"""Realised moments of the window's returns, and how much of their variance came in jumps.

With n returns r:
    realised_variance = Σ r², of the window, not per bar
    realised_skewness = √n Σ r³ / (Σ r²)^1.5, 0 for symmetric returns
    realised_kurtosis = n Σ r⁴ / (Σ r²)², 3 for normal returns of one volatility
    BV = π/2 · n/(n − 1) · Σ |r_t| |r_{t−1}|, which does not see a single large return
    jump_share = max(0, 1 − BV / Σ r²), 0 … 1
    jump_p_value: upper tail of Barndorff-Nielsen and Shephard's z, standard normal where the price is continuous (its
        formula is in operators/features/jumps.py)
No mean is taken off: over a window it is far below the deviation. Prices in steps that often stand still look like
jumps. Sums are rolled without a trace of what left (exact_sum.py): r⁴ of a crash would cover all that is quiet.
NaN: a price that never moved; jump_p_value also where it never moved twice in a row.
Cost: O(1).

Amaya, Christoffersen, Jacobs, Vasquez (2015), "Does realized skewness predict the cross-section of equity returns?",
J. Financ. Econ. 118(1), doi:10.1016/j.jfineco.2015.02.009. Barndorff-Nielsen, Shephard (2006), J. Financ. Econom.
4(1), doi:10.1093/jjfinec/nbi022. Huang, Tauchen (2005), J. Financ. Econom. 3(4), doi:10.1093/jjfinec/nbi025.
A part of `statistics.dependence`, by operators/statistics/exact.py.
"""

import math
from typing import Any

import numpy as np

from operators.features.central_moments import STILL
from operators.features.jumps import BIPOWER, SPREAD, TRIPOWER
from operators.kernel import part
from operators.statistics.exact_sum import add, total
from operators.statistics.normal import below

COLUMNS = ("realised_variance", "realised_skewness", "realised_kurtosis", "jump_share", "jump_p_value")
SQUARES, CUBES, FOURTHS, PAIRS, TRIPLES = range(5)
STATE = np.dtype([("sums", np.float64, (5, 2))], align=True)


@part
def powers(sums: Any, r: float, sign: float) -> None:
    """One return into the sums of powers, or out of them."""
    square = r * r
    add(sums, SQUARES, sign * square)
    add(sums, CUBES, sign * (square * r))
    add(sums, FOURTHS, sign * (square * square))


@part
def triple(returns: Any, t: int) -> float:
    """(|r_t| |r_{t+1}| |r_{t+2}|)^{4/3}."""
    return math.pow(abs(returns[t] * returns[t + 1] * returns[t + 2]), 4.0 / 3.0)


@part
def begin(s: Any, returns: Any) -> None:
    """The sums of the first window."""
    sums, n = s["sums"], len(returns)
    sums[:] = 0.0
    for t in range(n):
        powers(sums, returns[t], 1.0)
        if t <= n - 2:
            add(sums, PAIRS, abs(returns[t] * returns[t + 1]))
        if t <= n - 3:
            add(sums, TRIPLES, triple(returns, t))


@part
def enter(s: Any, returns: Any) -> None:
    """One bar later."""
    sums, last = s["sums"], len(returns) - 1
    powers(sums, returns[last], 1.0)
    powers(sums, returns[0], -1.0)
    add(sums, PAIRS, abs(returns[last - 1] * returns[last]))
    add(sums, PAIRS, -abs(returns[0] * returns[1]))
    add(sums, TRIPLES, triple(returns, last - 2))
    add(sums, TRIPLES, -triple(returns, 0))


@part
def write(s: Any, returns: Any, out: Any) -> None:
    """Columns of the window."""
    sums, n = s["sums"], len(returns)
    variance = total(sums, SQUARES)
    if not variance > STILL:
        return
    bipower = BIPOWER * n / (n - 1.0) * total(sums, PAIRS)
    out["realised_variance"] = variance
    out["realised_skewness"] = math.sqrt(n) * total(sums, CUBES) / (variance * math.sqrt(variance))
    out["realised_kurtosis"] = n * total(sums, FOURTHS) / (variance * variance)
    out["jump_share"] = max(0.0, 1.0 - bipower / variance)
    if bipower > STILL:
        tripower = n * TRIPOWER * n / (n - 2.0) * total(sums, TRIPLES)
        error = math.sqrt(SPREAD / n * max(1.0, tripower / (bipower * bipower)))
        out["jump_p_value"] = below((bipower / variance - 1.0) / error)
