"""Tests that the first ten autocorrelations of returns are all none: Ljung and Box's, and one for changing volatility.

With ρ_k the autocorrelation of lag k (autocorrelation.py) of n returns:
    ljung_box = n (n + 2) Σ_{k=1}^{10} ρ_k² / (n − k)
    ljung_box_robust: the same with ρ_k² / v_k,  v_k = Σ_{t>k} r_t² r_{t−k}² / (n − k) / (Σ r_t² / n)²
Both are χ² of 10 degrees, their p-values its upper tail; the first where returns are independent, the second wherever
their signs are. Quiet and wild times make neighbouring returns large together: v_k > 1, and ρ_k strays further from 0
with no dependence that could be traded. Of GARCH(0.1, 0.88) the first rejects 23 % at 5 %, the second about 4 %.
Sums of products are rolled (exact_sum.py); v_k takes no mean off, which is far below the deviation.
NaN: as autocorrelation; ljung_box_robust also where some v_k is below 10⁻⁶.
Cost: O(1); 10 products in and out.

Ljung, Box (1978), Biometrika 65(2), doi:10.1093/biomet/65.2.297, equal to statsmodels' acorr_ljungbox. Diebold (1986),
Proc. ASA, Business and Economic Statistics Section. Lobato, Nankervis, Savin (2001), Int. Econ. Rev. 42(1),
doi:10.1111/1468-2354.00106.
A part of `statistics.dependence`, by operators/statistics/exact.py.
"""

from typing import Any

import numpy as np

from operators.kernel import part
from operators.statistics.chi_square import chi_square_tail
from operators.statistics.exact_sum import add, total

LAGS = 10
LEAST_SPREAD = 1e-6  # a v_k below it says that hardly any two bars so far apart both moved
COLUMNS = ("ljung_box", "ljung_box_p_value", "ljung_box_robust", "ljung_box_robust_p_value")
STATE = np.dtype([("sums", np.float64, (LAGS + 1, 2))], align=True)  # of r² r² at lag 1 … LAGS; 0: of r²


@part
def pair(sums: Any, lag: int, one: float, other: float, sign: float) -> None:
    """Two returns, so many bars apart, in or out."""
    product = one * other
    add(sums, lag, sign * (product * product))


@part
def begin(s: Any, returns: Any) -> None:
    """The sums of the first window."""
    s["sums"][:] = 0.0
    for t in range(len(returns)):
        add(s["sums"], 0, returns[t] * returns[t])
        for k in range(1, min(t, LAGS) + 1):
            pair(s["sums"], k, returns[t], returns[t - k], 1.0)


@part
def enter(s: Any, returns: Any) -> None:
    """One bar later."""
    sums, newest = s["sums"], len(returns) - 1
    add(sums, 0, returns[newest] * returns[newest])
    add(sums, 0, -(returns[0] * returns[0]))
    for k in range(1, LAGS + 1):
        pair(sums, k, returns[newest], returns[newest - k], 1.0)
        pair(sums, k, returns[k], returns[0], -1.0)


@part
def write(s: Any, rho: Any, n: int, out: Any) -> None:
    """Columns of the window of n returns; rho: autocorrelations by lag, NaN where they are not defined."""
    plain, robust, square = 0.0, 0.0, total(s["sums"], 0) / n
    for k in range(1, LAGS + 1):
        share = rho[k] * rho[k] / (n - k)
        plain += share
        products = total(s["sums"], k) / (n - k)
        robust += share / products if products > LEAST_SPREAD * square * square else np.nan
    plain *= n * (n + 2.0)
    robust *= n * (n + 2.0) * square * square
    out["ljung_box"], out["ljung_box_p_value"] = plain, chi_square_tail(plain, LAGS)
    out["ljung_box_robust"], out["ljung_box_robust_p_value"] = robust, chi_square_tail(robust, LAGS)
