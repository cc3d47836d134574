"""The unit-root regression in rational numbers: no rounding but that of the returns it is given."""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


def unit_root(returns: NDArray[np.float64], lags: int) -> tuple[float, float]:
    """Slope of the log price before, and its t-statistic; NaN where the regressors do not differ."""
    moments = _moments([Fraction(float(value)) for value in returns], lags)
    size = len(moments)
    for pivot in range(size - 2):
        if moments[pivot][pivot] == 0:
            return math.nan, math.nan
        for i in range(pivot + 1, size):
            share = moments[i][pivot] / moments[pivot][pivot]
            moments[i] = [value - share * other for value, other in zip(moments[i], moments[pivot], strict=True)]
    (own, both), (_, squares) = moments[-2][-2:], moments[-1][-2:]
    if own == 0:
        return math.nan, math.nan
    left = (squares - both * both / own) / (len(returns) - 2 * lags - 2)
    return float(both / own), math.copysign(math.sqrt(both * both / own / left), both)


def _moments(returns: list[Fraction], lags: int) -> list[list[Fraction]]:
    """Products of (1, lagged returns, price before, return), summed over the rows."""
    prices = [Fraction(0)]
    for value in returns:
        prices.append(prices[-1] + value)
    rows = [
        [Fraction(1), *returns[k - lags : k], prices[k], returns[k]] for k in range(lags, len(returns))
    ]  # the order of the lags does not matter
    size = range(lags + 3)
    return [[sum((row[i] * row[j] for row in rows), Fraction(0)) for j in size] for i in size]
