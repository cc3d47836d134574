"""What is known of the mean and variance of a normal variable: their normal-inverse-gamma distribution.

    variance ~ inverse gamma(α, β),   mean ~ N(m, variance / κ)

The next value then is Student-t with 2α degrees of freedom, centre m and squared scale β (κ + 1) / (α κ). A value x of
weight w makes of it κ + w, m + w (x − m) / (κ + w), α + w / 2, β + w κ (x − m)² / (2 (κ + w)).
Murphy (2007), Conjugate Bayesian analysis of the Gaussian distribution, section 3. A part of change_point.py.
"""

from math import log, log1p, pi
from typing import Any

import numpy as np

from operators.kernel import part

PRIOR_COUNT = 10.0  # κ: the mean lies about a third of a standard deviation from 0
PRIOR_SHAPE = 1.5  # α: the standard deviation is within a factor of two of what it is expected to be
MOMENTS = (("mean", np.float64), ("count", np.float64), ("shape", np.float64), ("spread", np.float64))  # m, κ, α, β


@part
def begin(h: Any, scale: float) -> None:
    """The prior, for a standard deviation expected to be `scale`."""
    h["mean"], h["count"] = 0.0, PRIOR_COUNT
    h["shape"], h["spread"] = PRIOR_SHAPE, PRIOR_SHAPE * scale * scale


@part
def half_step(x: float) -> float:
    """log Γ(x + ½) − log Γ(x) to 1e-12, for x > 0: an asymptotic series from 8 on, the recurrence below."""
    product = 1.0
    while x < 8.0:
        product *= x / (x + 0.5)
        x += 1.0
    y = 1.0 / (x * x)
    series = -1 / 8 + y * (1 / 192 + y * (-1 / 640 + y * (17 / 14336 - y * 31 / 18432)))
    return 0.5 * log(x) + series / x + log(product)


@part
def log_density(h: Any, x: float) -> float:
    """Log of the predictive density of the next value at x."""
    alpha, kappa = h["shape"], h["count"]
    width = 2.0 * h["spread"] * (kappa + 1.0) / kappa  # degrees of freedom times the squared scale
    away = x - h["mean"]
    return float(half_step(alpha) - 0.5 * log(pi * width) - (alpha + 0.5) * log1p(away * away / width))


@part
def learn(h: Any, x: float, w: float) -> None:
    """Let a value of weight 0 … 1 into what is known."""
    kappa, away = h["count"], x - h["mean"]
    h["count"] = kappa + w
    h["mean"] += w * away / (kappa + w)
    h["shape"] += 0.5 * w
    h["spread"] += 0.5 * w * kappa * away * away / (kappa + w)
