"""What every measure of risk asks of its arrays, said once, with the numbers in the message."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_LEVEL = 0.5


def checked_level(level: float) -> float:
    """A confidence level such as 0.99; raises ValueError outside (0.5, 1)."""
    if not LEAST_LEVEL < level < 1.0:
        raise ValueError(f"level must be above {LEAST_LEVEL} and below 1, got {level}")
    return level


def checked_vector(name: str, values: Floats) -> Floats:
    """Finite numbers in one dimension, at least one; raises ValueError."""
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or not len(array):
        raise ValueError(f"{name} must be one row of numbers, got shape {array.shape}")
    return _finite(name, array)


def checked_matrix(name: str, values: Floats, columns: int | None = None) -> Floats:
    """Finite numbers, rows by `columns`, at least one of each; raises ValueError."""
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} must be rows by columns, got shape {array.shape}")
    if columns is not None and array.shape[1] != columns:
        raise ValueError(f"{name} must have {columns} columns, got {array.shape[1]}")
    return _finite(name, array)


def checked_covariance(covariance: Floats) -> Floats:
    """A square, finite, symmetric matrix; whether it is positive semi-definite is asked by `root`."""
    array = checked_matrix("covariance", covariance)
    if array.shape[0] != array.shape[1]:
        raise ValueError(f"covariance must be square, got shape {array.shape}")
    if not np.allclose(array, array.T, rtol=1e-9, atol=1e-12 * float(np.abs(array).max())):
        raise ValueError("covariance must be symmetric")
    return array


def root(covariance: Floats, *, tolerance: float = 1e-8) -> Floats:
    """A matrix whose product with its own transpose is the covariance, singular ones included.

    Raises ValueError where an eigenvalue is below −tolerance × the largest: that is not rounding.
    """
    values, vectors = np.linalg.eigh(checked_covariance(covariance))
    if values[0] < -tolerance * max(values[-1], 0.0):
        raise ValueError(f"covariance is not positive semi-definite: eigenvalues {values[0]:.3g} to {values[-1]:.3g}")
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), np.float64)


def _finite(name: str, array: Floats) -> Floats:
    bad = array.size - int(np.isfinite(array).sum())
    if bad:
        raise ValueError(f"{bad} of {array.size} numbers in {name} are not finite")
    return array
