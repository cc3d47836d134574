"""What a change of the portfolio is worth over the horizon, and what it costs; shares of equity.

    gain = μ · (w − c) − ½ γ (wᵀ Σ w − cᵀ Σ c),   cost = Σ half_spread |w − c| + impact |w − c|^(3/2)

c: shares held now, w: wanted, μ and Σ over the horizon, γ aversion to risk. Markowitz (1952),
doi:10.1111/j.1540-6261.1952.tb01525.x. half_spread holds the fees; the 3/2-power part is square-root impact. What is
not finite is worth −∞ and costs ∞: on numbers that are not there nobody trades.
A part of `portfolio.propose`.
"""

from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def gain(current: Vector, wanted: Vector, expected: Vector, covariance: Vector, aversion: float) -> float:
    """What holding `wanted` in place of `current` is worth; covariance n by n.

    >>> gain(np.array([0.5]), np.array([0.0]), np.array([0.0]), np.array([[0.04]]), 2.0)
    0.01
    """
    with np.errstate(all="ignore"):
        risk = float(wanted @ covariance @ wanted - current @ covariance @ current)
        found = float(expected @ (wanted - current)) - 0.5 * aversion * risk
    return found if isfinite(found) else -inf


def cost(current: Vector, wanted: Vector, half_spread: Vector, impact: Vector) -> float:
    """What the trades cost.

    >>> cost(np.array([0.0]), np.array([0.25]), np.array([0.001]), np.array([0.002]))
    0.0005
    """
    with np.errstate(all="ignore"):
        traded = np.abs(wanted - current)
        found = float(half_spread @ traded + impact @ (traded * np.sqrt(traded)))
    return found if isfinite(found) else inf


def reduces(current: Vector, wanted: Vector) -> bool:
    """Whether every position only shrinks, and at least one does."""
    smaller = (np.abs(wanted) <= np.abs(current)) & (np.sign(wanted) * np.sign(current) >= 0)
    return bool(smaller.all() and (np.abs(wanted) < np.abs(current)).any())
