"""What waits to be told: the newest book row of an instrument, with everything that was measured of it.

While it waits it is only pointed at, in the arrays of the batch it came with; a snapshot of the state carries those
rows alone. A row waits no longer than until the first frame after the interval, so few batches are held.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from market.batch import Batch, Structs
from market.schema import BOOK, NO_BOOK, TICK


class Measured(NamedTuple):
    """Tick rows, and beside them what they refer to."""

    ticks: Structs
    books: Structs
    features: Mapping[str, Structs]  # one row per tick, by operator


class Row(NamedTuple):
    """One row, and where it came from."""

    measured: Measured
    number: int  # row of `measured`
    offset: int

    @property
    def tick(self) -> dict[str, Any]:
        """The tick by its fields, as Python values."""
        return _fields(self.measured.ticks, self.number)

    @property
    def book(self) -> dict[str, Any] | None:
        """Ten levels by their fields, each a list; None where the row has no valid book."""
        at = int(self.measured.ticks["book"][self.number])
        if at == NO_BOOK:
            return None
        row = self.measured.books[at]
        return {name: row[name].tolist() for name in ("bid_price", "bid_size", "ask_price", "ask_size")}

    @property
    def features(self) -> dict[str, float]:
        """All that was measured, by column."""
        structs = self.measured.features.values()
        names = [name for rows in structs for name in rows.dtype.names or ()]
        # All are float64: read as one array, they cost a third of what they cost one by one.
        values = np.frombuffer(b"".join([rows[self.number].tobytes() for rows in structs]), np.float64)
        return dict(zip(names, values.tolist(), strict=True))


@dataclass
class Waiting:
    """At most one row for each instrument, by its number."""

    rows: dict[int, Row] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        """The rows alone, without the batches they came with."""
        numbers = sorted(self.rows)
        rows = [self.rows[number] for number in numbers]
        return _restored, (numbers, [row.offset for row in rows], _compact(rows) if rows else None)


def measured_of(batch: Batch) -> Measured:
    """What rows of a batch point at."""
    return Measured(batch.ticks, batch.books, batch.features)


def _fields(rows: Structs, number: int) -> dict[str, Any]:
    return dict(zip(rows.dtype.names or (), rows[number].item(), strict=True))


def _restored(numbers: list[int], offsets: list[int], measured: Measured | None) -> Waiting:
    rows = [] if measured is None else [Row(measured, at, offset) for at, offset in enumerate(offsets)]
    return Waiting(dict(zip(numbers, rows, strict=True)))


def _compact(rows: list[Row]) -> Measured:
    """The rows one after the other in arrays of their own."""
    ticks = _gathered([(row.measured.ticks, row.number) for row in rows], TICK)
    booked = np.flatnonzero(ticks["book"] != NO_BOOK).tolist()
    books = _gathered([(rows[at].measured.books, int(ticks["book"][at])) for at in booked], BOOK)
    ticks["book"][booked] = np.arange(len(booked))
    features = {
        name: _gathered([(row.measured.features[name], row.number) for row in rows], held.dtype)
        for name, held in rows[0].measured.features.items()
    }
    return Measured(ticks, books, features)


def _gathered(places: list[tuple[Structs, int]], dtype: "np.dtype[np.void]") -> Structs:
    """One row of each array."""
    gathered = np.empty(len(places), dtype)
    for at, (rows, number) in enumerate(places):
        gathered[at] = rows[number]
    return gathered
