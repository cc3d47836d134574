"""Books of venues that send snapshots in band, or pictures: dictionaries of the venue's own texts, message by message.

The oracle of operators/book/streams.py, pictures.py, cut.py and checksum.py; zlib does the sums.
"""

import json
import zlib
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

import venues
from market.batch import Batch
from market.schema import CONTROL, GAP, Flag, Kind
from tests.contract import Tables
from tests.operators.book.slow_book import BOOKS, SlowBook
from tests.plain import Said
from tests.rows import TICKS
from venues.venue import Capability

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
NAN = float("nan")
FLAG_CAUSES = {Flag.SHED: "shed", Flag.DISCONNECTED: "disconnected", Flag.SILENT: "silent", Flag.MISSED: "sequence"}
Rows = dict[str, list[dict[str, Any]]]


class Told(NamedTuple):
    """One message as the venue said it; times in ns, `previous` and `checksum` None where there is none."""

    frame: int
    kind: str
    time: int
    received: int
    sequence: int
    previous: int | None
    checksum: int | None
    flags: int
    levels: tuple[tuple[int, str, str], ...]


@dataclass
class StreamBook:
    """One instrument."""

    venue: Capability
    tick: Decimal
    places: tuple[int, int]
    book: SlowBook = field(default_factory=lambda: SlowBook(chained=False))
    newest: Told | None = None  # the message that the book stands at
    seen: int = -1
    depth: int = 0
    doubted: bool = False
    open: list[str] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)  # when checksums did not match
    asked: int | None = None
    wait: int = 0

    def forget(self) -> None:
        self.book.lose()
        self.newest, self.doubted = None, False

    def crossed(self) -> bool:
        bids, asks = self.book.sides[1], self.book.sides[-1]
        return bool(bids and asks) and max(bids) >= min(asks)

    def came_before(self, message: Told) -> bool:
        assert self.newest is not None
        if message.previous is not None:
            return message.sequence <= self.newest.sequence and message.time <= self.newest.time
        if message.checksum is None or message.time == 0:
            return False
        said, newest = ((one.time, one.checksum, one.levels) for one in (message, self.newest))
        return message.time < self.newest.time or said == newest

    def apply(self, message: Told) -> None:
        self.book.apply(Said(0, 0, Kind.DEPTH, "", sequence=message.sequence, levels=message.levels))
        self.newest, self.seen = message, message.sequence
        for side in (1, -1):
            levels = self.book.sides[side]
            while self.depth and len(levels) > self.depth:
                worst = min(levels) if side == 1 else max(levels)
                self.book.removed[side] += float(levels.pop(worst))

    def checked(self, message: Told) -> str:
        """match, mismatch or unverifiable; "" where there is nothing to compare."""
        if not self.venue.checksum:
            return ""
        if message.checksum is None:
            blind = message.kind == "DEPTH" and message.previous is None and message.levels
            return "unverifiable" if blind else ""
        top = {
            side: [
                (price, text)
                for price, text in sorted(levels.items(), reverse=side == 1)[: 10 if self.venue.depths else 25]
            ]
            for side, levels in self.book.sides.items()
        }
        sizes = [size_text(text, self.places[1]) for levels in top.values() for _, text in levels]
        if None in sizes:
            return "unverifiable"
        text = self.kraken(top) if self.venue.checksum == "kraken" else self.okx(top)
        if zlib.crc32(text.encode()) == message.checksum:
            return "match"
        return "unverifiable" if any(size and size[1] for size in sizes) else "mismatch"

    def kraken(self, top: dict[int, list[tuple[Decimal, str]]]) -> str:
        found = ""
        for side in (-1, 1):
            for price, size in top[side]:
                text = size_text(size, self.places[1])
                assert text is not None
                for number in (f"{price:.{self.places[0]}f}", text[0]):
                    found += number.replace(".", "").lstrip("0")
        return found

    def okx(self, top: dict[int, list[tuple[Decimal, str]]]) -> str:
        found = []
        for rank in range(25):
            for side in (1, -1):
                if rank < len(top[side]):
                    price, size = top[side][rank]
                    text = size_text(size, self.places[1])
                    assert text is not None
                    found += [shortest(str(price)), shortest(text[0])]
        return ":".join(found)


