"""Hasbrouck's permanent impact: what one unexpected order does to the mid price for good, all answers included.

In order time (operators/impact/intervals.py), with r the change of the mid price and x signed volume, LAGS = p:
    r_t = b₀ x_t + Σ a_i r_{t−i} + Σ b_i x_{t−i} + u_t        x_t = Σ c_i r_{t−i} + Σ d_i x_{t−i} + w_t
by least squares that forgets. hasbrouck_lambda = Σ r over STEPS intervals after w = 1 and nothing else: quote currency
per unit of volume. Unlike `kyle`, an order that more orders follow is counted with what they do.
Warm-up: WARM_UP faded intervals. Hasbrouck (1991), doi:10.1111/j.1540-6261.1991.tb03749.x.
A part of `impact.calibrate`.
"""

from typing import Any

import numpy as np

from operators.impact.least_squares import factor, keep, substitute
from operators.kernel import part

LAGS = 3
PAST = 2 * LAGS
Z = PAST + 2
STEPS = 20
WARM_UP = 32.0

HASBROUCK = np.dtype(
    [
        ("zz", np.float64, (Z, Z)),  # Σ w z zᵀ, z = r_{t−1} … r_{t−p}, x_{t−1} … x_{t−p}, x_t, r_t
        ("count", np.float64),  # intervals, faded
        ("at", np.int64),  # ns, to which these have faded
        ("z", np.float64, (Z,)),  # the past, newest first in both halves; two places for the present
        ("known", np.int64),  # intervals of the past since the last gap, at most LAGS
        ("lambda_", np.float64),  # quote currency per typical order; NaN: not known
    ]
)
SCRATCH = np.dtype([("low", np.float64, (Z, Z)), ("expect_x", np.float64, (Z,)), ("expect_r", np.float64, (Z,))])


@part
def observe(h: Any, x: float, r: float, noise: float, half_life_s: float, time: int) -> None:
    """Learn from one interval, where the LAGS before it are known, and make it the newest of the past."""
    z = h["z"]
    z[PAST], z[PAST + 1] = x, r
    if h["known"] == LAGS and noise > 0.0:
        share = keep(half_life_s, time - h["at"])
        h["at"] = max(time, h["at"])
        h["count"] = share * h["count"] + 1.0
        for i in range(Z):
            for j in range(Z):
                h["zz"][i, j] = share * h["zz"][i, j] + z[i] * z[j] / noise
    push(z, r, x)
    h["known"] = min(h["known"] + 1, LAGS)


@part
def push(z: Any, r: float, x: float) -> None:
    """Make r and x the newest of the past."""
    for k in range(LAGS - 1, 0, -1):
        z[k] = z[k - 1]
        z[LAGS + k] = z[LAGS + k - 1]
    z[0] = r
    z[LAGS] = x


@part
def clear_past(h: Any) -> None:
    """The past before a gap is not the past of what comes after it."""
    h["known"] = 0


@part
def solve(h: Any, scratch: Any, past: Any) -> None:
    """Permanent impact from the sums; `past` is room for Z numbers."""
    low, of_x, of_r = scratch["low"], scratch["expect_x"], scratch["expect_r"]
    if h["count"] < WARM_UP or not factor(h["zz"], low, PAST + 1):
        return
    substitute(low, h["zz"][PAST], of_x, PAST)
    substitute(low, h["zz"][PAST + 1], of_r, PAST + 1)
    for k in range(Z):
        past[k] = 0.0
    x, r = 1.0, of_r[PAST]
    total = r
    for _ in range(STEPS):
        push(past, r, x)
        x, r = 0.0, 0.0
        for k in range(PAST):
            x += of_x[k] * past[k]
            r += of_r[k] * past[k]
        r += of_r[PAST] * x
        total += r
    h["lambda_"] = total
