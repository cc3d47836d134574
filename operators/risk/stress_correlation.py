"""Correlation goes to 1: the covariance when diversification fails, still positive semi-definite.

    C(θ) = (1 − θ) C + θ s sᵀ,   Σ(θ) = D C(θ) D,   D the volatilities, θ 0 … 1

s = 1 for all: everything moves alike, which a hedged book may even like. s = sign of what is held: everything moves
against it, no hedge helps, and at θ = 1 the deviation is Σ |n_i| σ_i, the largest there is with these volatilities.
A mean of two positive semi-definite matrices is one, so nothing has to be repaired.
"""

import numpy as np

from operators.risk.checked import Floats, checked_covariance, checked_vector


def towards_one(covariance: Floats, share: float, *, holdings: Floats | None = None) -> Floats:
    """The covariance with correlations moved by `share` of the way to 1, or against the holdings where they are given.

    >>> towards_one(np.array([[4.0, 0.0], [0.0, 1.0]]), 0.5)
    array([[4., 1.],
           [1., 1.]])
    """
    covariance = checked_covariance(covariance)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share must be 0 to 1, got {share}")
    deviations = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if holdings is not None:
        held = checked_vector("holdings", holdings)
        if held.shape != deviations.shape:
            raise ValueError(f"{len(held)} holdings and {len(deviations)} instruments")
        deviations = deviations * np.where(held < 0, -1.0, 1.0)
    return np.asarray((1.0 - share) * covariance + share * np.outer(deviations, deviations), np.float64)


def deviation(covariance: Floats, holdings: Floats) -> float:
    """Standard deviation of a book's profit."""
    return float(np.sqrt(max(float(holdings @ covariance @ holdings), 0.0)))