def shortest(text: str) -> str:
    return format(Decimal(text).normalize(), "f")


def size_text(size: str, places: int) -> tuple[str, bool] | None:
    """A size as a float64 of it is written, and whether it may have been written otherwise; None: it has no text."""
    number, step = float(size), Decimal(1).scaleb(-places)
    near = Decimal(repr(number))
    if near % step or int("".join(map(str, near.normalize().as_tuple().digits))) > 2**53:
        return None
    many = near / step > 2**53
    return f"{near:.{places}f}", many or any(float(near + way * step) == number for way in (1, -1))


def told(batch: Batch) -> list[Told]:
    """The messages of a batch of frames of stream_tape."""
    return [Told(number, **_body(json.loads(frame))) for number, frame in enumerate(batch.frames)]


def _body(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"levels": tuple((side, price, size) for side, price, size in body["levels"])}


def oracle(batches: list[Batch]) -> Tables:
    """The output of operators/book/rebuild for frames of stream_tape, one instrument."""
    rows: Rows = {"ticks": [], "gaps": [], "control": [], "books": []}
    frames, book = 0, None
    for batch in batches:
        for message in told(batch):
            if book is None:
                row = batch.instruments[0]
                book = StreamBook(
                    venues.get(batch.venue).capability, row.tick_size, (row.price_decimals, row.size_decimals)
                )
            _take(book, message._replace(frame=message.frame + frames), rows)
        frames += len(batch.frames)
    schemas = {"ticks": TICKS, "gaps": GAP, "control": CONTROL, "books": BOOKS}
    return {name: pl.DataFrame(found, schemas[name]) for name, found in rows.items()}


def _take(book: StreamBook, message: Told, rows: Rows) -> None:
    kind = Kind.DEPTH if message.kind == "PICTURE" else Kind[message.kind]
    row: dict[str, Any] = dict.fromkeys(("bid_price", "bid_size", "ask_price", "ask_size", "price", "size"), NAN)
    row |= {"frame": message.frame, "kind": kind, "exchange_time": message.time, "receive_time": message.received}
    row |= {"sequence": message.sequence, "instrument": 0, "valid": False, "side": 0, "off_book": False}
    gap: dict[str, Any] = {"instrument": "X0", "receive_time": message.received, "channel": "depth"}
    last = -1 if book.newest is None else book.newest.sequence
    gap |= {"start_time": book.book.good_time, "expected_sequence": max(last, book.seen), "frame": message.frame}
    gap |= {"received_sequence": message.sequence}
    good = {"RESET": _reset, "SNAPSHOT": _snapshot, "DEPTH": _depth, "PICTURE": _picture}[message.kind](
        book, message, gap, rows
    )
    if good:
        book.book.good_time = message.received
        row |= book.book.quote() | {"sequence": book.newest.sequence}
        if message.kind == "SNAPSHOT":
            book.book.added, book.book.removed = {}, {}
        if row["valid"]:
            shown = {name: row[name] for name in ("instrument", "sequence")}
            rows["books"].append(shown | book.book.shape(book.tick))
    rows["ticks"].append(row)


def _reset(book: StreamBook, message: Told, gap: dict[str, Any], rows: Rows) -> bool:
    book.forget()
    book.seen = -1
    cause = next(cause for flag, cause in FLAG_CAUSES.items() if message.flags & flag)
    return _trouble(book, gap | {"cause": cause}, rows, ask=False)


def _snapshot(book: StreamBook, message: Told, gap: dict[str, Any], rows: Rows) -> bool:
    at = book.newest
    behind = at is not None and 0 < message.time < at.time
    if behind and not (message.sequence == 0 and book.venue.checksum):
        behind = 0 < message.sequence < at.sequence
    if behind and not book.crossed():
        return False
    book.forget()
    sides = deque(side for side, _, _ in message.levels)
    longer = max(sides.count(1), sides.count(-1))
    book.depth = min((depth for depth in book.venue.depths if depth >= longer), default=0)
    book.apply(message)
    if (found := book.checked(message)) == "mismatch":
        return _wrong(book, gap, rows)
    book.doubted = found == "unverifiable"
    if book.crossed():
        _trouble(book, gap | {"cause": "crossed"}, rows, ask=_blind(book, message))
        if book.doubted:
            _trouble(book, gap | {"cause": "unverifiable"}, rows, ask=False)
        return False
    _all_well(book, gap, rows)
    if book.doubted:
        _trouble(book, gap | {"cause": "unverifiable"}, rows, ask=False)
    return True


