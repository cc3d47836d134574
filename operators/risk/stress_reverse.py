"""Reverse stress: the least that must happen for a loss to be reached, and how far from usual that is.

Of all returns r with −n·r = loss and r ≥ −1 (no price below zero) the one of least Mahalanobis distance
d = √(rᵀ Σ⁻¹ r): the most plausible catastrophe. Without the floor it is r = −loss Σ n / (nᵀ Σ n), d = loss / deviation.
Instruments that would fall below −1 are held there and the rest solved again (KKT: r = Σ (μ − λ n), μ ≥ 0 at the floor
only), so a singular Σ does as well. A loss that a book without shorts cannot make, or one without any variance, has no
answer: None.

Along a given scenario it is only a factor: the smallest multiple of it that loses so much (`factor`).
"""

from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from operators.risk.checked import Floats, checked_covariance, checked_vector
from operators.risk.stress import loss as loss_of

FLOOR = -1.0


class Shock(NamedTuple):
    """The most plausible way to a loss."""

    returns: Floats  # simple, by instrument
    distance: float  # Mahalanobis; in standard deviations of the book where no floor binds


def least_shock(covariance: Floats, holdings: Floats, loss: float) -> Shock | None:
    """The returns of least distance that lose so much; covariance of simple returns, holdings signed notional."""
    covariance, holdings = checked_covariance(covariance), checked_vector("holdings", holdings)
    if not 0 < loss < inf or len(holdings) != len(covariance):
        raise ValueError(f"loss must be finite and above 0 and holdings {len(covariance)}, got {loss}, {len(holdings)}")
    floored = np.zeros(len(holdings), np.bool_)
    for _ in range(2 * len(holdings) + 2):
        solved = _solved(covariance, holdings, loss, floored)
        if solved is None:
            return None
        returns, forces, distance = solved
        below = (returns < FLOOR - 1e-12) & ~floored
        pulled = floored & (forces < 0)
        if not below.any() and not pulled.any():
            return Shock(returns, distance)
        floored = (floored | below) if below.any() else (floored & ~pulled)
    return None


def factor(holdings: Floats, moved: Floats, loss: float) -> float:
    """By how much a scenario must be multiplied to lose so much; infinite if it gains, or a price would pass zero."""
    once = loss_of(holdings, moved)
    if not once > 0:
        return inf
    multiple = loss / once
    return multiple if float(np.min(moved)) * multiple >= FLOOR else inf


def _solved(
    covariance: Floats, holdings: Floats, loss: float, floored: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> tuple[Floats, Floats, float] | None:
    """Returns, forces at the floor and distance, with the floored instruments held at −1."""
    pushes = np.column_stack([-holdings, np.eye(len(holdings))[:, floored]])
    wanted = np.concatenate([[loss], np.full(int(floored.sum()), FLOOR)])
    system = pushes.T @ covariance @ pushes
    scale = np.sqrt(np.maximum(np.diag(system), 0.0))
    if not (scale > 0).all():
        return None
    strength = np.linalg.lstsq(system / np.outer(scale, scale), wanted / scale, rcond=1e-12)[0] / scale
    returns = covariance @ pushes @ strength
    if not np.allclose(pushes.T @ returns, wanted, rtol=1e-6, atol=1e-9 * loss):
        return None
    forces = np.zeros(len(holdings))
    forces[floored] = strength[1:]
    return returns, forces, sqrt(max(float(strength @ wanted), 0.0))
