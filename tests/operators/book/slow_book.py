"""Books as dictionaries of the venue's own texts, one message at a time: the oracle of operators/book."""

import math
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

import venues
from market.batch import Batch
from market.instrument import InstrumentTable
from market.schema import BANDS_BPS, BOOK, CONTROL, DEPTH_LEVELS, GAP, Flag, Kind
from tests.contract import Tables
from tests.plain import Said, said
from tests.rows import TICKS

NAN = float("nan")
COLUMNS = [
    name if not BOOK[name].shape else f"{name}_{number}"
    for name in BOOK.names or ()
    for number in range(BOOK[name].shape[0] if BOOK[name].shape else 1)
]
BOOKS = {"instrument": pl.Int32, "sequence": pl.Int64} | dict.fromkeys(COLUMNS, pl.Float64)
SECOND = 1_000_000_000
FLAG_CAUSES = {
    Flag.SHED: "shed",
    Flag.DISCONNECTED: "disconnected",
    Flag.SILENT: "silent",
    Flag.TICK_CHANGED: "tick_size",
}


@dataclass
class SlowBook:
    """One instrument."""

    chained: bool
    limit: int = 1 << 60  # levels a side of the venue's snapshots at most
    worst: dict[int, Decimal] = field(default_factory=dict)  # by side, the price to which a snapshot told
    warned: dict[int, Decimal] = field(default_factory=dict)  # price by side from which a new one is asked for
    near: bool = False  # whether that has happened
    added: dict[int, float] = field(default_factory=dict)
    removed: dict[int, float] = field(default_factory=dict)
    sides: dict[int, dict[Decimal, str]] = field(default_factory=lambda: {1: {}, -1: {}})
    last: int | None = None  # update id of a good book
    seen: int | None = None  # of the newest depth message
    good_time: int = 0
    waiting: list[Said] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    asked: int | None = None
    wait: int = 0

    def quote(self) -> dict[str, Any]:
        bids, asks = self.sides[1], self.sides[-1]
        if self.last is None or not bids or not asks:
            return {}
        bid, ask = max(bids), min(asks)
        names = ("bid_price", "bid_size", "ask_price", "ask_size", "valid")
        return dict(zip(names, (float(bid), float(bids[bid]), float(ask), float(asks[ask]), True), strict=True))

    def shape(self, tick: Decimal) -> dict[str, float]:
        """A BOOK row, one column per number."""
        mid = float((max(self.sides[1]) + min(self.sides[-1])) / tick) / 2
        row: dict[str, float] = {}
        for side, name in ((1, "bid"), (-1, "ask")):
            levels = sorted(self.sides[side].items(), reverse=side > 0)
            for number in range(DEPTH_LEVELS):
                price, size = levels[number] if number < len(levels) else ("nan", "0")
                row |= {f"{name}_price_{number}": float(price), f"{name}_size_{number}": float(size)}
            for number, bps in enumerate(BANDS_BPS):
                limit = mid * (1 - side * bps / 10_000)
                within = [float(size) for price, size in levels if side * float(price / tick) >= side * limit]
                row[f"{name}_depth_{number}"] = math.fsum(within)
            row |= {f"{name}_added": self.added.get(side, 0.0), f"{name}_removed": self.removed.get(side, 0.0)}
        return row

    def apply(self, message: Said) -> bool:
        self.added, self.removed = {1: 0.0, -1: 0.0}, {1: 0.0, -1: 0.0}
        for side, price, size in message.levels:
            levels = self.sides[side]
            change = max(float(size), 0.0) - float(levels.get(Decimal(price), "0"))
            self.added[side] += max(change, 0.0)
            self.removed[side] += max(-change, 0.0)
            if float(size) > 0:
                levels[Decimal(price)] = size
            else:
                levels.pop(Decimal(price), None)
        self.last = message.sequence
        sound = all(float(size) >= 0 for _, _, size in message.levels)
        return sound and not (self.sides[1] and self.sides[-1] and max(self.sides[1]) >= min(self.sides[-1]))

    def beyond(self, prices: dict[int, Decimal]) -> bool:
        """Whether the touch of a side is worse than a price."""
        best = {side: max((side * price for price in levels), default=None) for side, levels in self.sides.items()}
        return any(best[side] is None or side * price > best[side] for side, price in prices.items())

    def told(self, snapshot: Said, tick: Decimal) -> None:
        """Remember how far a snapshot reaches."""
        for side in (1, -1):
            prices = [side * Decimal(price) for at, price, _ in snapshot.levels if at == side]
            if len(prices) >= self.limit:
                eighth = int((max(prices) - min(prices)) / tick) // 8
                self.worst[side] = side * min(prices)
                self.warned[side] = side * (min(prices) + eighth * tick)

    def lose(self) -> None:
        self.sides, self.last, self.worst, self.warned, self.near = {1: {}, -1: {}}, None, {}, {}, False

    def follows(self, message: Said, last: int) -> bool:
        return message.previous == last if self.chained else message.previous <= last < message.sequence

    def depth(self, message: Said) -> str:
        seen, self.seen = self.seen, max(self.seen or 0, message.sequence)
        if seen is not None and message.sequence <= seen:
            return "duplicate"
        broken = seen is not None and not self.follows(message, seen)
        if not broken and self.last is not None:
            if message.sequence <= self.last:
                return "old"
            if message.previous <= self.last:
                sound = self.apply(message)
                if sound and not self.beyond(self.worst):
                    self.near |= self.beyond(self.warned)
                    self.waiting += [message] if self.near else []
                    return "near" if self.near else "good"
                kept = self.waiting
                self.lose()
                self.waiting = [*kept, message] if sound else []
                return "edge" if sound else "crossed"
            broken = True
        self.lose()
        self.waiting.append(message)
        return "sequence" if broken else "waiting"

    def snapshot(self, message: Said, tick: Decimal) -> str:
        if self.last is not None and message.sequence < self.last and not self.near:
            return "good"
        refused = "too old" if self.last is None else "near"
        newer = [kept for kept in self.waiting if kept.sequence > message.sequence]
        whole = all(self.follows(after, before.sequence) for before, after in pairwise(newer))
        if newer and (newer[0].previous > message.sequence or not whole):
            return refused
        if not newer and self.seen is not None and message.sequence < self.seen:
            return refused
        self.lose()
        sound = all(self.apply(part) for part in (message, *newer))
        self.told(message, tick)
        if sound and not self.beyond(self.worst):
            self.waiting = []
            return "good"
        self.lose()
        self.waiting = self.waiting if sound else []
        return "too old" if sound else "crossed"


