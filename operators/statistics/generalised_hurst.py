"""Generalised Hurst exponents: how the moments of a move grow with the bars it takes.

With y the log prices of the window, τ = 1, 2, 4, 8, 16 bars:
    K_q(τ) = mean of |y_{t+τ} − y_t|^q over the window's n − τ + 1 moves, overlapping ones too
    generalised_hurst_q = slope of log₂ K_q(τ) over log₂ τ (scaling.py), divided by q;  q = 1, 2
½ for a random walk, less where moves turn, more where they go on. Where both differ, large moves go on otherwise than
small ones: multifractality, or fat tails (returns of Student's t with 3 degrees raise q = 1 to 0.56). Closes that
bounce between bid and ask lower both.
generalised_hurst_q_error: standard error, (0.40 + 0.65 H) / √n for q = 1, (0.42 + 0.52 H) / √n for q = 2.
Moves of τ bars are sums of returns; means are rolled (exact_sum.py).
NaN: a price that never moved, or not over some τ.
Cost: O(1); 2 × 31 returns.

Di Matteo (2007), "Multi-scaling in finance", Quant. Finance 7(1), doi:10.1080/14697680600969727. Barabási, Vicsek
(1991), "Multifractality of self-affine fractals", Phys. Rev. A 44(4), doi:10.1103/PhysRevA.44.2730.
A part of `statistics.dependence`, by operators/statistics/exact.py.
"""

import math
from typing import Any

import numpy as np

from operators.features.central_moments import STILL
from operators.kernel import part
from operators.statistics.exact_sum import add, total
from operators.statistics.scaling import hurst_error, slope

COLUMNS = (
    *("generalised_hurst_1", "generalised_hurst_1_error"),
    *("generalised_hurst_2", "generalised_hurst_2_error"),
)
SCALES = 5
ERROR_1 = (0.40, 0.65)
ERROR_2 = (0.42, 0.52)
STATE = np.dtype(
    [("sizes", np.float64, (SCALES, 2)), ("squares", np.float64, (SCALES, 2)), ("logs", np.float64, (SCALES,))],
    align=True,
)


@part
def move(s: Any, returns: Any, start: int, scale: int, sign: float) -> None:
    """The move over 2^scale returns from `start` on into the sums, or out of them."""
    distance = 0.0
    for k in range(start, start + (1 << scale)):
        distance += returns[k]
    add(s["sizes"], scale, sign * abs(distance))
    add(s["squares"], scale, sign * (distance * distance))


@part
def begin(s: Any, returns: Any) -> None:
    """The sums of the first window."""
    s["sizes"][:] = 0.0
    s["squares"][:] = 0.0
    for scale in range(SCALES):
        for start in range(len(returns) - (1 << scale) + 1):
            move(s, returns, start, scale, 1.0)


@part
def enter(s: Any, returns: Any) -> None:
    """One bar later."""
    for scale in range(SCALES):
        move(s, returns, len(returns) - (1 << scale), scale, 1.0)
        move(s, returns, 0, scale, -1.0)


@part
def exponent(s: Any, sums: Any, q: float, n: int) -> float:
    """Of moment q, from its sums."""
    for k in range(SCALES):
        s["logs"][k] = math.log2(total(sums, k) / (n - (1 << k) + 1.0))
    return slope(s["logs"], SCALES) / q


@part
def write(s: Any, returns: Any, out: Any) -> None:
    """Columns of the window."""
    n = len(returns)
    for k in range(SCALES):
        if not total(s["squares"], k) > STILL:
            return
    first, second = exponent(s, s["sizes"], 1.0, n), exponent(s, s["squares"], 2.0, n)
    out["generalised_hurst_1"] = first
    out["generalised_hurst_1_error"] = hurst_error(first, ERROR_1, n)
    out["generalised_hurst_2"] = second
    out["generalised_hurst_2_error"] = hurst_error(second, ERROR_2, n)
