"""Reverse stress: the least that must happen for a loss to be reached, and how far from usual that is.

Of all returns r with −n·r = loss and r ≥ −1 (no price below zero) the one of least Mahalanobis distance
d = √(rᵀ Σ⁻¹ r): the most plausible catastrophe. Without the floor it is r = −loss Σ n / (nᵀ Σ n), d = loss / deviation.
Where a price would fall below zero it is a least-distance problem, z with r = F z, Σ = F Fᵀ, of which Lawson and Hanson
make one of non-negative least squares; a singular Σ does as well. A loss that a book without shorts cannot make, or one
without any variance, has no answer: None; nor has one whose search comes to no end, for rounding.

Along a given scenario it is only a factor: the smallest multiple of it that loses so much (`factor`).

Reference: Lawson, Hanson (1974), Solving Least Squares Problems, ch. 23.
"""

from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from operators.risk.checked import Floats, checked_covariance, checked_vector, root
from operators.risk.stress import loss as loss_of

FLOOR = -1.0
ROUNDING = 1e-9  # of what the book would move by if all moved against it; a smaller deviation is none
FARTHEST = 1e5  # distances without the floor; what only lies beyond cannot be


class Shock(NamedTuple):
    """The most plausible way to a loss."""

    returns: Floats  # simple, by instrument
    distance: float  # Mahalanobis; in standard deviations of the book where no floor binds


def least_shock(covariance: Floats, holdings: Floats, loss: float) -> Shock | None:
    """The returns of least distance that lose so much; covariance of simple returns, holdings signed notional."""
    covariance, holdings = checked_covariance(covariance), checked_vector("holdings", holdings)
    if not 0 < loss < inf or len(holdings) != len(covariance):
        raise ValueError(f"loss must be finite and above 0 and holdings {len(covariance)}, got {loss}, {len(holdings)}")
    moved = covariance @ holdings
    variance = float(holdings @ moved)
    most = float(holdings.sum()) if float(holdings.min()) >= 0 else inf
    if loss > most or not variance > (ROUNDING * float(np.abs(holdings) @ np.sqrt(np.diag(covariance)))) ** 2:
        return None
    returns, distance = -loss * moved / variance, loss / sqrt(variance)
    return Shock(returns, distance) if float(returns.min()) >= FLOOR else _floored(covariance, holdings, loss, distance)


def factor(holdings: Floats, moved: Floats, loss: float) -> float:
    """By how much a scenario must be multiplied to lose so much; infinite if it gains, or a price would pass zero."""
    once = loss_of(holdings, moved)
    if not once > 0:
        return inf
    multiple = loss / once
    return multiple if float(np.min(moved)) * multiple >= FLOOR else inf


def _floored(covariance: Floats, holdings: Floats, loss: float, distance: float) -> Shock | None:
    """The least shock with no price below zero; distance: without that floor, which everything is counted in."""
    factor_of = root(covariance) * distance
    pushes = np.vstack([holdings @ factor_of / -loss, factor_of])
    least = np.concatenate([[1.0], np.full(len(holdings), FLOOR)])
    wanted = np.append(np.zeros(len(holdings)), 1.0)
    system = np.vstack([pushes.T, least])
    try:
        missed = system @ nnls(system, wanted)[0] - wanted
    except RuntimeError:  # it turns in circles where parts are very unlike
        return None
    if not -missed[-1] > FARTHEST**-2:
        return None
    steps = missed[:-1] / -missed[-1]
    return Shock(np.asarray(factor_of @ steps, np.float64), distance * float(np.linalg.norm(steps)))
