"""Shape of exponentially weighted returns, from central moments that are merged one value at a time.

    variance = M₂ / W,  skewness = √W M₃ / M₂^1.5,  kurtosis = W M₄ / M₂², 3 for normal values
with W the sum of the weights and M_k = Σ w (x − mean)^k. The merging is that of operators/features/moments.py (Pébay
2008, doi:10.2172/1028931), and loses no digits at a price of 60 000 with a noise of 10⁻³.
"""

import math
from typing import Any

import numpy as np

from operators.kernel import part


@part
def variance_of(m: Any) -> float:
    """Weighted population variance."""
    return float(m["second"] / m["weight"])


@part
def skewness_of(m: Any) -> float:
    """0 for symmetric values; NaN where all are the same."""
    variance = variance_of(m)
    return float(m["third"] / m["weight"] / (variance * math.sqrt(variance))) if variance > 0.0 else np.nan


@part
def kurtosis_of(m: Any) -> float:
    """3 for normal values; NaN where all are the same."""
    variance = variance_of(m)
    return float(m["fourth"] / m["weight"] / (variance * variance)) if variance > 0.0 else np.nan
