"""Positive semi-definite matrices: repair of covariances whose entries were estimated pair by pair.

Work is done on the correlations, so that scales do not matter: variances are kept to the bit, eigenvalues of the
correlation matrix are at least FLOOR / n. So a Cholesky factor exists wherever no variance is 0. A matrix that is
already so is returned as it came.

`nearest` clips eigenvalues and scales the diagonal back to 1 (Rebonato, Jäckel 1999, "spectral decomposition"): one
eigenvalue problem, O(n³). `higham` finds the nearest correlation matrix in the Frobenius norm by alternating
projections with Dykstra's correction: Higham (2002), doi:10.1093/imanum/22.3.329; some 10 to 100 eigenvalue problems.

n by n, any unit. An instrument with variance 0 moves with nothing: its row is 0. Cost: n = 100 about 2 ms.
A part of `portfolio.propose`.
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
FLOOR = 1e-8  # smallest eigenvalue of a repaired correlation matrix, before its diagonal is scaled back
ITERATIONS = 200  # of `higham`, at most
CLOSE = 1e-10  # change of a step of `higham`, relative, at which it ends


def nearest(covariance: Matrix) -> Matrix:
    """The matrix if it is positive semi-definite, else one near it with the same diagonal; symmetric.

    Raises ValueError for a matrix that is not square, not finite, not symmetric or has a negative variance.

    >>> nearest(np.array([[4.0, 9.0], [9.0, 9.0]])).round(3)
    array([[4., 6.],
           [6., 9.]])
    """
    scales, correlation, whole = _standardised(covariance)
    if not len(scales):
        return np.zeros_like(covariance)
    values, vectors = np.linalg.eigh(correlation)
    if values[0] >= FLOOR / len(correlation) and whole.all():
        return covariance.copy()
    return _rescaled(covariance, scales, _clipped(values, vectors), whole)


def higham(covariance: Matrix) -> Matrix:
    """Like `nearest`, but the nearest there is, for who can wait.

    >>> higham(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])).round(4)[0]
    array([1.    , 0.7607, 0.1573])
    """
    scales, correlation, whole = _standardised(covariance)
    if not len(scales):
        return np.zeros_like(covariance)
    if whole.all() and np.linalg.eigvalsh(correlation)[0] >= FLOOR / len(correlation):
        return covariance.copy()
    found, correction = correlation, np.zeros_like(correlation)
    for _ in range(ITERATIONS):
        values, vectors = np.linalg.eigh(found - correction)
        projected = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = projected - (found - correction)
        before, found = found, (projected + projected.T) / 2.0
        np.fill_diagonal(found, 1.0)
        if np.linalg.norm(found - before) <= CLOSE * np.linalg.norm(found):
            break
    values, vectors = np.linalg.eigh(found)
    return _rescaled(covariance, scales, _clipped(values, vectors), whole)


def correlation_of(covariance: Matrix) -> Matrix:
    """Correlations within −1 … 1, diagonal 1; 0 where a variance is 0; NaN where the covariance is."""
    scales = np.sqrt(np.diagonal(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = covariance / scales[:, None] / scales[None, :]
    found = np.where((scales[:, None] > 0) & (scales[None, :] > 0), found, np.where(np.isnan(covariance), np.nan, 0.0))
    found = np.clip((found + found.T) / 2.0, -1.0, 1.0)
    np.fill_diagonal(found, np.where(np.isnan(scales), np.nan, 1.0))
    return found


def among(covariance: Matrix, chosen: NDArray[np.bool_]) -> Matrix:
    """The matrix repaired among the chosen instruments; NaN in the rows and columns of all others."""
    found = np.full(covariance.shape, np.nan)
    places = np.ix_(chosen, chosen)
    found[places] = nearest(covariance[places])
    return found


def together(enough: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Instruments of which every pair is known, chosen greedily, those with the most known pairs first.

    enough: n by n, symmetric, whether a pair was seen together often enough.
    """
    alone = np.diagonal(enough)
    if enough[np.ix_(alone, alone)].all():
        return alone.copy()
    chosen = np.zeros(len(enough), np.bool_)
    for place in np.argsort(-enough.sum(axis=1), kind="stable"):
        chosen[place] = enough[place, place] and enough[place, chosen].all()
    return chosen


def _standardised(covariance: Matrix) -> tuple[Matrix, Matrix, NDArray[np.bool_]]:
    """Standard deviations above 0, the correlations between them, and which they are."""
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
        raise ValueError(f"a covariance must be n by n, got {covariance.shape}")
    if not np.isfinite(covariance).all():
        raise ValueError("a covariance must be finite")
    variances = np.diagonal(covariance)
    if (variances < 0).any():
        raise ValueError(f"a variance must be at least 0, got {variances.min()}")
    if not (covariance == covariance.T).all():
        raise ValueError("a covariance must be symmetric")
    whole = variances > 0
    scales = np.sqrt(variances[whole])
    correlation = covariance[np.ix_(whole, whole)] / scales[:, None] / scales[None, :]
    correlation = np.clip((correlation + correlation.T) / 2.0, -2.0, 2.0)
    np.fill_diagonal(correlation, 1.0)
    return scales, correlation, whole


def _clipped(values: Matrix, vectors: Matrix) -> Matrix:
    """A correlation matrix of eigenvectors whose values are at least FLOOR."""
    found = (vectors * np.maximum(values, FLOOR)) @ vectors.T
    sizes = np.sqrt(np.diagonal(found))
    return np.asarray(found / sizes[:, None] / sizes[None, :])


def _rescaled(covariance: Matrix, scales: Matrix, correlation: Matrix, whole: NDArray[np.bool_]) -> Matrix:
    """Covariances of repaired correlations; the diagonal of the original, zeros where it has zeros."""
    scaled = correlation * scales[:, None] * scales[None, :]
    found = np.zeros_like(covariance)
    found[np.ix_(whole, whole)] = (scaled + scaled.T) / 2.0
    np.fill_diagonal(found, np.diagonal(covariance))
    return found
