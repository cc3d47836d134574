"""Books as dictionaries of the venue's own texts, one message at a time: the oracle of operators/book."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

import polars as pl

from market.batch import Batch
from market.instrument import InstrumentTable
from market.schema import CONTROL, GAP, Flag, Kind
from tests.contract import Tables
from tests.plain import Said, said
from tests.rows import TICKS

NAN = float("nan")
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

    def apply(self, message: Said) -> bool:
        for side, price, size in message.levels:
            if float(size) == 0:
                self.sides[side].pop(Decimal(price), None)
            else:
                self.sides[side][Decimal(price)] = size
        self.last = message.sequence
        sound = all(float(size) >= 0 for _, _, size in message.levels)
        return sound and not (self.sides[1] and self.sides[-1] and max(self.sides[1]) >= min(self.sides[-1]))

    def lose(self) -> None:
        self.sides, self.last = {1: {}, -1: {}}, None

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
                if self.apply(message):
                    return "good"
                self.lose()
                self.waiting = []
                return "crossed"
            broken = True
        self.lose()
        self.waiting.append(message)
        return "sequence" if broken else "waiting"

    def snapshot(self, message: Said) -> str:
        if self.last is not None and message.sequence < self.last:
            return "good"
        newer = [kept for kept in self.waiting if kept.sequence > message.sequence]
        whole = all(self.follows(after, before.sequence) for before, after in pairwise(newer))
        if newer and (newer[0].previous > message.sequence or not whole):
            return "too old"
        if not newer and self.seen is not None and message.sequence < self.seen:
            return "too old"
        self.lose()
        self.waiting = []
        if all(self.apply(part) for part in (message, *newer)):
            return "good"
        self.lose()
        return "crossed"


def oracle(batches: list[Batch]) -> Tables:
    """The output of operators/book/rebuild for the frames of these batches."""
    table, books, frames = InstrumentTable(), dict[int, SlowBook](), 0
    rows: dict[str, list[dict[str, Any]]] = {"ticks": [], "gaps": [], "control": []}
    for batch in batches:
        messages, table = said(batch, table)
        for message in messages:
            number = table.id_of(message.symbol)
            book = books.setdefault(number, SlowBook(batch.venue != "binance-spot"))
            _take(book, message._replace(frame=message.frame + frames), number, rows)
        frames += len(batch.frames)
    return {
        "ticks": pl.DataFrame(rows["ticks"], TICKS),
        "gaps": pl.DataFrame(rows["gaps"], GAP),
        "control": pl.DataFrame(rows["control"], CONTROL),
    }


def _take(book: SlowBook, message: Said, number: int, rows: dict[str, list[dict[str, Any]]]) -> None:
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
        row |= _book_message(book, message, rows)
    rows["ticks"].append(row)


def _book_message(book: SlowBook, message: Said, rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    expected = max(-1 if book.last is None else book.last, -1 if book.seen is None else book.seen)
    gap: dict[str, Any] = {"instrument": message.symbol, "receive_time": message.receive_time, "channel": "depth"}
    gap |= {"start_time": book.good_time, "expected_sequence": expected, "frame": message.frame}
    gap |= {"received_sequence": message.sequence}
    if message.kind == Kind.RESET:
        book.lose()
        book.seen, book.waiting = None, []
        cause = next((cause for flag, cause in FLAG_CAUSES.items() if message.flags & flag), "unsynchronised")
        return _open(book, gap | {"cause": cause}, rows)
    verdict = book.depth(message) if message.kind == Kind.DEPTH else book.snapshot(message)
    if verdict == "good":
        book.good_time = message.receive_time
        if message.kind == Kind.SNAPSHOT:
            rows["gaps"] += [gap | {"cause": cause, "state": "healed"} for cause in book.causes]
            book.causes, book.asked = [], None
        return {**book.quote(), "sequence": book.last}
    if verdict == "duplicate":
        rows["gaps"].append(gap | {"cause": verdict, "state": "healed"})
    elif verdict == "sequence":
        _open(book, gap | {"cause": verdict, "received_sequence": message.previous}, rows)
    elif verdict == "crossed":
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
    rows["control"].append({"instrument": message.symbol, "receive_time": book.asked, "cause": book.causes[-1]})
