"""Fractional Gaussian noise of known Hurst exponent, drawn exactly: its covariances are those of the definition.

cov(x_t, x_{t+k}) = ½ (|k + 1|^2H − 2 |k|^2H + |k − 1|^2H). The covariance matrix of n values is the corner of a
circulant one of size 2n, whose roots are found by one Fourier transform and are never negative for this noise.

Davies, Harte (1987), "Tests for Hurst effect", Biometrika 74(1), doi:10.1093/biomet/74.1.95. Hosking (1984), "Modeling
persistence in hydrological time series using fractional differencing", doi:10.1029/WR020i012p01898.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def covariance(hurst: float, lags: int) -> Floats:
    """Of lags 0 … lags − 1."""
    k = np.arange(lags, dtype=np.float64)
    return 0.5 * ((k + 1) ** (2 * hurst) - 2 * k ** (2 * hurst) + np.abs(k - 1) ** (2 * hurst))


def davies_harte(hurst: float, values: int, paths: int, seed: int) -> Floats:
    """Paths by values, of variance 1."""
    wanted = covariance(hurst, values + 1)
    roots = np.fft.fft(np.concatenate([wanted, wanted[-2:0:-1]])).real
    assert roots.min() > -1e-9
    rng = np.random.default_rng(seed)
    shape = (paths, 2 * values)
    noise = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return np.fft.fft(np.sqrt(np.maximum(roots, 0) / (2 * values)) * noise).real[:, :values]


def hosking(hurst: float, values: int, seed: int) -> Floats:
    """One path, each value drawn given all before it (Durbin–Levinson); slow, and of another mind than the above."""
    wanted, rng = covariance(hurst, values), np.random.default_rng(seed)
    path, weights, variance = np.empty(values), np.empty(0), 1.0
    path[0] = rng.normal()
    for n in range(1, values):
        partial = (wanted[n] - weights @ wanted[n - 1 : 0 : -1]) / variance
        weights = np.append(weights - partial * weights[::-1], partial)
        variance *= 1 - partial * partial
        path[n] = weights @ path[n - 1 :: -1] + np.sqrt(variance) * rng.normal()
    return path
