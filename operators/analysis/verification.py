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
from numpy.typing import NDArray

from market import record
from market.batch import Batch, Structs
from market.clock import MILLISECOND_NS
from market.schema import NO_CHECKSUM, NO_SEQUENCE, NO_TIME, Kind
from operators.analysis.drift import Drift
from operators.analysis.touches import Touches
from operators.scan.reading import Reading
from operators.scan.symbols import Symbols
from venues.venue import Venue


def _among(*kinds: Kind) -> NDArray[np.bool_]:
    """For each kind whether it is one of these: to be looked up, as np.isin takes 40 µs."""
    return np.isin(np.arange(max(Kind) + 1), kinds)


BOOKED = _among(Kind.SNAPSHOT, Kind.DEPTH, Kind.PICTURE)
CHANGES = _among(Kind.DEPTH, Kind.QUOTE, Kind.PICTURE)  # ticks whose stamp is of the moment
TRADES = _among(Kind.TRADE, Kind.AGGREGATE_TRADE)
BEGINNINGS = ("disconnected", "unsynchronised")  # causes that a book has before its first full book
LATENCIES_KEPT = 100_000  # of more, the first
NEVER = 1 << 63  # above every update id
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
    early: Counter[str] = field(default_factory=Counter)  # of them, older than the first full book
    valid: Counter[str] = field(default_factory=Counter)  # after which the book was valid
    checksums: Counter[str] = field(default_factory=Counter)  # book messages that carry one
    matched: Counter[str] = field(default_factory=Counter)
    doubted: Counter[str] = field(default_factory=Counter)  # checksums that could not be computed beyond doubt
    tickers: Counter[str] = field(default_factory=Counter)  # of the venue, that could be compared with a valid book
    agreed: Counter[str] = field(default_factory=Counter)
    trade_ids: Counter[str] = field(default_factory=Counter)  # trades with ids that the venue counts, by instrument
    trade_ids_missing: Counter[str] = field(default_factory=Counter)
    gaps: Counter[tuple[str, str]] = field(default_factory=Counter)  # (channel, cause) when they opened
    duplicates: Counter[str] = field(default_factory=Counter)  # by channel: came twice, and counted once
    open_gaps: set[Gap] = field(default_factory=set)
    dead_letters: Counter[str] = field(default_factory=Counter)  # by reason
    latencies_ms: list[float] = field(default_factory=list)  # receipt after the venue's stamp, of book changes
    trade_latencies_ms: list[float] = field(default_factory=list)
    drift: Drift = field(init=False)
    _touches: dict[str, Touches] = field(default_factory=dict)  # by instrument
    _begun: dict[str, int] = field(default_factory=dict)  # update id of the first full book, by instrument
    _trades: dict[str, int] = field(default_factory=dict)  # id of the newest trade, by instrument
    _symbols: Symbols = field(default_factory=Symbols)

    def __post_init__(self) -> None:
        self.drift = Drift(self.venue.keys)

    def take(self, batch: Batch) -> None:
        """Count one batch."""
        self._count_frames(batch)
        self._count_gaps(batch)
        self._count_messages(batch)
        self._count_trades(batch)
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
        booked = BOOKED[headers["kind"]]
        valid = batch.ticks["valid"][booked].tolist()
        rows = _columns(headers[booked], "instrument", "frame", "kind", "sequence", "price")
        for (instrument, frame, kind, sequence, checksum), is_valid in zip(rows, valid, strict=True):
            symbol, doubted = symbols[instrument], doubts.at(symbols[instrument], frame)
            self.book_messages[symbol] += 1
            self.snapshots[symbol] += kind != Kind.DEPTH
            self.valid[symbol] += is_valid
            self.early[symbol] += not is_valid and sequence <= self._begun.get(symbol, NEVER)
            if is_valid and symbol not in self._begun:
                self._begun[symbol] = sequence if self.has_ids else NO_SEQUENCE
            if checksum != NO_CHECKSUM:
                self.checksums[symbol] += 1
                self.matched[symbol] += is_valid and not doubted
                self.doubted[symbol] += doubted

    def _count_trades(self, batch: Batch) -> None:
        """Holes in trade ids, a hint and no proof: some venues leave ids out (krakenfx/api-go#36)."""
        if self.venue.capability.trade_ids != "dense":
            return
        symbols, trades = batch.instruments.symbols, batch.events[TRADES[batch.events["kind"]]]
        for instrument, number in _columns(trades, "instrument", "sequence"):
            symbol = symbols[instrument]
            newest = self._trades.get(symbol, number - 1)
            self.trade_ids[symbol] += 1
            self.trade_ids_missing[symbol] += max(0, number - newest - 1)
            self._trades[symbol] = max(newest, number)

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
        symbols, ticks = batch.instruments.symbols, batch.ticks
        tickers = ticks["kind"] == Kind.TICKER
        ticks = ticks[(tickers & ticks["valid"]) | BOOKED[ticks["kind"]]]
        quotes = _columns(ticks, "bid_price", "bid_size", "ask_price", "ask_size")
        rows = _columns(ticks, "instrument", "kind", "receive_time", "sequence", "valid")
        for (instrument, kind, time, sequence, is_valid), best in zip(rows, quotes, strict=True):
            symbol, is_ticker = symbols[instrument], kind == Kind.TICKER
            touches = self._touches.setdefault(symbol, Touches())
            quote = best if is_valid else ()
            if self.has_ids and sequence > 0:
                agrees = touches.at_one_id(sequence, quote, is_ticker=is_ticker)
            else:
                agrees = (touches.told if is_ticker else touches.changed)(time, quote)
            if agrees is not None:
                self.tickers[symbol] += 1
                self.agreed[symbol] += agrees

    def _measure(self, batch: Batch) -> None:
        for kinds, kept in ((CHANGES, self.latencies_ms), (TRADES, self.trade_latencies_ms)):
            ticks = batch.ticks[kinds[batch.ticks["kind"]] & (batch.ticks["exchange_time"] != NO_TIME)]
            late = (ticks["receive_time"] - ticks["exchange_time"])[: LATENCIES_KEPT - len(kept)]
            kept.extend((late / MILLISECOND_NS).tolist())

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
    for tick in batch.ticks[BOOKED[batch.ticks["kind"]] & batch.ticks["valid"]]:
        found.setdefault(batch.instruments.symbols[tick["instrument"]], int(tick["frame"]))
    return found


def _columns(rows: Structs, *names: str) -> "zip[tuple[Any, ...]]":
    """Columns side by side, as plain Python numbers."""
    return zip(*(rows[name].tolist() for name in names), strict=True)


def percentile(values: list[float], share: float) -> float:
    """A share's percentile; NaN of nothing."""
    return float(np.quantile(values, share)) if values else float("nan")
