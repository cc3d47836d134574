"""Lo and MacKinlay's variance ratio: how much further the price goes in q bars than q independent bars would.

    VR(q) = Σ_t (y_t − y_{t−q} − q μ)² / m  over  Σ_t (r_t − μ)² / (n − 1),  m = q (n − q + 1) (1 − q / n),  μ = mean(r)
    z(q) = √n (VR(q) − 1) / √θ,  θ = Σ_{k=1…q−1} 4 (1 − k / q)² n Σ_t u_t u_{t−k} / (Σ_t u_t)²,  u_t = (r_t − μ)²
n returns r of log prices y, q-bar returns overlap, both variances are unbiased, z holds whatever the returns' changing
variances are. For each q of HORIZONS
    variance_ratio_q           above 1: returns go on; below 1: they turn back
    variance_ratio_z_q         z
    variance_ratio_p_value_q   of H₀: no return says anything of the next q − 1; two-sided, by the normal law
Equals arch's VarianceRatio(prices, lags=q, trend="c", debiased=True, robust=True, overlap=True).
NaN: a price that never moved; one that moved once has no z.

How θ rolls: u_t u_{t−k} is a polynomial of μ whose coefficients are sums of r_t² r_{t−k}², r_t r_{t−k} (r_t + r_{t−k}),
r_t r_{t−k} and of both ends of the window. Returns are about the mean of the last count.
Cost: O(largest horizon).

Lo, MacKinlay (1988), "Stock market prices do not follow random walks", Review of Financial Studies 1(1),
doi:10.1093/rfs/1.1.41.
A part of `statistics.dependence`.
"""

import math
from typing import Any

import numpy as np

from operators.kernel import part
from operators.statistics.digits import lost
from operators.statistics.normal import beyond
from operators.statistics.scores import mean

HORIZONS = 2, 5, 10, 20
COLUMNS = tuple(f"variance_ratio{kind}_{q}" for kind in ("", "_z", "_p_value") for q in HORIZONS)
MOST = HORIZONS[-1]
STATE = np.dtype(
    [
        ("drift", np.float64),  # mean log return of the last count; returns below are about it
        ("sum", np.float64),
        ("squares", np.float64),
        ("largest", np.float64),  # squares since the last count, squared: pairs hold fourth powers
        ("far", np.float64, (len(HORIZONS), 2)),  # returns over q bars, and their squares
        ("pairs", np.float64, (MOST, 3)),  # at k: Σ r_t r_{t−k}, Σ r_t r_{t−k} (r_t + r_{t−k}), Σ r_t² r_{t−k}²
        ("weights", np.float64, (MOST,)),  # scratch, at k: Σ u_t u_{t−k}
    ],
    align=True,
)


@part
def add(s: Any, r: float, sign: float) -> None:
    """One return into the sums, or out of them."""
    s["sum"] += sign * r
    s["squares"] += sign * r * r


@part
def add_far(s: Any, h: int, step: float, sign: float) -> None:
    """One return over HORIZONS[h] bars into the sums, or out of them."""
    r = step - HORIZONS[h] * s["drift"]
    s["far"][h, 0] += sign * r
    s["far"][h, 1] += sign * r * r


@part
def add_pair(s: Any, k: int, r: float, other: float, sign: float) -> None:
    """Two returns k bars apart into the sums, or out of them."""
    product = r * other
    s["pairs"][k, 0] += sign * product
    s["pairs"][k, 1] += sign * product * (r + other)
    s["pairs"][k, 2] += sign * product * product


@part
def refresh(s: Any, returns: Any, prices: Any) -> None:
    """The sums of a window."""
    drift = mean(returns)
    s["drift"], s["sum"], s["squares"], s["far"][:], s["pairs"][:] = drift, 0.0, 0.0, 0.0, 0.0
    for t in range(len(returns)):
        add(s, returns[t] - drift, 1.0)
        for k in range(1, min(t + 1, MOST)):
            add_pair(s, k, returns[t] - drift, returns[t - k] - drift, 1.0)
    for h in range(len(HORIZONS)):
        for t in range(HORIZONS[h], len(prices)):
            add_far(s, h, prices[t] - prices[t - HORIZONS[h]], 1.0)
    s["largest"] = s["squares"] * s["squares"]


@part
def enter(s: Any, returns: Any, prices: Any) -> None:
    """One bar later."""
    n, drift = len(returns) - 1, s["drift"]
    come, gone = returns[n] - drift, returns[0] - drift
    add(s, come, 1.0)
    s["largest"] = max(s["largest"], s["squares"] * s["squares"])
    add(s, gone, -1.0)
    about_mean = max(0.0, s["squares"] - s["sum"] * s["sum"] / n)
    if lost(about_mean * about_mean, s["largest"]):
        refresh(s, returns[1:], prices[1:])
        return
    for k in range(1, MOST):
        add_pair(s, k, come, returns[n - k] - drift, 1.0)
        add_pair(s, k, gone, returns[k] - drift, -1.0)
    for h in range(len(HORIZONS)):
        q = HORIZONS[h]
        add_far(s, h, prices[n + 1] - prices[n + 1 - q], 1.0)
        add_far(s, h, prices[q] - prices[0], -1.0)


@part
def weigh(s: Any, returns: Any) -> None:
    """Σ u_t u_{t−k} of every k."""
    n, drift, pairs = len(returns), s["drift"], s["pairs"]
    mu = s["sum"] / n
    both, both_squares = 2.0 * s["sum"], 2.0 * s["squares"]  # of r_t and r_{t−k}, over all pairs
    for k in range(1, MOST):
        first, last = returns[k - 1] - drift, returns[n - k] - drift
        both -= first + last
        both_squares -= first * first + last * last
        found = both_squares + 4.0 * pairs[k, 0] + mu * ((n - k) * mu - 2.0 * both)
        s["weights"][k] = pairs[k, 2] + mu * (mu * found - 2.0 * pairs[k, 1])


@part
def ratio(s: Any, h: int, n: int) -> tuple[float, float, float]:
    """VR, z and p-value, once weighed; the price has moved."""
    q, mu = HORIZONS[h], s["sum"] / n
    about_mean = s["squares"] - mu * s["sum"]
    far = s["far"][h, 1] + q * mu * ((n - q + 1) * q * mu - 2.0 * s["far"][h, 0])
    found = max(0.0, far) / (q * (n - q + 1) * (1.0 - q / n)) / (about_mean / (n - 1))
    theta = 0.0
    for k in range(1, q):
        theta += 4.0 * (1.0 - k / q) ** 2 * s["weights"][k]
    theta *= n / (about_mean * about_mean)
    if theta <= 0.0:
        return found, np.nan, np.nan
    z = math.sqrt(n / theta) * (found - 1.0)
    return found, z, beyond(z)


@part
def write(s: Any, returns: Any, out: Any) -> None:
    """Columns of the window."""
    n = len(returns)
    if s["squares"] - s["sum"] * s["sum"] / n <= 0.0:
        return
    weigh(s, returns)
    out["variance_ratio_2"], out["variance_ratio_z_2"], out["variance_ratio_p_value_2"] = ratio(s, 0, n)
    out["variance_ratio_5"], out["variance_ratio_z_5"], out["variance_ratio_p_value_5"] = ratio(s, 1, n)
    out["variance_ratio_10"], out["variance_ratio_z_10"], out["variance_ratio_p_value_10"] = ratio(s, 2, n)
    out["variance_ratio_20"], out["variance_ratio_z_20"], out["variance_ratio_p_value_20"] = ratio(s, 3, n)
