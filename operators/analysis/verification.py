"""`Verification`: what a stream of a venue proves of itself: which messages are verified, which are missing or unread.

It takes batches that went through decode and the books, of one shard in order, and counts. A book message is verified
where the venue's own rule held for it: its number, chain or range continues the book, or its checksum is that of our
book. The venue's own best quote (ticker) is an independent word. Where both carry update ids, it agrees if it equals
the touch of our book at the same id; where it has none, if it equals the touch before or after the book message next
to it, as the two come by different ways.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from market.batch import Batch
from market.clock import MILLISECOND_NS
from market.schema import NO_CHECKSUM, NO_TIME, Kind
from operators.scan.reading import Reading
from operators.scan.symbols import hashed
from venues.venue import Venue

BOOKED = (Kind.SNAPSHOT, Kind.DEPTH)
IDS_KEPT = 4_096
LATENCIES_KEPT = 100_000  # per shard; of more, the first


Quote = tuple[float, ...]


@dataclass
class _Touches:
    """Best quotes of one instrument around the newest book message."""

    before: Quote = ()
    after: Quote = ()
    asked: Quote = ()  # the newest ticker without an id, until the next book message has answered
    books: dict[int, Quote] = field(default_factory=dict)  # the newest by update id
    tickers: dict[int, Quote] = field(default_factory=dict)


@dataclass
class Verification:
    """Counts over all batches so far."""

    venue: Venue
    frames: int = 0
    scanned: int = 0  # frames that the scanner took; the others are control frames, records, or oddly written
    messages: Counter[str] = field(default_factory=Counter)  # by kind
    book_messages: Counter[str] = field(default_factory=Counter)  # by instrument
    verified: Counter[str] = field(default_factory=Counter)
    checksums: Counter[str] = field(default_factory=Counter)  # book messages that carry one
    matched: Counter[str] = field(default_factory=Counter)
    tickers: Counter[str] = field(default_factory=Counter)  # of the venue, while our book was valid
    agreed: Counter[str] = field(default_factory=Counter)
    gaps: Counter[tuple[str, str]] = field(default_factory=Counter)  # (channel, cause) when they opened
    open_gaps: set[tuple[str, str, str]] = field(default_factory=set)  # (instrument, channel, cause)
    dead_letters: Counter[str] = field(default_factory=Counter)  # by reason
    marks: int = 0
    latencies_ms: list[float] = field(default_factory=list)  # receipt after the venue's own stamp
    _touches: dict[int, _Touches] = field(default_factory=dict)

    def take(self, batch: Batch) -> None:
        """Count one batch."""
        self.frames += len(batch.frames)
        self.marks += len(batch.marks)
        self._count_frames(batch)
        self._count_messages(batch)
        self._count_tables(batch)
        self._compare(batch)
        stamped = batch.ticks[batch.ticks["exchange_time"] != NO_TIME]
        room = LATENCIES_KEPT - len(self.latencies_ms)
        late = (stamped["receive_time"] - stamped["exchange_time"])[:room] / MILLISECOND_NS
        self.latencies_ms += late.tolist()

    def _count_frames(self, batch: Batch) -> None:
        reading = Reading(self.venue.keys, batch)
        symbols = hashed(batch.instruments)
        self.scanned += len(batch.frames) - sum(1 for _ in reading.odd_frames(lambda: symbols))

    def _count_messages(self, batch: Batch) -> None:
        headers = batch.events[batch.events["kind"] != Kind.LEVEL]
        kinds, counts = np.unique(headers["kind"], return_counts=True)
        for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
            self.messages[Kind(kind).name.lower()] += count
        symbols = batch.instruments.symbols
        booked = np.isin(headers["kind"], BOOKED) | (headers["kind"] == Kind.PICTURE)
        for header, tick in zip(headers[booked], batch.ticks[booked], strict=True):
            symbol = symbols[header["instrument"]]
            self.book_messages[symbol] += 1
            self.verified[symbol] += int(tick["valid"])
            if header["price"] != NO_CHECKSUM:
                self.checksums[symbol] += 1
                self.matched[symbol] += int(tick["valid"])

    def _count_tables(self, batch: Batch) -> None:
        if "dead_letters" in batch.tables:
            self.dead_letters.update(batch.tables["dead_letters"]["reason"].to_list())
        if "gaps" not in batch.tables:
            return
        for row in batch.tables["gaps"].iter_rows(named=True):
            key = row["instrument"], row["channel"], row["cause"]
            if row["state"] == "open" or row["cause"] == "duplicate":
                self.gaps[row["channel"], row["cause"]] += 1
            if row["state"] == "open":
                self.open_gaps.add(key)
            else:
                self.open_gaps.discard(key)

    def _compare(self, batch: Batch) -> None:
        symbols = batch.instruments.symbols
        for tick in batch.ticks:
            is_ticker = tick["kind"] == Kind.TICKER
            if not (is_ticker and tick["valid"]) and tick["kind"] not in BOOKED:
                continue
            touches = self._touches.setdefault(int(tick["instrument"]), _Touches())
            compare = _at_one_id if tick["sequence"] > 0 and self._has_ids else _nearby
            agrees = compare(touches, int(tick["sequence"]), _quote(tick) if tick["valid"] else (), is_ticker)
            if agrees is not None:
                symbol = symbols[tick["instrument"]]
                self.tickers[symbol] += 1
                self.agreed[symbol] += agrees

    @property
    def _has_ids(self) -> bool:
        """Whether tickers carry the update ids of the book."""
        return self.venue.capability.snapshot == "rest"


def _at_one_id(touches: _Touches, sequence: int, quote: Quote, is_ticker: bool) -> bool | None:
    """Whether ticker and book are the same at an update id; None while only one of them has come."""
    mine, other = (touches.tickers, touches.books) if is_ticker else (touches.books, touches.tickers)
    if len(mine) >= IDS_KEPT:
        del mine[next(iter(mine))]
    mine[sequence] = quote
    return mine[sequence] == other[sequence] if quote and other.get(sequence) else None


def _nearby(touches: _Touches, _: int, quote: Quote, is_ticker: bool) -> bool | None:
    """Whether the newest ticker was the touch before or after this book message; None where there is nothing to say."""
    if is_ticker:
        touches.asked = quote
        return None
    touches.before, touches.after, asked = touches.after, quote, touches.asked
    touches.asked = ()
    return asked in (touches.before, touches.after) if asked and touches.before and touches.after else None


def _quote(tick: np.void) -> tuple[float, ...]:
    return tuple(float(tick[name]) for name in ("bid_price", "bid_size", "ask_price", "ask_size"))


def percentile(values: list[float], share: float) -> float:
    """A share's percentile; NaN of nothing."""
    return float(np.quantile(values, share)) if values else float("nan")