def oracle(batches: list[Batch]) -> Tables:
    """The output of operators/book/rebuild for the frames of these batches."""
    table, books, frames = InstrumentTable(), dict[int, SlowBook](), 0
    rows: dict[str, list[dict[str, Any]]] = {"ticks": [], "gaps": [], "control": [], "books": []}
    for batch in batches:
        messages, table = said(batch, table)
        for message in messages:
            number = table.id_of(message.symbol)
            limit = venues.get(batch.venue).snapshot_levels
            book = books.setdefault(number, SlowBook(batch.venue != "binance-spot", limit))
            _take(book, message._replace(frame=message.frame + frames), number, table[number].tick_size, rows)
            row = rows["ticks"][-1]
            if row["valid"] and message.kind in (Kind.SNAPSHOT, Kind.DEPTH):
                tick = table[number].tick_size
                rows["books"].append({name: row[name] for name in ("instrument", "sequence")} | book.shape(tick))
        frames += len(batch.frames)
    return {
        "ticks": pl.DataFrame(rows["ticks"], TICKS),
        "books": pl.DataFrame(rows["books"], BOOKS),
        "gaps": pl.DataFrame(rows["gaps"], GAP),
        "control": pl.DataFrame(rows["control"], CONTROL),
    }


def book_rows(batches: list[Batch]) -> pl.DataFrame:
    """The BOOK rows of batches beside the instrument and sequence of their ticks, one column per number."""
    ticks = np.concatenate([batch.ticks[batch.ticks["book"] >= 0] for batch in batches])
    books = np.concatenate([batch.books[batch.ticks["book"][batch.ticks["book"] >= 0]] for batch in batches])
    assert len(books) == sum(len(batch.books) for batch in batches)
    values = np.column_stack([books[name] for name in BOOK.names or ()])
    return pl.DataFrame(
        {name: ticks[name] for name in ("instrument", "sequence")}
        | dict(zip(COLUMNS, np.ascontiguousarray(values.T), strict=True))
    )


