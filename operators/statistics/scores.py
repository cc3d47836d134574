"""Means, variances and z-scores over a window: how far the newest value lies from the window's mean, in deviations.

    z = (x_n − mean(x)) / √var(x),  var divides by n − 1, the newest value is in the window

Differences to one value of the window are summed, never the values or their squares: a noise of 10⁻³ at a price of
60 000 keeps its digits. Cost: n steps. NaN: the values are all the same.
A part of `statistics.describe`.
"""

import math
from typing import Any

import numpy as np

from operators.kernel import part


@part
def mean_offset(values: Any, base: float) -> float:
    """mean(values) − base."""
    total = 0.0
    for k in range(len(values)):
        total += values[k] - base
    return float(total / len(values))


@part
def mean(values: Any) -> float:
    """Mean of a window."""
    return float(values[0]) + mean_offset(values, values[0])


@part
def spread_about(values: Any, base: float, offset: float) -> float:
    """Variance of values whose mean is base + offset."""
    total = 0.0
    for k in range(len(values)):
        distance = values[k] - base - offset
        total += distance * distance
    return total / (len(values) - 1)


@part
def variance(values: Any) -> float:
    """Sample variance of a window."""
    return spread_about(values, values[0], mean_offset(values, values[0]))


@part
def z_score(values: Any, newest: float) -> float:
    """Of the newest value of a window."""
    offset = mean_offset(values, newest)
    found = spread_about(values, newest, offset)
    return -offset / math.sqrt(found) if found > 0.0 else np.nan
