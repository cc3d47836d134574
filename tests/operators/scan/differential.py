"""Two ways to read a frame, held against each other: what the scanner takes, `venue.read` must give to the bit."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

import venues
from market.batch import Batch
from market.errors import FrameError
from market.frames import Frames
from market.instrument import Instrument, InstrumentTable
from market.schema import NO_SEQUENCE
from operators.scan.reading import Reading
from operators.scan.symbols import hashed
from venues.rows import Rows
from venues.venue import listing

TICKS = {
    "BTCUSDT": "0.01", "ETHUSDT": "0.1", "ETHUSD_PERP": "0.00000005", "A": "1e-8", "ODDUSDT": "1e-18",
    "X" * 23: "0.003", "Y" * 24: "1", "B": "25", "C": "1e18", "D": "123456789012345678.123456789",
}  # fmt: skip


def table(ticks: dict[str, str] = TICKS) -> InstrumentTable:
    found = InstrumentTable()
    for symbol, tick in ticks.items():
        found = found.define(Instrument("binance-usdm", symbol, Decimal(tick), Decimal("0.001")))
    return found


TABLE = table()


@dataclass
class Scanned:
    """What the scanner alone makes of frames."""

    odd: list[int]  # frames that it leaves
    events: np.ndarray
    marks: list[tuple[Any, ...]]
    numbers: list[int]  # of frames on their connection


def batch(frames: Sequence[bytes], venue: str) -> Batch:
    return Batch(f"{venue}/0", 1, np.arange(7, 7 + len(frames)), Frames.of(frames))


def scanned(frames: Sequence[bytes], venue: str, instruments: InstrumentTable = TABLE) -> Scanned:
    reading = Reading(venues.get(venue).keys, batch(frames, venue))
    symbols = hashed(instruments)
    odd = list(reading.odd_frames(lambda: symbols))
    marks = reading.marks().tolist()
    return Scanned(odd, reading.events(), marks, reading.numbers().tolist())


def both(frames: Sequence[bytes], venue: str, instruments: InstrumentTable) -> Reading:
    """Frames read as they are in the flow: by the scanner, and where it stops by the slow path."""
    reading = Reading(venues.get(venue).keys, batch(frames, venue))
    listings = {row.symbol: listing(number, row) for number, row in enumerate(instruments.rows)}
    symbols = hashed(instruments)
    for position in reading.odd_frames(lambda: symbols):
        with suppress(FrameError):
            venues.get(venue).read(frames[position], 7 + position, position, listings, reading.rows)
    return reading


def read(frames: Sequence[bytes], venue: str, instruments: InstrumentTable = TABLE) -> tuple[Rows, dict[int, str]]:
    """The rows by the slow path, and the reasons of dead letters."""
    rows, reasons = Rows(), {}
    listings = {row.symbol: listing(number, row) for number, row in enumerate(instruments.rows)}
    for position, frame in enumerate(frames):
        try:
            venues.get(venue).read(frame, 7 + position, position, listings, rows)
        except FrameError as error:
            reasons[position] = str(error)
    return rows, reasons


def compare(frames: Sequence[bytes], venue: str, instruments: InstrumentTable = TABLE) -> int:
    """Fail where the two ways differ; the number of frames that the scanner took."""
    found = scanned(frames, venue, instruments)
    odd = set(found.odd)
    rows, reasons = read([b"" if number in odd else frame for number, frame in enumerate(frames)], venue, instruments)
    refused = {number: reason for number, reason in reasons.items() if number not in odd}
    assert not refused, [(frames[number], reason) for number, reason in refused.items()][:3]
    expected = rows.events()
    if found.events.tobytes() != expected.tobytes():
        raise AssertionError(_difference(frames, found.events, expected))
    assert repr(found.marks) == repr(rows.mark_rows().tolist())
    numbers = dict(rows.numbers)
    assert found.numbers == [numbers.get(number, NO_SEQUENCE) for number in range(len(frames))]
    assert [*rows.statuses, *rows.venue_bars, *rows.corrections] == [], "the scanner has no such rows"
    return len(frames) - len(odd)


def _difference(frames: Sequence[bytes], found: np.ndarray, expected: np.ndarray) -> str:
    for one, other in zip(found, expected, strict=False):
        if one.tobytes() != other.tobytes():
            return f"{one} is not {other}: {frames[other['frame']][:500]!r}"
    return f"{len(found)} rows, not {len(expected)}"
