"""Covariance that depends on the regime: moments per state, weighed by its probability, mixed as probable as it is now.

    Σ = Σ_k p_k (S_k + (m_k − m)(m_k − m)ᵀ),   m = Σ_k p_k m_k

S_k and m_k are weighted moments (weighted.py) in which a row counts as much as state k was probable then, and ages only
that state's memory: a crash is remembered through a year of calm. The second part is what not knowing the state adds.
A state that was hardly seen says little: its moments are drawn to those of all rows as if `prior_rows` rows had been
seen there,

    S_k ← (N_k S_k + N₀ S) / (N_k + N₀),  likewise m_k,  N_k = (Σ w)² / Σ w².

Units: return² per row. p: K probabilities, not negative, sum 1; a row whose p is not finite counts for all rows alone.
Missing returns, warm-up and NaN as in weighted.py, of all rows. A mixture: Hamilton (1994), Time Series Analysis, ch.
22. State: 5 (K + 1) n². Cost: K + 1 times that of weighted.py.
A part of `portfolio.propose`.
"""

from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.portfolio import psd, weighted

Matrix = NDArray[np.float64]


class Conditional(NamedTuple):
    """State."""

    prior_rows: float
    pooled: weighted.Moments  # of all rows
    states: tuple[weighted.Moments, ...]  # of each state


def empty(
    n: int, states: int, *, half_life_rows: float = 720.0, warm_up_rows: int = 60, prior_rows: float = 60.0
) -> Conditional:
    """states: at least 1; prior_rows: above 0."""
    if states < 1 or not prior_rows > 0:
        raise ValueError(f"states must be at least 1 and prior_rows above 0, got {states} and {prior_rows}")
    made = [weighted.empty(n, half_life_rows=half_life_rows, warm_up_rows=warm_up_rows) for _ in range(states + 1)]
    return Conditional(prior_rows, made[0], tuple(made[1:]))


def update(state: Conditional, returns: Matrix, probabilities: Sequence[float]) -> None:
    """Take a row of n returns; probabilities: how probable each state was in it."""
    shares = _checked(probabilities, len(state.states))
    weighted.update(state.pooled, returns)
    if shares is not None:
        for moments, share in zip(state.states, shares, strict=True):
            weighted.update(moments, returns, share)


def matrix(state: Conditional, probabilities: Sequence[float]) -> Matrix:
    """n by n as probable as the states are now, positive semi-definite among the ready; NaN elsewhere.

    Where the probabilities are not known, that of all rows.
    """
    shares = _checked(probabilities, len(state.states))
    ready = weighted.ready(state.pooled)
    if shares is None:
        return psd.among(weighted.raw(state.pooled), ready)
    parts = [moments_of(state, number) for number in range(len(state.states))]
    centre = sum((share * mean for share, (mean, _) in zip(shares, parts, strict=True)), np.zeros(len(ready)))
    mixed = np.zeros_like(state.pooled.weight)
    for share, (mean, covariance) in zip(shares, parts, strict=True):
        mixed += share * (covariance + np.outer(mean - centre, mean - centre))
    return psd.among(mixed, ready)


def moments_of(state: Conditional, number: int) -> tuple[Matrix, Matrix]:
    """Mean and covariance of one state, drawn to those of all rows; n, and n by n, NaN where nothing is known."""
    moments, everything = state.states[number], weighted.raw(state.pooled)
    own, seen = weighted.raw(moments), weighted.effective_rows(moments)
    trust = np.where(np.isfinite(own), seen / (seen + state.prior_rows), 0.0)
    covariance = trust * np.where(np.isfinite(own), own, 0.0) + (1.0 - trust) * everything
    alone = np.diagonal(trust)
    mean = alone * np.diagonal(moments.mean) + (1.0 - alone) * np.diagonal(state.pooled.mean)
    return mean, covariance


def _checked(probabilities: Sequence[float], states: int) -> list[float] | None:
    """The probabilities, summing to 1 exactly enough; None where they are not known."""
    if len(probabilities) != states:
        raise ValueError(f"there are {states} states, got {len(probabilities)} probabilities")
    if not all(map(isfinite, probabilities)):
        return None
    total = sum(probabilities)
    if min(probabilities) < 0 or abs(total - 1.0) > 1e-6:
        raise ValueError(f"probabilities must not be negative and sum to 1, got {list(probabilities)}")
    return [share / total for share in probabilities]