def _take(book: SlowBook, message: Said, number: int, tick: Decimal, rows: dict[str, list[dict[str, Any]]]) -> None:
    row = {name: getattr(message, name) for name in ("frame", "kind", "exchange_time", "receive_time", "sequence")}
    row |= {"instrument": number, "valid": False, "side": 0, "off_book": False}
    row |= dict.fromkeys(("bid_price", "bid_size", "ask_price", "ask_size", "price", "size"), NAN)
    if message.kind in (Kind.TRADE, Kind.AGGREGATE_TRADE):
        trade = {"price": float(message.price), "size": float(message.size), "side": message.side}
        row |= {**book.quote(), **trade, "off_book": bool(message.flags & Flag.OFF_BOOK)}
    elif message.kind == Kind.TICKER:
        shown = SlowBook(chained=False)
        shown.apply(message)
        row |= shown.quote() if shown.apply(message) else {}
    else:
        row |= _book_message(book, message, tick, rows)
    rows["ticks"].append(row)


def _book_message(
    book: SlowBook, message: Said, tick: Decimal, rows: dict[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    expected = max(-1 if book.last is None else book.last, -1 if book.seen is None else book.seen)
    gap: dict[str, Any] = {"instrument": message.symbol, "receive_time": message.receive_time, "channel": "depth"}
    gap |= {"start_time": book.good_time, "expected_sequence": expected, "frame": message.frame}
    gap |= {"received_sequence": message.sequence}
    if message.kind == Kind.RESET:
        book.lose()
        book.seen, book.waiting = None, []
        cause = next((cause for flag, cause in FLAG_CAUSES.items() if message.flags & flag), "unsynchronised")
        return _open(book, gap | {"cause": cause}, rows)
    verdict = book.depth(message) if message.kind == Kind.DEPTH else book.snapshot(message, tick)
    if verdict in ("good", "near"):
        book.good_time = message.receive_time
        if message.kind == Kind.SNAPSHOT:
            book.added, book.removed = {}, {}
        if verdict == "near":
            _ask(book, message, rows)
        elif message.kind == Kind.SNAPSHOT:
            rows["gaps"] += [gap | {"cause": cause, "state": "healed"} for cause in book.causes]
            book.causes, book.asked = [], None
        return {**book.quote(), "sequence": book.last}
    if verdict == "duplicate":
        rows["gaps"].append(gap | {"cause": verdict, "state": "healed"})
    elif verdict == "sequence":
        _open(book, gap | {"cause": verdict, "received_sequence": message.previous}, rows)
    elif verdict in ("crossed", "edge"):
        _open(book, gap | {"cause": verdict}, rows)
    elif verdict in ("waiting", "too old") and not book.causes:
        _open(book, gap | {"cause": "unsynchronised"}, rows)
    if verdict not in ("duplicate", "old"):
        _ask(book, message, rows)
    return {}


def _open(book: SlowBook, gap: dict[str, Any], rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    if gap["cause"] not in book.causes:
        book.causes.append(gap["cause"])
        rows["gaps"].append(gap | {"state": "open"})
    return {}


def _ask(book: SlowBook, message: Said, rows: dict[str, list[dict[str, Any]]]) -> None:
    if book.asked is not None and message.receive_time - book.asked < book.wait:
        return
    book.wait = SECOND if book.asked is None else min(2 * book.wait, 64 * SECOND)
    book.asked = message.receive_time
    cause = (book.causes or ["edge"])[-1]
    rows["control"].append({"instrument": message.symbol, "receive_time": book.asked, "cause": cause})
