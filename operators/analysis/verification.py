"""`Verification`: what a stream of a venue proves of itself: which messages are verified, which are missing or unread.

It takes batches that went through decode and the books, of one shard in order, and counts. A book message is verified
where the venue's own rule held for it: its number, chain or range continues the book, or its checksum is that of our
book. Where the venue has no such rule (`Capability.detection` "none") a book is shown and not verified. Other words on
the same are the venue's own best quote (operators/analysis/touches.py) and its way of writing
(operators/analysis/drift.py).

A book that has not begun yet is no trouble: what opens before its first full book, because a socket was opened, counts
only if it is still open at the end.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from market import record
from market.batch import Batch, Events
from market.clock import MILLISECOND_NS
from market.schema import NO_CHECKSUM, NO_TIME, Kind
from operators.analysis.drift import Drift
from operators.analysis.touches import Quote, Touches
from operators.scan.reading import Reading
from operators.scan.symbols import Symbols
from venues.venue import Venue

BOOKED = (Kind.SNAPSHOT, Kind.DEPTH, Kind.PICTURE)
CHANGES = (Kind.DEPTH, Kind.QUOTE, Kind.PICTURE)  # ticks whose stamp is of the moment
TRADES = (Kind.TRADE, Kind.AGGREGATE_TRADE)
BEGINNINGS = ("disconnected", "unsynchronised")  # causes that a book has before its first full book
LATENCIES_KEPT = 100_000  # of more, the first
DEPTH, DOUBT, DUPLICATE = "depth", "unverifiable", "duplicate"


class Gap(NamedTuple):
    """A trouble that is open."""

    instrument: str
    channel: str
    cause: str


@dataclass
class Verification:
    """Counts over all batches so far."""

    venue: Venue
    frames: int = 0  # of the venue
    data: int = 0  # frames that are of a stream; the others are about the connection
    scanned: int = 0  # frames that the scanner took; those of a stream that it left were read one by one
    messages: Counter[str] = field(default_factory=Counter)  # by kind
    marks: int = 0
    tables: Counter[str] = field(default_factory=Counter)  # rows by table: market_status, venue_bars, …
    snapshots: Counter[str] = field(default_factory=Counter)  # full books, by instrument
    book_messages: Counter[str] = field(default_factory=Counter)  # by instrument
    valid: Counter[str] = field(default_factory=Counter)  # after which the book was valid
    checksums: Counter[str] = field(default_factory=Counter)  # book messages that carry one
    matched: Counter[str] = field(default_factory=Counter)
    doubted: Counter[str] = field(default_factory=Counter)  # checksums that could not be computed beyond doubt
    tickers: Counter[str] = field(default_factory=Counter)  # of the venue, that could be compared with a valid book
    agreed: Counter[str] = field(default_factory=Counter)
    gaps: Counter[tuple[str, str]] = field(default_factory=Counter)  # (channel, cause) when they opened
    duplicates: Counter[str] = field(default_factory=Counter)  # by channel: came twice, and counted once
    open_gaps: set[Gap] = field(default_factory=set)
    dead_letters: Counter[str] = field(default_factory=Counter)  # by reason
    latencies_ms: list[float] = field(default_factory=list)  # receipt after the venue's stamp, of book changes
    trade_latencies_ms: list[float] = field(default_factory=list)
    drift: Drift = field(init=False)
    _touches: dict[str, Touches] = field(default_factory=dict)  # by instrument
    _symbols: Symbols = field(default_factory=Symbols)

    def __post_init__(self) -> None:
        self.drift = Drift(self.venue.keys)

    def take(self, batch: Batch) -> None:
        """Count one batch."""
        self._count_frames(batch)
        self._count_gaps(batch)
        self._count_messages(batch)
        self._count_tables(batch)
        self._compare(batch)
        self._measure(batch)

    def _count_frames(self, batch: Batch) -> None:
        reading = Reading(self.venue.keys, batch)
        odd = set(reading.odd_frames(lambda: self._symbols.of(batch.instruments)))
        for position, frame in enumerate(batch.frames):
            if record.is_record(frame):
                continue
            self.frames += 1
            self.scanned += position not in odd
            if position not in odd or self.venue.streams_of(frame):
                self.data += 1
                self.drift.take(frame)

    def _count_messages(self, batch: Batch) -> None:
        headers = batch.events[batch.events["kind"] != Kind.LEVEL]
        kinds, counts = np.unique(headers["kind"], return_counts=True)
        for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
            self.messages[Kind(kind).name.lower()] += count
        self.marks += len(batch.marks)
        symbols, doubts = batch.instruments.symbols, _Doubts(batch, self.open_gaps)
        booked = np.isin(headers["kind"], BOOKED)
        for header, tick in zip(headers[booked], batch.ticks[booked], strict=True):
            symbol, valid = symbols[header["instrument"]], int(tick["valid"])
            doubted = doubts.at(symbol, int(header["frame"]))
            self.snapshots[symbol] += int(header["kind"] != Kind.DEPTH)
            self.book_messages[symbol] += 1
            self.valid[symbol] += valid
            if header["price"] != NO_CHECKSUM:
                self.checksums[symbol] += 1
                self.matched[symbol] += int(valid and not doubted)
                self.doubted[symbol] += int(doubted)

    def _count_gaps(self, batch: Batch) -> None:
        begun = _first_valid(batch) if "gaps" in batch.tables else {}
        for row in _rows(batch, "gaps"):
            gap = Gap(row["instrument"], row["channel"], row["cause"])
            ends = gap in self.open_gaps and row["state"] != "open"
            waits = gap.channel == DEPTH and gap.cause in BEGINNINGS and not self.valid[gap.instrument]
            (self.open_gaps.add if row["state"] == "open" else self.open_gaps.discard)(gap)
            if gap.cause == DUPLICATE:
                self.duplicates[gap.channel] += 1
            elif not ends and not (waits and row["frame"] <= begun.get(gap.instrument, row["frame"])):
                self.gaps[gap.channel, gap.cause] += 1

    def _count_tables(self, batch: Batch) -> None:
        for row in _rows(batch, "dead_letters"):
            self.dead_letters[row["reason"]] += 1
        for name in ("market_status", "venue_bars", "trade_corrections"):
            if name in batch.tables:
                self.tables[name] += len(batch.tables[name])

    def _compare(self, batch: Batch) -> None:
        symbols = batch.instruments.symbols
        for tick in batch.ticks:
            is_ticker = bool(tick["kind"] == Kind.TICKER)
            if not (is_ticker and tick["valid"]) and tick["kind"] not in BOOKED:
                continue
            symbol = symbols[tick["instrument"]]
            touches = self._touches.setdefault(symbol, Touches())
            quote = _quote(tick) if tick["valid"] else ()
            if self.has_ids and tick["sequence"] > 0:
                agrees = touches.at_one_id(int(tick["sequence"]), quote, is_ticker=is_ticker)
            else:
                agrees = touches.nearby(int(tick["receive_time"]), quote, is_ticker=is_ticker)
            if agrees is not None:
                self.tickers[symbol] += 1
                self.agreed[symbol] += agrees

    def _measure(self, batch: Batch) -> None:
        for kinds, kept in ((CHANGES, self.latencies_ms), (TRADES, self.trade_latencies_ms)):
            ticks = batch.ticks[np.isin(batch.ticks["kind"], kinds) & (batch.ticks["exchange_time"] != NO_TIME)]
            late = (ticks["receive_time"] - ticks["exchange_time"])[: LATENCIES_KEPT - len(kept)]
            kept += (late / MILLISECOND_NS).tolist()

    @property
    def has_ids(self) -> bool:
        """Whether tickers carry the update ids of the book."""
        return self.venue.capability.snapshot == "rest"


class _Doubts:
    """Which instruments' checksums cannot be verified, from frame to frame of a batch."""

    def __init__(self, batch: Batch, open_now: set[Gap]) -> None:
        self._told = [row for row in _rows(batch, "gaps") if row["cause"] == DOUBT]
        after = {gap.instrument for gap in open_now if gap.cause == DOUBT}
        first = {row["instrument"]: row["state"] for row in reversed(self._told)}
        # What opens in this batch was not open before, what heals was; the rest is as it is now.
        self._in_doubt = {name for name in after if name not in first} | {
            name for name, state in first.items() if state != "open"
        }

    def at(self, instrument: str, frame: int) -> bool:
        """Whether a message of that frame is in doubt; frames in their order."""
        while self._told and self._told[0]["frame"] <= frame:
            row = self._told.pop(0)
            (self._in_doubt.add if row["state"] == "open" else self._in_doubt.discard)(row["instrument"])
        return instrument in self._in_doubt


def _rows(batch: Batch, table: str) -> Iterator[dict[str, Any]]:
    return batch.tables[table].iter_rows(named=True) if table in batch.tables else iter(())


def _first_valid(batch: Batch) -> dict[str, int]:
    """The first frame of each instrument after which its book is valid."""
    found: dict[str, int] = {}
    for tick in batch.ticks[np.isin(batch.ticks["kind"], BOOKED) & batch.ticks["valid"]]:
        found.setdefault(batch.instruments.symbols[tick["instrument"]], int(tick["frame"]))
    return found


def _quote(tick: Events | np.void) -> Quote:
    return tuple(float(tick[name]) for name in ("bid_price", "bid_size", "ask_price", "ask_size"))


def percentile(values: list[float], share: float) -> float:
    """A share's percentile; NaN of nothing."""
    return float(np.quantile(values, share)) if values else float("nan")
