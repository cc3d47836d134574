"""Simulated returns of all instruments together: normal, Student t, and a t copula under the instruments' own margins.

- normal:  x = Z Rᵀ, R a root of the covariance;
- student: x = Z Rᵀ √((ν − 2) / χ²_ν), one χ² per path: what is extreme is extreme together, the covariance is kept;
- copula:  student with the correlation, then every column's ranks take the values of that instrument's own returns.
  Beyond the worst and best return known, the tail goes on in proportion to the t's.

There is no luck in it: the seed comes from the numbers of the problem (`seed_of`), so a replay draws the same paths.

Cost: 10 000 paths of 100 instruments 0.05 s normal, 0.06 s student, 0.2 s copula.
References: McNeil, Frey, Embrechts (2015), Quantitative Risk Management, 6.2 and 7.3.
"""

import hashlib

import numpy as np
from scipy.special import stdtrit

from operators.risk.checked import Floats, checked_matrix, root

MOST_DRAWS = 50_000_000  # paths × instruments


def seed_of(*arrays: Floats) -> int:
    """A seed that is a function of the numbers alone."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(np.ascontiguousarray(array, np.float64).tobytes())
    return int.from_bytes(digest.digest(), "little")


def normal_paths(covariance: Floats, paths: int, seed: int) -> Floats:
    """Paths by instruments."""
    factor = root(covariance)
    return np.asarray(_draws(seed).standard_normal(_size(paths, len(factor))) @ factor.T, np.float64)


def student_paths(covariance: Floats, degrees: float, paths: int, seed: int) -> Floats:
    """Paths by instruments, of this covariance; degrees of freedom above 2."""
    if not 2.0 < degrees < np.inf:
        raise ValueError(f"degrees of freedom must be finite and above 2, got {degrees}")
    factor, draws = root(covariance), _draws(seed)
    normal = draws.standard_normal(_size(paths, len(factor))) @ factor.T
    return np.asarray(normal * np.sqrt((degrees - 2.0) / draws.chisquare(degrees, paths))[:, None], np.float64)


def copula_paths(returns: Floats, correlation: Floats, degrees: float, paths: int, seed: int) -> Floats:
    """Paths by instruments with the margins of `returns` (rows by instruments, at least two) and a t copula."""
    returns = checked_matrix("returns", returns, len(correlation))
    if len(returns) < 2:
        raise ValueError("margins need at least two returns")
    diagonal = np.diag(correlation)
    if not np.allclose(diagonal, 1.0):
        raise ValueError(f"a correlation has ones on its diagonal, got {diagonal.min()} to {diagonal.max()}")
    drawn = student_paths(correlation, degrees, paths, seed) / np.sqrt((degrees - 2.0) / degrees)
    ranks = stdtrit(degrees, (np.arange(len(returns)) + 0.5) / len(returns))
    found = np.empty_like(drawn)
    for column, margin in enumerate(np.sort(returns, axis=0).T):
        found[:, column] = np.interp(drawn[:, column], ranks, margin)
    outward = np.maximum(np.abs(drawn) / ranks[-1], 1.0)
    return np.asarray(found * outward, np.float64)


def _draws(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _size(paths: int, instruments: int) -> tuple[int, int]:
    if not 1 <= paths * instruments <= MOST_DRAWS:
        raise ValueError(f"paths × instruments must be 1 to {MOST_DRAWS}, got {paths} × {instruments}")
    return paths, instruments
