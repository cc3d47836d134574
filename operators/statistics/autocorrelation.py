"""Autocorrelation of returns, partial too, and the band of what is none. What tests make of it: portmanteau.py.

With n returns of mean m:
    γ_k = Σ_{t>k} (r_t − m)(r_{t−k} − m),  autocorrelation_k = ρ_k = γ_k / γ_0
    partial_autocorrelation_k: of what the returns between do not explain, by Durbin and Levinson's recursion on ρ;
        of lag 1 it is autocorrelation_1
    autocorrelation_band = 1.96 / √n: 95 % of either, of any lag, lie within ± it where returns are independent
Sums of products are rolled (exact_sum.py), the mean is taken off when they are read.
NaN: a price that never moved, or moved so evenly that its returns' deviation is not a thousandth of their mean.
Cost: O(1); 11 products in and out and 50 steps of the recursion.

Durbin (1960), "The fitting of time-series models", Rev. Int. Stat. Inst. 28(3), doi:10.2307/1401322. Equal to
statsmodels' acf and pacf(method="ldb").
A part of `statistics.dependence`, by operators/statistics/exact.py.
"""

import math
from typing import Any

import numpy as np

from operators.features.central_moments import STILL
from operators.kernel import part
from operators.statistics.exact_sum import add, total
from operators.statistics.portmanteau import LAGS

SHOWN = 5
NORMAL_95 = 1.959963984540054
EVEN = 1e-6  # a variance below this share of the mean square is rounding
COLUMNS = (
    *(f"autocorrelation_{k}" for k in range(1, SHOWN + 1)),
    *(f"partial_autocorrelation_{k}" for k in range(2, SHOWN + 1)),
    "autocorrelation_band",
)
STATE = np.dtype(
    [
        ("sums", np.float64, (LAGS + 2, 2)),  # of products at lag 0 … LAGS, then of returns
        ("rho", np.float64, (LAGS + 1,)),  # as last written: what portmanteau reads
        ("phi", np.float64, (SHOWN + 1,)),  # room for `write`
        ("before", np.float64, (SHOWN + 1,)),
    ],
    align=True,
)


@part
def begin(s: Any, returns: Any) -> None:
    """The sums of the first window."""
    s["sums"][:] = 0.0
    for t in range(len(returns)):
        add(s["sums"], LAGS + 1, returns[t])
        for k in range(min(t, LAGS) + 1):
            add(s["sums"], k, returns[t] * returns[t - k])


@part
def enter(s: Any, returns: Any) -> None:
    """One bar later."""
    sums, newest = s["sums"], len(returns) - 1
    add(sums, LAGS + 1, returns[newest])
    add(sums, LAGS + 1, -returns[0])
    for k in range(LAGS + 1):
        add(sums, k, returns[newest] * returns[newest - k])
        add(sums, k, -(returns[k] * returns[0]))


@part
def correlate(s: Any, returns: Any) -> bool:
    """Fill rho; False, and NaN in it, where it is not defined."""
    sums, rho, n = s["sums"], s["rho"], len(returns)
    all_returns, first, last = total(sums, LAGS + 1), 0.0, 0.0
    mean = all_returns / n
    variance = total(sums, 0) - mean * all_returns
    if not variance > EVEN * total(sums, 0) + STILL:
        rho[:] = np.nan
        return False
    rho[0] = 1.0
    for k in range(1, LAGS + 1):
        first += returns[k - 1]
        last += returns[n - k]
        rho[k] = (total(sums, k) - mean * (2.0 * all_returns - first - last) + (n - k) * mean * mean) / variance
    return True


@part
def extend(rho: Any, phi: Any, before: Any, k: int) -> None:
    """One step of Durbin and Levinson: phi of k − 1 lags becomes that of k, whose last is the partial one."""
    rest, unexplained = rho[k], 1.0
    for j in range(1, k):
        before[j] = phi[j]
        rest -= phi[j] * rho[k - j]
        unexplained -= phi[j] * rho[j]
    phi[k] = rest / unexplained
    for j in range(1, k):
        phi[j] = before[j] - phi[k] * before[k - j]


@part
def write(s: Any, returns: Any, out: Any) -> None:
    """Columns of the window."""
    out["autocorrelation_band"] = NORMAL_95 / math.sqrt(len(returns))
    if not correlate(s, returns):
        return
    rho, phi = s["rho"], s["phi"]
    for k in range(1, SHOWN + 1):
        extend(rho, phi, s["before"], k)
        show(out, k, rho[k], phi[k])


@part
def show(out: Any, k: int, rho: float, phi: float) -> None:
    """The columns of lag k: fields of a struct are named, not counted."""
    if k == 1:
        out["autocorrelation_1"] = rho
    elif k == 2:
        out["autocorrelation_2"], out["partial_autocorrelation_2"] = rho, phi
    elif k == 3:
        out["autocorrelation_3"], out["partial_autocorrelation_3"] = rho, phi
    elif k == 4:
        out["autocorrelation_4"], out["partial_autocorrelation_4"] = rho, phi
    else:
        out["autocorrelation_5"], out["partial_autocorrelation_5"] = rho, phi
