"""What a row of values looks like in each state: a normal-Wishart belief, read as one regression after another.

    S_k ← λ S_k + p_k v v',    M_k = S_k + SHARED · S / S_00 = L D L'

v = (1, what is given …, features …); p_k is the weight of state k, S goes over all states. L D L' of M_k holds at once
the regression of every value on all before it: e = L⁻¹ v are its errors, and the density of value f, given all before
it and the state, is Student-t around its forecast with

    variance = D_f / n_k · (1 + Σ_{j<f} e_j² / D_j),    n_k = M_00,

so that a value which others have told already tells nothing, and a state seen seldom has a density near that of all
states, since SHARED bars of them are lent to it. Column 0 of axis states is that of all states together.

Murphy (2007), "Conjugate Bayesian analysis of the Gaussian distribution", section 9. A value that is not observed
counts as its forecast, with the variance that this leaves (the E step of Dempster, Laird, Rubin 1977). Cost: D² / 2
multiplications a bar and state to judge, as many to learn, D³ / 6 every REFRESH bars. Memory: 16 D² bytes a state.
"""

from math import log, log1p
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import part

KEEP = 0.5 ** (1.0 / 5000.0)  # λ
SHARED = 60.0  # bars of all states that each state is lent
PRIOR = 20.0  # bars of independent values of variance 1 that all states begin with
REFRESH = 16  # bars from one factor to the next, fewer while the series is young
FREEDOM = 8.0  # of the density; its variance is the one above
LEAST_VARIANCE = 1e-4  # of a regression's error

Float64Array = NDArray[np.float64]


class Moments(NamedTuple):
    """Of N series, 1 + K states, rows of D values."""

    sums: Float64Array  # N by 1 + K by D by D, S: the lower triangle
    factor: Float64Array  # likewise, L below the diagonal and D on it
    bars: NDArray[np.int64]  # N


def empty(states: int, values: int, series: int) -> Moments:
    """Nothing known: in every state all values are independent, with variance 1."""
    sums = np.zeros((series, 1 + states, values, values))
    sums[:, 0] = PRIOR * np.eye(values)
    factor = np.zeros_like(sums)
    factor[:, 0] = PRIOR * np.eye(values)
    factor[:, 1:] = SHARED * np.eye(values)
    return Moments(sums, factor, np.zeros(series, np.int64))


@part
def judge(factor: Any, v: Any, observed: Any, first: int, e: Any, out: Any) -> None:
    """Log densities of the values from `first` on in one state, up to a constant; e: their errors, NaN in v ignored.

    factor: D by D. out: one number a value, 0 where it is not observed.
    """
    size, wider = len(v), 1.0
    for f in range(size):
        forecast = 0.0
        for j in range(f):
            forecast += factor[f, j] * e[j]
        e[f] = v[f] - forecast if observed[f] else 0.0
        if f >= first:
            out[f - first] = 0.0
            if observed[f]:
                variance = factor[f, f] / factor[0, 0] * wider
                out[f - first] = -0.5 * log(variance) - 0.5 * (FREEDOM + 1.0) * log1p(
                    e[f] * e[f] / ((FREEDOM - 2.0) * variance)
                )
        wider += e[f] * e[f] / factor[f, f]


@part
def learn(sums: Any, factor: Any, v: Any, observed: Any, e: Any, filled: Any, weight: float) -> None:
    """Let a row of that weight into one state; e: its errors there. filled: room for D values."""
    size = len(v)
    for f in range(size):
        filled[f] = v[f]
        if not observed[f]:
            filled[f] = 0.0
            for j in range(f):
                filled[f] += factor[f, j] * e[j]
    for f in range(size):
        scaled = weight * filled[f]
        for j in range(f + 1):
            sums[f, j] = KEEP * sums[f, j] + scaled * filled[j]
        if not observed[f]:
            sums[f, f] += weight * factor[f, f] / factor[0, 0]


@part
def refresh(moments: Moments, n: int) -> None:
    """Factors of all states anew, where they are due."""
    bars = moments.bars[n]
    moments.bars[n] = bars + 1
    if bars % min(REFRESH, 1 + bars // 64) == 0:
        lent = SHARED / moments.sums[n, 0, 0, 0]
        for k in range(moments.sums.shape[1]):
            decompose(moments.sums[n, k], moments.sums[n, 0], lent if k > 0 else 0.0, moments.factor[n, k])


@part
def decompose(own: Any, shared: Any, lent: float, factor: Any) -> None:
    """L D L' of own + lent · shared."""
    size = len(own)
    for f in range(size):
        for j in range(f + 1):
            total = own[f, j] + lent * shared[f, j]
            for i in range(j):
                total -= factor[f, i] * factor[i, i] * factor[j, i]
            if j < f:
                factor[f, j] = total / factor[j, j]
            else:
                factor[f, f] = max(total, LEAST_VARIANCE * factor[0, 0]) if f > 0 else total
