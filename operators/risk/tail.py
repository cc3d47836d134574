"""Value at risk and expected shortfall of weighted scenarios. Losses are positive, in quote currency.

VaR at level a: the smallest loss l with P(loss ≤ l) ≥ a; no interpolation, so it is a loss that some scenario has.
ES at level a: the mean of the worst share 1 − a of all probability; the scenario at VaR counts with what is left of it,
which makes ES coherent for discrete scenarios too. ES ≥ VaR always.

Fewer scenarios than 1 / (1 − a), by the weight of the heaviest, cannot tell: both are NaN, not ready. A negative number
says that even the bad case gains.

References: Rockafellar, Uryasev (2002), doi:10.1016/S0378-4266(02)00271-6; Acerbi, Tasche (2002),
doi:10.1016/S0378-4266(02)00283-2.
"""

from math import nan
from typing import NamedTuple

import numpy as np

from operators.risk.checked import Floats, checked_level, checked_vector

ROUNDING = 1e-12  # of a probability


class Tail(NamedTuple):
    """The bad end of a distribution of losses, quote currency."""

    var: float
    es: float


NOT_READY = Tail(nan, nan)


def tail(losses: Floats, level: float, weights: Floats | None = None) -> Tail:
    """VaR and ES of scenarios; weights need not sum to 1.

    >>> tail(np.arange(1.0, 101.0), 0.9375)
    Tail(var=94.0, es=97.36)
    """
    losses = checked_vector("losses", losses)
    share = shares(len(losses), weights)
    if not tells(share, level):
        return NOT_READY
    at = var_scenario(losses, level, share)
    mean = float(tail_weights(losses, level, share) @ losses)
    return Tail(float(losses[at]), max(mean, float(losses[at])))


def shares(scenarios: int, weights: Floats | None) -> Floats:
    """Probabilities of the scenarios; raises ValueError for negative weights and for a sum of 0."""
    if weights is None:
        return np.full(scenarios, 1.0 / scenarios)
    given = checked_vector("weights", weights)
    total = float(given.sum())
    if len(given) != scenarios or given.min() < 0 or not total > 0:
        raise ValueError(f"weights must be {scenarios} numbers, none negative, not all 0")
    return np.asarray(given / total, np.float64)


def tells(share: Floats, level: float) -> bool:
    """Whether the heaviest scenario is lighter than the tail itself."""
    return float(share.max()) <= (1.0 - checked_level(level)) * (1.0 + ROUNDING) + ROUNDING


def var_scenario(losses: Floats, level: float, share: Floats) -> int:
    """The scenario whose loss is the VaR; of equal losses the first in time."""
    order = np.argsort(losses, kind="stable")
    reached = np.cumsum(share[order])
    return int(order[min(int(np.searchsorted(reached, level - ROUNDING)), len(order) - 1)])


def tail_weights(losses: Floats, level: float, share: Floats) -> Floats:
    """How much each scenario counts in ES, summing to 1: of the worst, up to 1 − level of probability."""
    order = np.argsort(-losses, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(share[order])[:-1]])
    counted = np.zeros(len(losses))
    counted[order] = np.clip((1.0 - level) - before, 0.0, share[order])
    return np.asarray(counted / counted.sum(), np.float64)
