"""Hurst exponents from how a measure of roughness grows with the scale it is taken at; shared by the parts that do so.

    slope = weighted least squares of log₂(measure of scale n) on log₂ n, n = 2^k, weight 1 / n
A scale's weight is how many boxes of it are apart in the window: the larger, the fewer, the noisier. Short boxes do not
obey the law that long ones do. So the slope is compared with what fractional Gaussian noise of known H has there:
`calibrated` gives the H whose expected slope it is, along straight lines between the H of a table, and beyond them.

Standard errors: hurst_error = (a + b H) / √n, H taken into 0 … 1, measured on fractional Gaussian noise in windows of
64 … 1024 to a fifth; each file has its a and b. Changing volatility widens them: GARCH(0.1, 0.88) by a third for DFA, a
quarter for squared moves.
A part of `statistics.dependence`.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from operators.kernel import part

HURSTS = np.arange(0.1, 0.95, 0.1)  # of the tables


@part
def slope(logs: Any, scales: int) -> float:
    """Of the first so many log₂ measures, each of twice the scale of the one before."""
    weights, middle, mean = 0.0, 0.0, 0.0
    for k in range(scales):
        weight = math.ldexp(1.0, -k)
        weights += weight
        middle += weight * k
        mean += weight * logs[k]
    middle /= weights
    mean /= weights
    along, spread = 0.0, 0.0
    for k in range(scales):
        weight = math.ldexp(1.0, -k) * (k - middle)
        along += weight * (logs[k] - mean)
        spread += weight * (k - middle)
    return float(along / spread)


@part
def calibrated(found: float, expected: Any) -> float:
    """The H at which the slope is expected; expected: slopes at HURSTS, growing."""
    k = 0
    while k < len(expected) - 2 and found > expected[k + 1]:
        k += 1
    share = (found - expected[k]) / (expected[k + 1] - expected[k])
    return float(HURSTS[k] + share * (HURSTS[k + 1] - HURSTS[k]))


@part
def hurst_error(hurst: float, terms: Any, returns: int) -> float:
    """Standard error of one window's estimate; terms: a and b."""
    return float((terms[0] + terms[1] * min(1.0, max(0.0, hurst))) / math.sqrt(returns))


@part
def scales_within(least: int, scales: int, returns: int) -> int:
    """How many of the scales least, 2 least, 4 least … fit four times into the window."""
    fit = 0
    while fit < scales and 4 * least << fit <= returns:
        fit += 1
    return fit


def expected_slopes(logs: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Table of slopes, scales used by HURSTS, from expected log₂ measures, scales by HURSTS; of one scale: NaN."""
    columns = np.array(logs, np.float64).T
    used = range(len(logs) + 1)
    return np.array([[slope(column, k) if k > 1 else np.nan for column in columns] for k in used])
