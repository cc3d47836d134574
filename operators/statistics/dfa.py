"""Detrended fluctuation analysis: the Hurst exponent from how far the log price strays from a line, in boxes.

For every box of s neighbouring log prices y in the window, s = 4, 8, 16, 32, 64 as far as 4 s ≤ n returns:
    f² = 1/s Σ (y_k − a − b k)², a and b by least squares in the box;  F²(s) = mean of f² over the window's n − s + 2
    boxes, overlapping ones too
dfa_hurst: the H whose expected fluctuations have the slope of ½ log₂ F²(s) (scaling.py). What is expected of fractional
Gaussian noise is exact: E f² = tr(B C_H), B the quadratic form above, C_H the covariance of returns; for H = ½ it is
(s² − 4) / (15 s) of their variance.
dfa_hurst_error: its standard error, (0.52 + 0.47 H) / √n with all five sizes, more with fewer.
Means of boxes are rolled: the newest box comes, the oldest is found again and goes (exact_sum.py).
NaN: a price that never moved, or moved evenly.
Cost: 2 × 119 returns walked twice, whatever the window.

Peng, Buldyrev, Havlin, Simons, Stanley, Goldberger (1994), Phys. Rev. E 49(2), doi:10.1103/PhysRevE.49.1685. Höll,
Kantz (2015), "The relationship between the detrended fluctuation analysis and the autocorrelation function of a
signal", Eur. Phys. J. B 88, doi:10.1140/epjb/e2015-60721-1.
A part of `statistics.dependence`, by operators/statistics/exact.py.
"""

import math
from typing import Any

import numpy as np

from operators.features.central_moments import STILL
from operators.kernel import part
from operators.statistics.exact_sum import add, total
from operators.statistics.scaling import HURSTS, calibrated, expected_slopes, hurst_error, scales_within, slope

COLUMNS = ("dfa_hurst", "dfa_hurst_error")
LEAST, SCALES = 4, 5
ERRORS = np.array([(np.nan, np.nan)] * 3 + [(0.69, 0.43), (0.57, 0.50), (0.52, 0.47)])  # by sizes used
STATE = np.dtype([("sums", np.float64, (SCALES, 2)), ("logs", np.float64, (SCALES,))], align=True)


def expected_fluctuation(hurst: float, prices: int) -> float:
    """E f² of a box of so many prices, returns being fractional Gaussian noise of variance 1."""
    k = np.arange(float(prices))
    apart = np.abs(k[:-1, None] - k[:-1])
    power = 2.0 * hurst
    covariance = 0.5 * ((apart + 1) ** power - 2 * apart**power + np.abs(apart - 1) ** power)
    line = np.stack([np.ones(prices), k - k.mean()])
    line /= np.sqrt((line * line).sum(axis=1, keepdims=True))
    paths = np.tril(np.ones((prices, prices)), -1)[:, :-1]
    strays = paths - line.T @ (line @ paths)
    return float(np.trace(strays @ covariance @ strays.T) / prices)


EXPECTED = expected_slopes(
    [[0.5 * math.log2(expected_fluctuation(h, LEAST << k)) for h in HURSTS] for k in range(SCALES)]
)


@part
def stray(returns: Any, start: int, prices: int) -> float:
    """f² of the box of prices around so many returns less one, the first of them at `start`."""
    centre = 0.5 * (prices - 1.0)
    price, mean, along = 0.0, 0.0, 0.0
    for k in range(1, prices):
        price += returns[start + k - 1]
        mean += price
        along += (k - centre) * price
    mean /= prices
    along /= prices * (prices * prices - 1.0) / 12.0
    price, squares = 0.0, 0.0
    for k in range(prices):
        distance = price - mean - along * (k - centre)
        squares += distance * distance
        if k < prices - 1:
            price += returns[start + k]
    return squares / prices


@part
def begin(s: Any, returns: Any) -> None:
    """The sums of the first window."""
    s["sums"][:] = 0.0
    for k in range(scales_within(LEAST, SCALES, len(returns))):
        box = LEAST << k
        for start in range(len(returns) - box + 2):
            add(s["sums"], k, stray(returns, start, box))


@part
def enter(s: Any, returns: Any) -> None:
    """One bar later."""
    for k in range(scales_within(LEAST, SCALES, len(returns) - 1)):
        box = LEAST << k
        add(s["sums"], k, stray(returns, len(returns) - box + 1, box))
        add(s["sums"], k, -stray(returns, 0, box))


@part
def write(s: Any, returns: Any, out: Any) -> None:
    """Columns of the window."""
    n = len(returns)
    scales = scales_within(LEAST, SCALES, n)
    for k in range(scales):
        squares = total(s["sums"], k) / (n - (LEAST << k) + 2.0)
        if not squares > STILL:
            return
        s["logs"][k] = 0.5 * math.log2(squares)
    hurst = calibrated(slope(s["logs"], scales), EXPECTED[scales])
    out["dfa_hurst"], out["dfa_hurst_error"] = hurst, hurst_error(hurst, ERRORS[scales], n)
