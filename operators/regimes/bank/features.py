"""Features of past returns that a template's mean may follow: each a curve, of which a template reads one place.

AVERAGE     exponential mean of past z over spans 1 … 60 bars, standardised: at span 1, its first place, it is z_{t−1},
            first-order autoregression; beyond, momentum or reversion of it
FRACTIONAL  Σ_j φ_j(H) z_{t−j}, j ≤ 64, over H = 0.10 … 0.95: the best forecast of fractional Gaussian noise; with it
            goes the log standard deviation of what it leaves unforecast (0 for the others)

Between two places of a curve values are interpolated, so that a place can be learned. Cost: 1.5 µs per bar.

Durbin–Levinson recursion: Brockwell, Davis (1991), "Time Series: Theory and Methods", §5.2.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import part

Float64Array = NDArray[np.float64]

MEMORY = 64  # returns kept, order of the fractional forecast
SPANS = np.exp(np.linspace(0.0, np.log(60.0), 12))  # bars
HURSTS = np.arange(0.10, 0.951, 0.05)
LARGEST = 25.0  # a wilder return enters the features with this size


class Curve(NamedTuple):
    """Where a curve stands in the row of features."""

    start: int
    places: int


AVERAGE = Curve(0, len(SPANS))
FRACTIONAL = Curve(len(SPANS), len(HURSTS))
FEATURES = FRACTIONAL.start + FRACTIONAL.places


def fractional_forecast(hurst: float, order: int = MEMORY) -> tuple[Float64Array, float]:
    """Coefficients of the best linear forecast of fractional Gaussian noise from `order` past values, newest first,
    and the variance it leaves, as a share.

    >>> coefficients, left = fractional_forecast(0.5)
    >>> float(abs(coefficients).max()), left
    (0.0, 1.0)
    """
    lag = np.arange(order + 1.0)
    power = 2.0 * hurst
    covariance = 0.5 * (np.abs(lag + 1) ** power - 2 * lag**power + np.abs(lag - 1) ** power)
    coefficients, left = np.zeros(0), 1.0
    for n in range(1, order + 1):
        partial = (covariance[n] - coefficients @ covariance[n - 1 : 0 : -1]) / left
        coefficients = np.append(coefficients - partial * coefficients[::-1], partial)
        left *= 1.0 - partial * partial
    return coefficients, float(left)


def span_place(span: float) -> float:
    """Place of a span on AVERAGE."""
    return float(np.interp(np.log(span), np.log(SPANS), np.arange(len(SPANS))))


def hurst_place(hurst: float) -> float:
    """Place of a Hurst exponent on FRACTIONAL."""
    return float((hurst - HURSTS[0]) / (HURSTS[1] - HURSTS[0]))


_FORECASTS = [fractional_forecast(float(hurst)) for hurst in HURSTS]
COEFFICIENTS = np.ascontiguousarray([coefficients for coefficients, _ in _FORECASTS])
LOG_SD = np.concatenate([np.zeros(FRACTIONAL.start), 0.5 * np.log([left for _, left in _FORECASTS])])
SHARES = 2.0 / (SPANS + 1.0)  # weight of the newest bar in each exponential mean
SPREADS = np.sqrt(SHARES / (2.0 - SHARES))  # its standard deviation for white noise of variance 1


@part
def remember(past: Any, means: Any, bar: int, z: float) -> None:
    """Let the return of bar number `bar` into the ring of MEMORY returns and the exponential means."""
    seen = min(max(z, -LARGEST), LARGEST)
    past[bar % MEMORY] = seen
    for place in range(len(SPANS)):
        means[place] += SHARES[place] * (seen - means[place])


@part
def write(past: Any, means: Any, bar: int, out: Any) -> None:
    """FEATURES values for bar number `bar`, from the bars before it; what is older than the first bar counts as 0."""
    for place in range(len(SPANS)):
        out[AVERAGE.start + place] = means[place] / SPREADS[place]
    for place in range(len(HURSTS)):
        total = 0.0
        for lag in range(1, MEMORY + 1):
            total += COEFFICIENTS[place, lag - 1] * past[(bar - lag) % MEMORY]
        out[FRACTIONAL.start + place] = total
