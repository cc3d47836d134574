"""Rescaled range: the Hurst exponent from how far returns sum away from their mean, in boxes.

For every box of s neighbouring returns in the window, s = 8, 16, 32, 64 as far as 4 s ≤ n:
    R/S = (max_k Σ_{i≤k} (r_i − m) − min_k Σ_{i≤k} (r_i − m)) / σ,  k = 0 … s, m and σ mean and deviation in the box
Q(s) is its mean over the window's n − s + 1 boxes, overlapping ones too, without those in which no two returns differ.
rescaled_range_hurst: the H whose expected slope is that of log₂ Q(s) (scaling.py). R/S of short boxes is far from its
law of s^H: for H = ½ Anis and Lloyd give its mean in closed form,
    E R/S = Γ((s − 1)/2) / (√π Γ(s/2)) Σ_{i<s} √((s − i)/i),
and what they do for ½ the table below does for every H: fractional Gaussian noise, 400 000 boxes each.
rescaled_range_hurst_error: its standard error, (0.57 + 1.02 H) / √n with all four sizes, more with fewer.
Means of boxes are rolled: the newest box comes, the oldest is found again and goes (exact_sum.py).
NaN: no box of some size in which two returns differ.
Cost: 2 × 120 returns walked twice, whatever the window.

Hurst (1951), Trans. Am. Soc. Civ. Eng. 116. Anis, Lloyd (1976), "The expected value of the adjusted rescaled Hurst
range of independent normal summands", Biometrika 63(1), doi:10.1093/biomet/63.1.111.
A part of `statistics.dependence`, by operators/statistics/exact.py.
"""

import math
from typing import Any

import numpy as np

from operators.kernel import part
from operators.statistics.exact_sum import add, total
from operators.statistics.scaling import calibrated, expected_slopes, hurst_error, scales_within, slope

COLUMNS = ("rescaled_range_hurst", "rescaled_range_hurst_error")
LEAST, SCALES = 8, 4
ERRORS = np.array([(np.nan, np.nan)] * 2 + [(0.95, 1.35), (0.68, 1.18), (0.57, 1.02)])  # by sizes used
EVEN = 1e-24  # a variance below this share of the squared mean is rounding
# log₂ E R/S of boxes of 8, 16, 32, 64 returns, H = 0.1 … 0.9.
LOGS = (
    (1.2055, 1.2549, 1.3024, 1.3480, 1.3921, 1.4337, 1.4735, 1.5110, 1.5462),
    (1.5751, 1.6922, 1.8045, 1.9119, 2.0128, 2.1110, 2.2013, 2.2847, 2.3608),
    (1.8672, 2.0601, 2.2466, 2.4268, 2.6006, 2.7644, 2.9180, 3.0586, 3.1848),
    (2.1193, 2.3909, 2.6552, 2.9135, 3.1644, 3.4051, 3.6309, 3.8373, 4.0204),
)
EXPECTED = expected_slopes(LOGS)
STATE = np.dtype(
    [("sums", np.float64, (SCALES, 2)), ("boxes", np.float64, (SCALES,)), ("logs", np.float64, (SCALES,))], align=True
)


@part
def range_in(returns: Any, start: int, box: int) -> float:
    """R/S of the box of returns from `start` on; 0 where they are all the same, which it cannot be elsewhere."""
    mean = 0.0
    for k in range(start, start + box):
        mean += returns[k]
    mean /= box
    path, high, low, squares = 0.0, 0.0, 0.0, 0.0
    for k in range(start, start + box):
        distance = returns[k] - mean
        squares += distance * distance
        path += distance
        high, low = max(high, path), min(low, path)
    variance = squares / box
    return (high - low) / math.sqrt(variance) if variance > EVEN * mean * mean else 0.0


@part
def count(s: Any, scale: int, found: float, sign: float) -> None:
    """One box in or out."""
    if found > 0.0:
        add(s["sums"], scale, sign * found)
        s["boxes"][scale] += sign


@part
def begin(s: Any, returns: Any) -> None:
    """The sums of the first window."""
    s["sums"][:] = 0.0
    s["boxes"][:] = 0.0
    for k in range(scales_within(LEAST, SCALES, len(returns))):
        for start in range(len(returns) - (LEAST << k) + 1):
            count(s, k, range_in(returns, start, LEAST << k), 1.0)


@part
def enter(s: Any, returns: Any) -> None:
    """One bar later."""
    for k in range(scales_within(LEAST, SCALES, len(returns) - 1)):
        box = LEAST << k
        count(s, k, range_in(returns, len(returns) - box, box), 1.0)
        count(s, k, range_in(returns, 0, box), -1.0)


@part
def write(s: Any, returns: Any, out: Any) -> None:
    """Columns of the window."""
    n = len(returns)
    scales = scales_within(LEAST, SCALES, n)
    for k in range(scales):
        if s["boxes"][k] == 0.0:
            return
        s["logs"][k] = math.log2(total(s["sums"], k) / s["boxes"][k])
    hurst = calibrated(slope(s["logs"], scales), EXPECTED[scales])
    out["rescaled_range_hurst"] = hurst
    out["rescaled_range_hurst_error"] = hurst_error(hurst, ERRORS[scales], n)
