"""Tails of a book whose profit has a known mean and standard deviation: normal, and Student t of the same variance.

Normal:  VaR = −m + s z,  ES = −m + s φ(z) / (1 − a),  z the a-quantile.
Student: with scale c = s √((ν − 2) / ν) and q the a-quantile of t_ν,
         VaR = −m + c q,  ES = −m + c f(q) / (1 − a) × (ν + q²) / (ν − 1).

Reference: McNeil, Frey, Embrechts (2015), Quantitative Risk Management, 2.3.4.
"""

from math import exp, isfinite, lgamma, log, log1p, pi, sqrt

from scipy.special import ndtri, stdtrit

from operators.risk.checked import checked_level
from operators.risk.tail import Tail


def normal(mean: float, deviation: float, level: float) -> Tail:
    """Tail of a normal profit.

    >>> var, es = normal(0.0, 100.0, 0.99)
    >>> round(var, 2), round(es, 2)
    (232.63, 266.52)
    """
    _check(mean, deviation)
    z = float(ndtri(checked_level(level)))
    return Tail(-mean + deviation * z, -mean + deviation * normal_density(z) / (1.0 - level))


def student_t(mean: float, deviation: float, degrees: float, level: float) -> Tail:
    """Tail of a Student profit with this standard deviation; degrees of freedom above 2.

    >>> var, es = student_t(0.0, 100.0, 4.0, 0.99)
    >>> round(var, 2), round(es, 2)
    (264.95, 369.15)
    """
    _check(mean, deviation)
    if not (degrees > 2.0 and isfinite(degrees)):
        raise ValueError(f"degrees of freedom must be finite and above 2, got {degrees}")
    q = float(stdtrit(degrees, checked_level(level)))
    scale = deviation * sqrt((degrees - 2.0) / degrees)
    beyond = student_density(q, degrees) / (1.0 - level) * (degrees + q * q) / (degrees - 1.0)
    return Tail(-mean + scale * q, -mean + scale * beyond)


def normal_density(z: float) -> float:
    """Of the standard normal distribution."""
    return exp(-0.5 * z * z) / sqrt(2.0 * pi)


def student_density(x: float, degrees: float) -> float:
    """Of Student's t."""
    constant = lgamma(0.5 * (degrees + 1.0)) - lgamma(0.5 * degrees) - 0.5 * log(degrees * pi)
    return exp(constant - 0.5 * (degrees + 1.0) * log1p(x * x / degrees))


def _check(mean: float, deviation: float) -> None:
    if not (isfinite(mean) and isfinite(deviation) and deviation >= 0):
        raise ValueError(f"mean must be finite and deviation finite and at least 0, got {mean} and {deviation}")
