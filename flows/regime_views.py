"""The answer of `regimes_of` taken apart by view: held states as numbers, probabilities as arrays, stays as runs."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from market.regimes import VIEWS

Codes = NDArray[np.int8]  # number of the held state, −1 where it is unknown
Floats = NDArray[np.float64]
NOT_KNOWN = -1


class View(NamedTuple):
    """One view of N bars; K states in the order of their meaning."""

    name: str
    states: tuple[str, ...]
    held: Codes  # N
    probability: Floats  # N by K, NaN during warm-up


class Runs(NamedTuple):
    """Stretches of equal numbers: `code` from `start` up to, not with, `end`."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    code: Codes

    @property
    def length(self) -> NDArray[np.int64]:
        """How many bars each holds."""
        return self.end - self.start


def views_of(answer: pl.DataFrame) -> tuple[View, ...]:
    """The views that the answer has probabilities of."""
    present = {name: states for name, states in VIEWS.items() if f"probability_{states[0]}" in answer.columns}
    return tuple(
        View(
            name,
            states,
            held(answer["regime"], states),
            answer.select(f"probability_{state}" for state in states).to_numpy(),
        )
        for name, states in present.items()
    )


def held(regimes: pl.Series, states: tuple[str, ...]) -> Codes:
    """Which of the states each regime names.

    >>> held(pl.Series(["unknown", "calm/bull/random"]), ("bear", "neutral", "bull")).tolist()
    [-1, 2]
    """
    words = regimes.unique().to_list()
    codes = [next((states.index(part) for part in word.split("/") if part in states), NOT_KNOWN) for word in words]
    return np.ascontiguousarray(regimes.replace_strict(words, codes, return_dtype=pl.Int8).to_numpy())


def runs(codes: Codes) -> Runs:
    """The stretches of equal codes, in their order.

    >>> runs(np.array([-1, 2, 2, 0], np.int8)).length.tolist()
    [1, 2, 1]
    """
    if not len(codes):
        none = np.empty(0, np.int64)
        return Runs(none, none, codes)
    start = np.flatnonzero(np.diff(codes, prepend=codes[0] - 1))
    return Runs(start, np.append(start[1:], len(codes)), codes[start])


def changes(codes: Codes) -> NDArray[np.int64]:
    """Positions at which one known state follows another."""
    found = runs(codes)
    both = (found.code[1:] != NOT_KNOWN) & (found.code[:-1] != NOT_KNOWN)
    return np.asarray(found.start[1:][both])
