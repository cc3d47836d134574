"""Stretches of history put to the book of now: the worst there were, or those between given days.

The book's holdings are held through the stretch without trading; an instrument's return over it is compounded. Its
path matters as well: `trough` is the most that was lost on the way.
"""

from typing import NamedTuple

import numpy as np

from operators.risk.checked import Floats, checked_matrix, checked_vector


class Stretch(NamedTuple):
    """Rows of a history and what they would cost."""

    begin: int  # first row
    end: int  # one after the last
    loss: float  # at its end, quote currency
    trough: float  # the largest loss on the way, at least 0


def through(returns: Floats, holdings: Floats, begin: int, end: int) -> Stretch:
    """The book through rows begin … end − 1 of simple returns, rows by instruments."""
    holdings = checked_vector("holdings", holdings)
    returns = checked_matrix("returns", returns, len(holdings))
    if not 0 <= begin < end <= len(returns):
        raise ValueError(f"rows {begin} to {end} are not within the {len(returns)} there are")
    profits = (np.cumprod(1.0 + returns[begin:end], axis=0) - 1.0) @ holdings
    return Stretch(begin, end, float(-profits[-1]), max(float(-profits.min()), 0.0))


def worst(returns: Floats, holdings: Floats, *, rows: int, most: int = 5) -> list[Stretch]:
    """The stretches of so many rows that cost most, none overlapping, worst first; only those that cost something."""
    holdings = checked_vector("holdings", holdings)
    returns = checked_matrix("returns", returns, len(holdings))
    if not 1 <= rows <= len(returns):
        raise ValueError(f"a stretch must be 1 to {len(returns)} rows, got {rows}")
    windows = np.lib.stride_tricks.sliding_window_view(1.0 + returns, rows, axis=0)
    losses = -((windows.prod(axis=2) - 1.0) @ holdings)
    found: list[Stretch] = []
    for begin in np.argsort(-losses, kind="stable"):
        if len(found) == most or not losses[begin] > 0:
            break
        if all(abs(int(begin) - other.begin) >= rows for other in found):
            found.append(through(returns, holdings, int(begin), int(begin) + rows))
    return found
