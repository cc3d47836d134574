"""Exponentially weighted moments to the fourth order, kept about the mean; a part of `features.moments`.

    variance = M_2 / W,  skewness = √W M_3 / M_2^1.5,  kurtosis = W M_4 / M_2², 3 for normal values
with W the sum of the weights and M_k = Σ w (x − m)^k about the mean m. They are merged, never taken as E[x²] − E[x]²:
near 60 000 that would lose every digit of a move of 10⁻³. With W, m, M_2, M_3, M_4 what there is, and a value x of
weight b to come, W′ = W + b, d = x − m:
    M_4 += d⁴ W b (W² − W b + b²) / W′³ + 6 d² b² M_2 / W′² − 4 d b M_3 / W′
    M_3 += d³ W b (W − b) / W′² − 3 d b M_2 / W′;  M_2 += d² W b / W′;  m += d b / W′.
`statistics.describe` keeps those of bars by them too.
Pébay (2008), Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical moments,
doi:10.2172/1028931.
"""

import math
from typing import Any

import numpy as np

from operators.features.seconds import weight_of
from operators.kernel import part

STILL = 1e-24  # a variance of log returns below it is none: rounding, or what has long faded
MOMENTS = np.dtype(
    [
        ("weight", np.float64),  # Σ w
        ("mean", np.float64),
        ("second", np.float64),  # Σ w (x − mean)²
        ("third", np.float64),
        ("fourth", np.float64),
    ]
)


@part
def merge(m: Any, x: float, values: int, decay: float) -> None:
    """Take x so many times; every time, what was there before decays."""
    keep, b = math.pow(decay, float(values)), weight_of(decay, values)
    w, m2, m3 = m["weight"] * keep, m["second"] * keep, m["third"] * keep
    total, d = w + b, x - m["mean"]
    step = d * b / total
    m["fourth"] = (
        m["fourth"] * keep
        + d * step * step * step * w * (w * w - w * b + b * b) / (b * b)
        + 6.0 * step * step * m2
        - 4.0 * step * m3
    )
    m["third"] = m3 + d * step * step * w * (w - b) / b - 3.0 * step * m2
    m["second"] = m2 + d * step * w
    m["mean"] += step
    m["weight"] = total


@part
def variance_of(m: Any) -> float:
    """Weighted population variance."""
    return float(m["second"] / m["weight"])


@part
def skewness_of(m: Any) -> float:
    """0 for symmetric values; NaN where nothing moves."""
    variance = variance_of(m)
    return float(m["third"] / m["weight"] / (variance * math.sqrt(variance))) if variance > STILL else np.nan


@part
def kurtosis_of(m: Any) -> float:
    """3 for normal values; NaN where nothing moves."""
    variance = variance_of(m)
    return float(m["fourth"] / m["weight"] / (variance * variance)) if variance > STILL else np.nan
