"""The logarithm of a Student-t density with unit variance, and its derivatives.

    log f(u) = Λ(ν) − (ν + 1)/2 · log(1 + u²/(ν − 2)),   Λ(ν) = log Γ((ν+1)/2) − log Γ(ν/2) − ½ log(π(ν − 2))

Its distribution function by Wallace's normal approximation (operators/regimes/normal_score.py), good to 0.002 for ν
above 3.

Γ and ψ by Stirling's series after shifting the argument above 8, accurate to 1e-11, our own so that compiled and
interpreted kernels agree to the bit. Abramowitz, Stegun (1964), 6.1.41 and 6.3.18.
"""

from math import log, log1p, pi

from operators.kernel import part
from operators.regimes.normal_score import share_of, student_score

SHIFT = 8.0


@part
def log_gamma(x: float) -> float:
    """log Γ(x) for x > 0."""
    product = 1.0
    while x < SHIFT:
        product *= x
        x += 1.0
    inverse = 1.0 / x
    square = inverse * inverse
    series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))
    return (x - 0.5) * log(x) - x + 0.5 * log(2.0 * pi) + series - log(product)


@part
def digamma(x: float) -> float:
    """ψ(x), the derivative of log Γ, for x > 0."""
    less = 0.0
    while x < SHIFT:
        less += 1.0 / x
        x += 1.0
    square = 1.0 / (x * x)
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))))
    return log(x) - 0.5 / x - series - less


@part
def constant(freedom: float) -> float:
    """Λ(ν)."""
    return log_gamma(0.5 * (freedom + 1.0)) - log_gamma(0.5 * freedom) - 0.5 * log(pi * (freedom - 2.0))


@part
def constant_slope(freedom: float) -> float:
    """dΛ/dν."""
    return 0.5 * (digamma(0.5 * (freedom + 1.0)) - digamma(0.5 * freedom) - 1.0 / (freedom - 2.0))


@part
def log_density(u: float, freedom: float, offset: float) -> float:
    """log f(u), with offset Λ(ν)."""
    return offset - 0.5 * (freedom + 1.0) * log1p(u * u / (freedom - 2.0))


@part
def freedom_slope(u: float, freedom: float, offset_slope: float) -> float:
    """d log f / dν, with offset_slope dΛ/dν."""
    x = u * u / (freedom - 2.0)
    return offset_slope - 0.5 * log1p(x) + 0.5 * (freedom + 1.0) * x / ((freedom - 2.0) * (1.0 + x))


@part
def pull(u: float, freedom: float) -> float:
    """−d log f / du: how strongly a standardised return draws the mean towards itself."""
    return (freedom + 1.0) * u / (freedom - 2.0 + u * u)


@part
def share_below(u: float, freedom: float) -> float:
    """F(u): share of the distribution below u."""
    return share_of(student_score(u, freedom))
