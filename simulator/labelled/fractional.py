"""Fractional Gaussian noise as a long autoregression."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LAGS = 64


def autoregression(hurst: float, lags: int = LAGS) -> tuple[Floats, float]:
    """Best linear prediction of unit fractional Gaussian noise from its last `lags` values, and the variance left over.

    Durbin and Levinson's recursion on γ(k) = ½ (|k+1|^2H − 2 |k|^2H + |k−1|^2H); B. B. Mandelbrot and J. W. Van Ness,
    SIAM Review 10 (1968), doi 10.1137/1010093. H in (0, 1); 0.5 is white.

    >>> weights, variance = autoregression(0.75, 2)
    >>> weights.round(4).tolist(), round(variance, 4)
    ([0.3652, 0.1184], 0.8168)
    """
    lag_bars = np.arange(lags + 1.0)
    above, at, below = (np.abs(lag_bars + shift) ** (2 * hurst) for shift in (1, 0, -1))
    covariance = 0.5 * (above - 2 * at + below)
    weights, variance = np.zeros(0), 1.0
    for lag in range(1, lags + 1):
        reflection = (covariance[lag] - weights @ covariance[lag - 1 : 0 : -1]) / variance
        weights = np.append(weights - reflection * weights[::-1], reflection)
        variance *= 1 - reflection**2
    return weights, float(variance)
