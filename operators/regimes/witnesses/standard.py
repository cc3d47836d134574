"""Features of a bar made comparable: centred and scaled by their own robust past, behind the return.

    y = (x − m) / s,    m ← m + a · clip(x − m, ± 3 s),    s ← s + a · (√(π/2) · min(|x − m|, 5 s) − s)

with a = max(1 / values seen, 1 − 2^(−1 / HALF_LIFE_BARS)), m and s those before the bar, and |y| at most LARGEST.
Features with a sign are only scaled: m = 0. A row is

    1, √|z|, ±√|z|,   then every feature,

z being the return over its own mean size: what is given, then what is judged given that. A feature is NaN for its first
SETTLE values, while it has not varied, and where it was not observed. NaN return: z = 0. Cost: 0.1 µs per bar.

The features of the bar before are not given: a feature that knows the state well is like itself a bar ago, and what
would be left of it at a change of state is an outlier in every state. That its errors last is met by the tempers of
fusion.py instead.
"""

from math import isfinite, nan, pi, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, part, state_type

HALF_LIFE_BARS = 5000.0
SETTLE = 30
LARGEST = 4.0
GIVEN = 3  # values of a row before the features
NEWEST = 1.0 - 0.5 ** (1.0 / HALF_LIFE_BARS)
GAUSS = sqrt(pi / 2.0)  # standard deviation over mean absolute value of a normal variable

Float64Array = NDArray[np.float64]


class Standard(NamedTuple):
    """State of N series of F features; inner values stay finite."""

    centre: Float64Array  # N by F, m
    scale: Float64Array  # N by F, s; 0 while nothing varied
    seen: NDArray[np.int64]  # N by F, values
    unit: Float64Array  # N, mean size of a return
    returns: NDArray[np.int64]  # N


def empty(features: int, series: int) -> Standard:
    """Nothing seen."""
    each = series, features
    nothing = np.zeros(each), np.zeros(each), np.zeros(each, np.int64)
    return Standard(*nothing, np.zeros(series), np.zeros(series, np.int64))


def width(features: int) -> int:
    """Values of a row."""
    return GIVEN + features


@part
def standardised(state: Any, n: int, f: int, value: float, signed: bool) -> float:
    """y of feature f by what was known before; then the value is known."""
    if not isfinite(value):
        return nan
    seen = state.seen[n, f] + 1
    state.seen[n, f] = seen
    if seen == 1 and not signed:
        state.centre[n, f] = value
    scale, away, weight = state.scale[n, f], value - state.centre[n, f], max(1.0 / seen, NEWEST)
    settled = seen > SETTLE and scale > 0.0
    if not signed:
        state.centre[n, f] += weight * (min(max(away, -3.0 * scale), 3.0 * scale) if settled else away)
    size = min(abs(away), 5.0 * scale) if settled else abs(away)
    state.scale[n, f] = scale + weight * (GAUSS * size - scale)
    return min(max(away / scale, -LARGEST), LARGEST) if settled else nan


@part
def unit_return(state: Any, n: int, value: float) -> float:
    """z, cut to ± LARGEST²; 0 for none and while no return had a size. Then its size is known."""
    if not isfinite(value):
        return 0.0
    unit, largest, size = state.unit[n], LARGEST * LARGEST, GAUSS * abs(value)
    state.returns[n] += 1
    if state.returns[n] > SETTLE and unit > 0.0:
        size = min(size, 5.0 * unit)
    state.unit[n] += max(1.0 / state.returns[n], NEWEST) * (size - unit)
    return min(max(value / unit, -largest), largest) if unit > 0.0 else 0.0


@part
def take(state: Any, signed: Any, n: int, value: float, features: Any, out: Any) -> None:
    """Write a row and let the bar into the past."""
    z = unit_return(state, n, value)
    out[0], out[1] = 1.0, sqrt(abs(z))
    out[2] = out[1] if z >= 0.0 else -out[1]
    for f in range(len(features)):
        out[GIVEN + f] = standardised(state, n, f, features[f], signed[f])


@kernel(state_type(empty(1, 1)), state_type(np.empty(1, np.bool_)), column(int64), column(float64),
        state_type(np.empty((1, 1))), state_type(np.empty((1, 1))), counted=False)  # fmt: skip
def standardise_rows(state: Any, signed: Any, series: Any, returns: Any, features: Any, out: Any) -> None:
    """Row by row, R in all: series (below N), its return, NaN for none, its features (R by F); out: R by `width`.

    signed: of each feature, whether it has a sign.
    """
    for row in range(len(series)):
        take(state, signed, series[row], returns[row], features[row], out[row])
