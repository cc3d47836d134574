"""EVENT batches of venues that send their snapshots in band, written from the venue's own texts; and such venues."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import venues
from market.batch import Batch
from market.frames import Frames
from market.instrument import Instrument, InstrumentTable
from market.schema import EVENT, NO_SEQUENCE, Kind
from venues.venue import Capability

SECOND = 1_000_000_000
Texts = Iterable[tuple[int, str, str]]  # side, price, size
CAPABILITIES = {
    "summed": Capability("checksum", checked="after", snapshot="stream", checksum="kraken", depths=(10, 25)),
    "summed-okx": Capability("chain", snapshot="stream", checksum="okx"),
    "chained": Capability("chain", snapshot="stream"),
    "counted": Capability("counter", scope="connection", snapshot="stream"),
    "restarted": Capability("counter", snapshot="stream", begins_at=1),
    "blind": Capability("none", snapshot="stream"),
    "pictures": Capability("none", snapshot="stream"),
}


@pytest.fixture(autouse=True)
def in_band(monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue of each capability; import this fixture to have them."""
    for name, capability in CAPABILITIES.items():
        venue: Any = venues.get("binance-usdm")
        monkeypatch.setitem(venues.VENUES, name, replace(venue, name=name, capability=capability))


def instrument(tick: str = "0.1", lot: str = "0.00000001", *, prices: int = -1, sizes: int = -1) -> Instrument:
    steps = Decimal(tick), Decimal(lot)
    return Instrument("summed", "X0", *steps, price_decimals=prices, size_decimals=sizes)


def rows(
    kind: Kind,
    levels: Texts = (),
    *,
    at: float = 1.0,
    sequence: int = 0,
    previous: int = NO_SEQUENCE,
    checksum: int = 0,
    flags: int = 0,
    received: float | None = None,
    of: Instrument | None = None,
) -> list[tuple[object, ...]]:
    """Rows of one message; `at` is its exchange time in seconds."""
    tick = (of or instrument()).tick_size
    times = round(at * SECOND), round((at if received is None else received) * SECOND)
    texts = list(levels)
    head = (*times, sequence, previous, checksum, 0.0, 0, len(texts), 0, int(kind), 0, flags)
    return [head] + [
        (*times, sequence, NO_SEQUENCE, int(Decimal(price) / tick), float(size), 0, 0, 0, int(Kind.LEVEL), side, 0)
        for side, price, size in texts
    ]


def batch(venue: str, *messages: list[tuple[object, ...]], of: Instrument | None = None) -> Batch:
    events = np.array([row for message in messages for row in message], EVENT)
    known = InstrumentTable().define(of or instrument())
    return Batch(f"{venue}/0", 0, np.array([events["receive_time"].max()]), Frames.of([b""]), known, events)


def kraken_sum(bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]]) -> int:
    """The venue's CRC32 of texts with all their places, best first."""
    texts = (text.replace(".", "").lstrip("0") for level in (*asks[:10], *bids[:10]) for text in level)
    return zlib.crc32("".join(texts).encode())


def okx_sum(bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]]) -> int:
    """The venue's CRC32, best first."""
    ranks = range(min(25, max(len(bids), len(asks))))
    levels = [side[rank] for rank in ranks for side in (bids, asks) if rank < len(side)]
    return zlib.crc32(":".join(f"{price}:{size}" for price, size in levels).encode())
