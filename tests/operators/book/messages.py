"""EVENT batches written by hand."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from market.batch import Batch
from market.frames import Frames
from market.instrument import Instrument, InstrumentTable
from market.schema import EVENT, NO_SEQUENCE, Kind

Levels = Sequence[tuple[int, int, float]]  # side, ticks, size
VENUE = "binance-usdm"


def table(*, tick: str = "0.1", venue: str = VENUE, count: int = 1) -> InstrumentTable:
    found = InstrumentTable()
    for number in range(count):
        found = found.define(Instrument(venue, f"X{number}", Decimal(tick), Decimal("0.001")))
    return found


def snapshot(sequence: int, levels: Levels, instrument: int = 0) -> list[tuple[object, ...]]:
    return message(Kind.SNAPSHOT, sequence, NO_SEQUENCE, levels, instrument)


def depth(previous: int, sequence: int, levels: Levels, instrument: int = 0) -> list[tuple[object, ...]]:
    return message(Kind.DEPTH, sequence, previous, levels, instrument)


def message(
    kind: Kind, sequence: int, previous: int, levels: Levels, instrument: int, flags: int = 0
) -> list[tuple[object, ...]]:
    """Rows of one message; its time is its sequence in seconds."""
    time = sequence * 1_000_000_000
    head = (time, time, sequence, previous, 0, 0.0, instrument, len(levels), 0, int(kind), 0, flags)
    return [head] + [
        (time, time, sequence, NO_SEQUENCE, price, size, instrument, 0, 0, int(Kind.LEVEL), side, 0)
        for side, price, size in levels
    ]


def batch(*messages: list[tuple[object, ...]], instruments: InstrumentTable | None = None, venue: str = VENUE) -> Batch:
    rows = np.array([row for rows in messages for row in rows], EVENT)
    known = table(venue=venue) if instruments is None else instruments
    return Batch(f"{venue}/0", 0, np.array([rows["receive_time"].max()]), Frames.of([b""]), known, rows)
