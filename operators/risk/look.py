"""What the window of returns says of every instrument: covariance, worst return, volatility beside the usual one.

Covariance is about zero, exponentially weighted. An instrument's missing returns count as 0, and its row and column are
then raised to the variance of those it has: variances are right, correlations of instruments that miss rows are drawn
to 0, and the matrix stays positive semi-definite. The volatility ratio is the median over instruments of the weighted
deviation over that of the whole window alike. Instruments with fewer than `least_rows` returns are not known.

Cost: 1 000 rows of 100 instruments 15 ms.
"""

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

import numpy as np

from operators.risk.checked import Floats
from operators.risk.estimates import weighted_covariance
from operators.risk.historical import age_weights
from operators.risk.standing import BookRisk
from operators.risk.window import ReturnWindow


class Seen(NamedTuple):
    """State of one moment; all of one step of returns."""

    time_ns: int  # data time it was looked at
    columns: dict[str, int]  # of the instruments that are known
    covariance: Floats  # instruments by instruments
    deviation: Floats  # by instrument
    worst: Floats  # largest absolute return in the window
    ratio: float  # of now over usual


def look(window: ReturnWindow, time_ns: int, *, half_life_rows: float, least_rows: int) -> Seen | None:
    """What is known; None where no instrument is, or none ever moved."""
    returns, _ = window.in_order()
    names = [name for name, place in window.places.items() if np.isfinite(returns[:, place]).sum() >= least_rows]
    if not names:
        return None
    chosen = returns[:, [window.places[name] for name in names]]
    there = np.isfinite(chosen)
    filled = np.where(there, chosen, 0.0)
    weights = age_weights(len(filled), half_life_rows)
    present = weights @ there / weights.sum()
    raised = 1.0 / np.sqrt(np.maximum(present, np.finfo(np.float64).tiny))
    covariance = weighted_covariance(filled, half_life_rows) * np.outer(raised, raised)
    deviation = np.sqrt(np.diag(covariance))
    usual = np.sqrt((filled**2).sum(axis=0) / there.sum(axis=0))
    moved = usual > 0
    if not moved.any():
        return None
    ratio = float(np.median(deviation[moved] / usual[moved]))
    columns = {name: column for column, name in enumerate(names)}
    return Seen(time_ns, columns, covariance, deviation, np.abs(filled).max(axis=0), ratio)


def worst_book(
    seen: Seen, own: str, added: float, book: Mapping[str, float], works: Mapping[str, float]
) -> dict[str, float]:
    """The book with what works elsewhere as done, each of it only where it adds to the variance after an order.

    Signed notionals: added by the order, held, and of other instruments what works. They are looked at one after the
    other, the riskiest first; what is not known is left out.
    """
    after, found = np.zeros(len(seen.columns)), dict(book)
    for name, notional in (*book.items(), (own, added)):
        if name in seen.columns:
            after[seen.columns[name]] += notional
    moved = seen.covariance @ after
    known = [(name, seen.columns[name], notional) for name, notional in works.items() if name in seen.columns]
    for name, place, notional in sorted(known, key=lambda one: -abs(one[2]) * float(seen.deviation[one[1]])):
        row = seen.covariance[place]
        if notional * (2.0 * moved[place] + notional * row[place]) > 0.0:
            moved += notional * row
            found[name] = found.get(name, 0.0) + notional
    return found


def book_risk(seen: Seen, own: str, book: Mapping[str, float], *, rows: float, multiple: float) -> BookRisk | None:
    """The book's variance over `rows` steps and how one instrument changes it; None where one of them is not known."""
    held = {name: notional for name, notional in book.items() if notional != 0.0}
    if not isfinite(multiple) or any(name not in seen.columns for name in (*held, own)):
        return None
    places = [seen.columns[name] for name in held]
    holdings = np.fromiter(held.values(), np.float64, len(held))
    place = seen.columns[own]
    return BookRisk(
        time_ns=seen.time_ns,
        variance=max(float(holdings @ seen.covariance[np.ix_(places, places)] @ holdings) * rows, 0.0),
        covariance=float(seen.covariance[place, places] @ holdings) * rows,
        own_variance=float(seen.covariance[place, place]) * rows,
        multiple=multiple,
    )