def _depth(book: StreamBook, message: Told, gap: dict[str, Any], rows: Rows) -> bool:
    if book.newest is None:
        book.seen = message.sequence
        return _trouble(book, gap | {"cause": "unsynchronised"}, rows, news=not book.open)
    if message.previous != (None if message.previous is None else book.newest.sequence) or message.previous is None:
        if book.came_before(message):
            rows["gaps"].append(gap | {"cause": "duplicate", "state": "healed"})
            return False
        if message.previous is not None:
            book.forget()
            book.seen = message.sequence
            return _trouble(book, gap | {"cause": "sequence", "received_sequence": message.previous}, rows)
    was = book.crossed()
    book.apply(message)
    found = book.checked(message)
    if found == "mismatch":
        return _wrong(book, gap, rows)
    crossed = book.crossed()
    if crossed:
        _trouble(book, gap | {"cause": "crossed"}, rows, ask=_blind(book, message))
    elif was:
        _over(book, gap | {"cause": "crossed"}, rows)
    if found and book.doubted != (found == "unverifiable"):
        book.doubted = not book.doubted
        tell = _trouble if book.doubted else _over
        tell(book, gap | {"cause": "unverifiable"}, rows, **({"ask": False} if book.doubted else {}))
    return not crossed


def _picture(book: StreamBook, message: Told, gap: dict[str, Any], rows: Rows) -> bool:
    ill = book.newest is None or book.crossed()
    before = {side: dict(levels) for side, levels in book.book.sides.items()}
    book.book.sides = {1: {}, -1: {}}
    book.apply(message)
    for side in (1, -1):
        now = book.book.sides[side]
        changes = [float(now.get(price, "0")) - float(before[side].get(price, "0")) for price in {*now, *before[side]}]
        book.book.added[side] = sum(change for change in changes if change > 0)
        book.book.removed[side] = -sum(change for change in changes if change < 0)
    if book.crossed():
        return _trouble(book, gap | {"cause": "crossed"}, rows, ask=False)
    if ill:
        _all_well(book, gap, rows)
    return True


def _blind(book: StreamBook, message: Told) -> bool:
    return book.venue.detection == "none" and message.received - book.book.good_time > SECOND


def _wrong(book: StreamBook, gap: dict[str, Any], rows: Rows) -> bool:
    book.forget()
    book.wrong.append(gap["receive_time"])
    return _trouble(book, gap | {"cause": "checksum"}, rows)


def _all_well(book: StreamBook, gap: dict[str, Any], rows: Rows) -> None:
    rows["gaps"] += [gap | {"cause": cause, "state": "healed"} for cause in book.open]
    if "checksum" not in book.open:
        book.asked = None
    book.open = []


def _over(book: StreamBook, gap: dict[str, Any], rows: Rows) -> None:
    if gap["cause"] in book.open:
        book.open.remove(gap["cause"])
        rows["gaps"].append(gap | {"state": "healed"})


def _trouble(book: StreamBook, gap: dict[str, Any], rows: Rows, *, ask: bool = True, news: bool = True) -> bool:
    if news and gap["cause"] not in book.open:
        book.open.append(gap["cause"])
        rows["gaps"].append(gap | {"state": "open"})
    now = gap["receive_time"]
    too_soon = book.asked is not None and now - book.asked < book.wait
    too_often = "checksum" in book.open and len(book.wrong) >= 6 and now - book.wrong[-6] < HOUR
    if ask and not too_soon and not too_often:
        book.wait = SECOND if book.asked is None else min(2 * book.wait, 64 * SECOND)
        book.asked = now
        rows["control"].append({"instrument": "X0", "receive_time": now, "cause": book.open[-1]})
    return False
