"""Walk-forward: chosen by what was known, judged by what came after.

The periods are cut into K + 1 stretches of equal length. Fold k chooses the variant with the highest Sharpe ratio over
stretches 1 … k (the first of equals) and judges it on stretch k + 1, without its first `embargo` periods: what is still
held from before, and whatever correlates across the border, does not count. The models learn online and never see what
is later (that is what the look-ahead check tests), so there is nothing to purge from a training set: their training
is the time that passed. All variants run through the whole tape; a fold only reads their returns.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.analysis.returns import Floats, sharpe

LEAST_STRETCH = 10  # periods that must be left to judge by


class Fold(NamedTuple):
    """One choice; periods by number, ends excluded."""

    number: int
    chosen_until: int  # in-sample are the periods before
    judged_from: int
    judged_until: int
    variant: int
    inside: float  # Sharpe ratio of one period, in-sample; NaN where no variant has one
    outside: float


def folds_of(returns: NDArray[np.float64], count: int, embargo: int) -> list[Fold]:
    """The folds of T periods by V variants.

    Raises ValueError where a stretch is too short to judge by.
    """
    edges = [round(len(returns) * part / (count + 1)) for part in range(count + 2)]
    shortest = min((high - low for low, high in pairwise(edges[1:])), default=0) - embargo
    if count < 1 or embargo < 0 or shortest < LEAST_STRETCH:
        raise ValueError(
            f"{count} folds of {len(returns):,} periods leave {max(shortest, 0)} to judge by after an embargo of"
            f" {embargo}; {LEAST_STRETCH} are needed"
        )
    return [_fold(returns, number, edges, embargo) for number in range(1, count + 1)]


def _fold(returns: NDArray[np.float64], number: int, edges: list[int], embargo: int) -> Fold:
    until, end = edges[number], edges[number + 1]
    ratios = np.array([sharpe(column) for column in returns[:until].T])
    variant = int(np.nanargmax(ratios)) if np.isfinite(ratios).any() else 0
    outside = sharpe(returns[until + embargo : end, variant])
    return Fold(number, until, until + embargo, end, variant, float(ratios[variant]), outside)


def joined(returns: NDArray[np.float64], folds: list[Fold]) -> Floats:
    """Returns of what was chosen, out of sample, fold after fold."""
    parts = [returns[fold.judged_from : fold.judged_until, fold.variant] for fold in folds]
    found: NDArray[Any] = np.concatenate(parts) if parts else np.empty(0)
    return found
