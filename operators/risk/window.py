"""The newest returns of many instruments, with the regime in which each row happened: what risk is measured on.

Rows come in order of time, as log returns of one step with NaN where an instrument has none (operators/portfolio/
returns.py); they are kept as simple returns. Bounded: `rows` rows, `most` instruments (more are not taken) and
MOST_REGIMES names of regimes (further ones share the last number). Cost: 0.2 µs per instrument for a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from operators.risk.checked import Floats, Integers

MOST_REGIMES = 64
OTHER = "other"


@dataclass
class ReturnWindow:
    """State: a ring of rows."""

    rows: int
    most: int
    returns: Floats = field(init=False)  # rows by instruments known so far, simple
    regime: Integers = field(init=False)  # of each row, a place in `regimes`
    places: dict[str, int] = field(default_factory=dict)  # of instruments, columns
    regimes: list[str] = field(default_factory=list)
    taken: int = 0  # rows in all

    def __post_init__(self) -> None:
        if self.rows < 2 or self.most < 1:
            raise ValueError(f"a window has at least 2 rows and 1 instrument, got {self.rows} and {self.most}")
        self.returns = np.full((self.rows, 0), np.nan)
        self.regime = np.zeros(self.rows, np.int64)

    def take(self, names: Sequence[str], log_returns: Floats, regime: str) -> None:
        """A row: log returns by the names' places, NaN where missing, in the regime that stood."""
        self._widen(names)
        at = self.taken % self.rows
        self.returns[at] = np.nan
        for name, value in zip(names, np.expm1(log_returns), strict=True):
            if name in self.places and np.isfinite(value):
                self.returns[at, self.places[name]] = value
        self.regime[at] = self._number(regime)
        self.taken += 1

    def in_order(self) -> tuple[Floats, Integers]:
        """Returns and regimes of the rows there are, oldest first."""
        filled = min(self.taken, self.rows)
        order = (np.arange(self.taken - filled, self.taken)) % self.rows
        return self.returns[order], self.regime[order]

    def complete(self, names: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
        """Rows in which all of these instruments have a return, and their regimes; none if one is not known."""
        returns, regime = self.in_order()
        if any(name not in self.places for name in names):
            return np.empty((0, len(names))), regime[:0]
        chosen = returns[:, [self.places[name] for name in names]]
        there = np.isfinite(chosen).all(axis=1)
        return chosen[there], regime[there]

    def _widen(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self.places and len(self.places) < self.most:
                self.places[name] = len(self.places)
        missing = len(self.places) - self.returns.shape[1]
        if missing:
            self.returns = np.hstack([self.returns, np.full((self.rows, missing), np.nan)])

    def _number(self, regime: str) -> int:
        if regime in self.regimes:
            return self.regimes.index(regime)
        if len(self.regimes) >= MOST_REGIMES - 1:
            regime = OTHER
        if regime not in self.regimes:
            self.regimes.append(regime)
        return self.regimes.index(regime)
