"""The noise of a bar: Gaussian, Student's t or Laplace, skewed or not, and now and then a jump in its place.

Mean 0 and variance 1 before jumps. Skew after C. Fernández and M. F. J. Steel, "On Bayesian modeling of fat tails and
skewness", Journal of the American Statistical Association 93 (1998), doi 10.1080/01621459.1998.10474117: the positive
half is stretched by γ, the negative one by 1/γ, and the whole is standardised again.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Noise:
    """One law of noise; `draw` and `log_density` are of the same law."""

    degrees_of_freedom: float = math.inf  # of Student's t, above 2; infinite is Gaussian
    laplace: bool = False
    skew: float = 1.0  # γ; below 1 the left tail is the longer one
    jump_share: float = 0.0  # of bars that are jumps, N(0, jump_scale²)
    jump_scale: float = 6.0

    def __post_init__(self) -> None:
        """Refuse what has no variance or no density."""
        if not (self.degrees_of_freedom > 2 and self.skew > 0 and 0 <= self.jump_share < 1 and self.jump_scale > 0):
            raise ValueError(f"degrees of freedom above 2, skew and jump scale above 0, jump share in [0, 1): {self}")

    def draw(self, generator: np.random.Generator, count: int) -> Floats:
        """`count` independent values."""
        body = self._draw_symmetric(generator, count)
        upwards = generator.random(count) < self.skew**2 / (1 + self.skew**2)
        if self.skew != 1:
            mean, deviation = self._skewed_moments()
            size = np.abs(body)
            body = (np.where(upwards, size * self.skew, -size / self.skew) - mean) / deviation
        jumps = self.jump_scale * generator.standard_normal(count)
        return np.where(generator.random(count) < self.jump_share, jumps, body)

    def log_density(self, values: Floats) -> Floats:
        """Natural logarithm of the density at `values`, any shape."""
        x, constant = values, 0.0
        if self.skew != 1:
            mean, deviation = self._skewed_moments()
            y = values * deviation + mean
            x = np.where(y >= 0, y / self.skew, y * self.skew)
            constant = math.log(2 * deviation / (self.skew + 1 / self.skew))
        body = self._log_symmetric(x) + constant
        if self.jump_share == 0:
            return body
        jump = _log_gaussian(values / self.jump_scale) - math.log(self.jump_scale)
        return np.logaddexp(math.log1p(-self.jump_share) + body, math.log(self.jump_share) + jump)

    def _draw_symmetric(self, generator: np.random.Generator, count: int) -> Floats:
        nu = self.degrees_of_freedom
        if self.laplace:
            return generator.laplace(scale=math.sqrt(0.5), size=count)
        if math.isinf(nu):
            return generator.standard_normal(count)
        return generator.standard_t(nu, count) * math.sqrt((nu - 2) / nu)

    def _log_symmetric(self, x: Floats) -> Floats:
        nu = self.degrees_of_freedom
        if self.laplace:
            return np.asarray(-math.sqrt(2) * np.abs(x) - 0.5 * math.log(2))
        if math.isinf(nu):
            return _log_gaussian(x)
        constant = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(math.pi * (nu - 2))
        return np.asarray(constant - (nu + 1) / 2 * np.log1p(x * x / (nu - 2)))

    def _skewed_moments(self) -> tuple[float, float]:
        """Mean and standard deviation of the stretched halves before they are standardised."""
        size = self._mean_size()
        square = self.skew**2 + self.skew**-2
        variance = (1 - size**2) * square + 2 * size**2 - 1
        return size * (self.skew - 1 / self.skew), math.sqrt(variance)

    def _mean_size(self) -> float:
        """E|x| of the symmetric law."""
        nu = self.degrees_of_freedom
        if self.laplace:
            return math.sqrt(0.5)
        if math.isinf(nu):
            return math.sqrt(2 / math.pi)
        gammas = math.exp(math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2))
        return 2 * math.sqrt(nu - 2) / (nu - 1) * gammas / math.sqrt(math.pi)


def _log_gaussian(x: Floats) -> Floats:
    return np.asarray(-0.5 * x * x - 0.5 * math.log(2 * math.pi))
