"""The broadcast: what a flow says to the world beside its tables, as events in one journal that many follow.

One row of the journal is what one batch gave, its offset the sequence of the stream. A frame is one event, a JSON
object: its kind, then the columns of the table of that kind under their names, then where it came from, so that an
event and its row in the table can be joined exactly. Times are RFC 3339 texts in UTC with nanoseconds, maps are
objects, and what is not a finite number is null. A book is its ten best levels and has no table of its own.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from market.errors import BarographError
from market.journal import partition_path

TOPIC = "broadcast"
SHARD = "broadcast/0"
STREAM = "stream"  # the note of the journal that names it, so that a sequence of another is never taken for one of it
TABLES: Mapping[str, str] = {  # by kind; a book has none
    "quote": "quotes",
    "book": "",
    "features": "features",
    "regime": "regimes",
    "regime_change": "regime_changes",
    "signal": "signals",
    "position": "positions",
    "order": "orders",
    "fill": "fills",
    "risk_event": "risk_events",
}
KINDS = tuple(TABLES)
CONFLATED = ("quote", "book", "features")  # at most one per instrument and interval; all of the others are told
TIMED = ("regime", "regime_change", "signal")  # those that have a timeframe
ACCOUNT = ("position", "order", "fill", "risk_event")  # of the account, which not everybody may see
TIMES = ("exchange_time", "receive_time", "time")  # columns that are times, ns; 0 is none
PAIRS = ("evidence", "checks", "values")  # columns that are maps, as lists of key and value

_encoder = msgspec.json.Encoder()


class Event(msgspec.Struct, frozen=True):
    """The head of an event: whom it concerns and where it came from."""

    kind: str
    venue: str
    instrument: str  # empty where a whole account is meant
    receive_time: str
    shard: str
    offset: int
    frame: int
    timeframe: str = ""


class Filter(NamedTuple):
    """Which events somebody wants; an empty set is all."""

    kinds: frozenset[str] = frozenset()
    venues: frozenset[str] = frozenset()
    instruments: frozenset[str] = frozenset()
    timeframes: frozenset[str] = frozenset()  # asked of those kinds alone that have one

    def takes(self, event: Event) -> bool:
        """Whether an event is wanted; one of the whole account concerns every instrument.

        >>> halted = Event("risk_event", "", "", "2026-11-23T05:33:00.000000000Z", "trading/0", 7, 0)
        >>> Filter(instruments=frozenset({"BTCUSDT"})).takes(halted), Filter(kinds=frozenset({"quote"})).takes(halted)
        (True, False)
        """
        return (
            (not self.kinds or event.kind in self.kinds)
            and (not self.instruments or not event.instrument or event.instrument in self.instruments)
            and (not self.venues or not event.venue or event.venue in self.venues)
            and (not self.timeframes or not event.timeframe or event.timeframe in self.timeframes)
        )


class GoneError(BarographError):
    """What follows a sequence cannot be had: it is no longer kept, or the sequence is of another stream."""

    def __init__(self, reason: str, *, stream: str, oldest: int, newest: int) -> None:
        super().__init__(f"{reason}; the stream {stream or '(none yet)'} is kept from {oldest} to {newest}")
        self.stream, self.oldest, self.newest = stream, oldest, newest


_head = msgspec.json.Decoder(Event)
_fields = msgspec.json.Decoder(dict[str, Any])


def broadcast_path(data: Path) -> Path:
    """Where the journal lies."""
    return partition_path(data, TOPIC, SHARD)


def encode(kind: str, columns: Mapping[str, Any]) -> bytes:
    """An event as a frame. Columns as they are in the flow: times in ns, maps as pairs.

    >>> encode("quote", {"venue": "v", "instrument": "i", "exchange_time": 0, "bid_price": float("nan")})
    b'{"kind":"quote","venue":"v","instrument":"i","exchange_time":null,"bid_price":null}'
    """
    ready = dict(columns)
    for name in TIMES:
        if name in ready:
            ready[name] = time_text(ready[name]) if ready[name] else None
    for name in PAIRS:
        if name in ready:
            ready[name] = {pair["key"]: pair["value"] for pair in ready[name] or ()}
    return encode_ready(kind, ready)


def encode_ready(kind: str, columns: dict[str, Any]) -> bytes:
    """The same of columns that are ready to be told: times as texts, maps as such."""
    return _encoder.encode({"kind": kind} | columns)


def head(frame: bytes) -> Event:
    """The head of an event; raises msgspec.DecodeError or msgspec.ValidationError."""
    return _head.decode(frame)


def fields(frame: bytes) -> dict[str, Any]:
    """All of an event; raises msgspec.DecodeError or msgspec.ValidationError."""
    return _fields.decode(frame)


def time_text(time_ns: int) -> str:
    """A time as a text that loses no digit.

    >>> time_text(1_700_000_000_123_456_789)
    '2023-11-14T22:13:20.123456789Z'
    """
    return f"{np.datetime64(time_ns, 'ns')}Z"
