"""Runs: whether up and down moves follow each other as coin tosses do (Wald and Wolfowitz).

Of the returns that are not 0, u up and d down, in R runs of one sign, m = u + d:
    E R = 2 u d / m + 1,  var R = 2 u d (2 u d − m) / (m² (m − 1)),  runs_z = (R − E R) / √var R
below 0: moves go on (trend), above 0: they turn (reversion). runs_p_value is of both tails of the normal law. A drift
does no harm: u and d are given. Bars that did not move are passed over: an hour of them is no run of ups.
One run only: its p-value is that of m tosses all alike, 2^{2−m}, and runs_z the z of that p-value, below 0.
NaN: fewer than 2 moves, or 1 up and 1 down.
Cost: O(1), amortised over bars that did not move.

Wald, Wolfowitz (1940), Ann. Math. Stat. 11(2), doi:10.1214/aoms/1177731909. Equal to statsmodels' runstest_1samp of
the moves with cutoff=0 and correction=False.
A part of `statistics.dependence`, by operators/statistics/exact.py.
"""

import math
from typing import Any

import numpy as np

from operators.kernel import part
from operators.statistics.normal import below, beyond

COLUMNS = ("runs_z", "runs_p_value")
STATE = np.dtype([("up", np.float64), ("down", np.float64), ("turns", np.float64)], align=True)


@part
def begin(s: Any, returns: Any) -> None:
    """The counts of the first window."""
    s["up"], s["down"], s["turns"] = 0.0, 0.0, 0.0
    for t in range(len(returns)):
        count(s, returns[t], neighbour(returns, t, -1), 1.0)


@part
def neighbour(returns: Any, t: int, step: int) -> float:
    """The next return before (step −1) or after (+1) t that is not 0; 0 where there is none."""
    t += step
    while 0 <= t < len(returns):
        if returns[t] != 0.0:
            return float(returns[t])
        t += step
    return 0.0


@part
def count(s: Any, move: float, beside: float, sign: float) -> None:
    """One move into the counts, or out of them, beside another that is in them."""
    if move > 0.0:
        s["up"] += sign
    elif move < 0.0:
        s["down"] += sign
    if (move > 0.0 and beside < 0.0) or (move < 0.0 and beside > 0.0):
        s["turns"] += sign


@part
def enter(s: Any, returns: Any) -> None:
    """One bar later."""
    newest = len(returns) - 1
    if returns[newest] != 0.0:
        count(s, returns[newest], neighbour(returns, newest, -1), 1.0)
    if returns[0] != 0.0:
        count(s, returns[0], neighbour(returns, 0, 1), -1.0)


@part
def z_of_tail(log_p: float) -> float:
    """z > 0 whose upper normal tail is e^log_p, for log_p from ln ½ to −708: Newton's steps on the logarithm."""
    z = math.sqrt(max(0.0, -2.0 * log_p - math.log(2.0 * math.pi)))
    for _ in range(12):
        tail = below(-z)
        density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        z += (math.log(tail) - log_p) * tail / density
    return z


@part
def write(s: Any, out: Any) -> None:
    """Columns of the window."""
    up, down, runs = s["up"], s["down"], s["turns"] + 1.0
    moves, pairs = up + down, 2.0 * up * down
    if moves >= 2.0 and runs == 1.0:
        out["runs_z"] = -z_of_tail((1.0 - moves) * math.log(2.0))
        out["runs_p_value"] = math.pow(2.0, 2.0 - moves)
    elif pairs > moves:
        deviation = math.sqrt(pairs * (pairs - moves) / (moves * moves * (moves - 1.0)))
        z = (runs - pairs / moves - 1.0) / deviation
        out["runs_z"], out["runs_p_value"] = z, beyond(z)
