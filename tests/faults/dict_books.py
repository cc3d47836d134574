"""Books of what was received, as plain as can be: json, a dictionary a side, and the venue's own numbers or times.

The second oracle: it knows nothing of our code and nothing of the market, only the frames of the journal.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

Side = dict[float, float]  # size by price


class Told(NamedTuple):
    """One book message."""

    symbol: str
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]
    full: bool
    number: int | None = None  # of the newest change in it, where the venue numbers messages of a book
    cut: int | None = None  # levels a side that the venue keeps
    previous: int | None = None  # the number that it continues; a smaller one of its own is then a count begun anew
    time: str = ""  # of the venue, where it numbers nothing and its texts sort
    anew: bool = False  # a full book that replaces any other, by the venue's word


def _pairs(levels: list[Any], price: str = "", size: str = "") -> list[tuple[float, float]]:
    if price:
        return [(float(level[price]), float(level[size])) for level in levels]
    return [(float(level[0]), float(level[1])) for level in levels]


def _binance(said: Any) -> Iterator[Told]:
    event = said.get("data", said)
    if event.get("e") == "depthUpdate":
        yield Told(event["s"], _pairs(event["b"]), _pairs(event["a"]), full=False, number=int(event["u"]))


def _coinbase(said: Any) -> Iterator[Told]:
    if said.get("channel") != "l2_data":
        return
    for event in said["events"]:
        sides: dict[str, list[tuple[float, float]]] = {"bid": [], "offer": []}
        for level in event["updates"]:
            sides[level["side"]].append((float(level["price_level"]), float(level["new_quantity"])))
        full = event["type"] == "snapshot"
        yield Told(event["product_id"], sides["bid"], sides["offer"], full, int(said["sequence_num"]))


def _kraken(said: Any) -> Iterator[Told]:
    if said.get("channel") == "book":
        for row in said["data"]:
            bids, asks = (_pairs(row[side], "price", "qty") for side in ("bids", "asks"))
            yield Told(row["symbol"], bids, asks, said["type"] == "snapshot", cut=10, time=row.get("timestamp", ""))


def _bybit(said: Any) -> Iterator[Told]:
    if str(said.get("topic", "")).startswith("orderbook."):
        row = said["data"]
        anew = int(row["u"]) == 1
        full = anew or said["type"] == "snapshot"
        yield Told(row["s"], _pairs(row["b"]), _pairs(row["a"]), full, int(row["u"]), anew=anew)


def _okx(said: Any) -> Iterator[Told]:
    if said.get("arg", {}).get("channel") == "books" and "data" in said:
        for row in said["data"]:
            full = said["action"] == "snapshot"
            yield Told(
                said["arg"]["instId"],
                _pairs(row["bids"]),
                _pairs(row["asks"]),
                full,
                int(row["seqId"]),
                None,
                int(row["prevSeqId"]),
            )


def _alpaca_crypto(said: Any) -> Iterator[Told]:
    for row in said if isinstance(said, list) else ():
        if row.get("T") == "o":
            yield Told(row["S"], _pairs(row["b"], "p", "s"), _pairs(row["a"], "p", "s"), bool(row.get("r")))


def _quotes(said: Any) -> Iterator[Told]:
    """Stocks of both vendors, and crypto of one exchange: the best bid and ask are the book."""
    for row in said if isinstance(said, list) else ():
        if row.get("T") == "q" or row.get("ev") in ("Q", "XQ"):
            symbol = row.get("S") or row.get("sym") or row.get("pair")
            bid, ask = (float(row["bp"]), float(row["bs"])), (float(row["ap"]), float(row["as"]))
            yield Told(symbol, [bid], [ask], full=True)


FORMS = {
    "binance-spot": _binance,
    "binance-usdm": _binance,
    "coinbase": _coinbase,
    "kraken": _kraken,
    "bybit-spot": _bybit,
    "bybit-linear": _bybit,
    "okx": _okx,
    "alpaca-crypto": _alpaca_crypto,
    "alpaca-iex": _quotes,
    "alpaca-sip": _quotes,
    "massive-stocks": _quotes,
    "massive-crypto": _quotes,
}


class DictBook:
    """One instrument."""

    def __init__(self) -> None:
        self.sides: tuple[Side, Side] = ({}, {})
        self.number: int | None = None
        self.time = ""
        self.overlapped = False  # the first full book of another connection may be older than this one
        self.kept: list[Told] = []  # messages before a book of REST

    def take(self, told: Told) -> None:
        """Apply one message; what is older than the book is none."""
        if self._is_old(told):
            return
        if told.full:
            self.sides = ({}, {})
        for side, levels in zip(self.sides, (told.bids, told.asks), strict=True):
            for price, size in levels:
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)
        self.number, self.time = told.number, told.time
        if told.cut is not None:
            self._cut(told.cut)

    def _is_old(self, told: Told) -> bool:
        if told.full:
            older = (
                self.overlapped and not told.anew and (told.time < self.time or (told.number or 0) < (self.number or 0))
            )
            self.overlapped = False
            return older
        numbered = told.number is not None and self.number is not None and told.number <= self.number
        numbered &= told.previous is None or told.previous != self.number
        old = numbered or (bool(told.time) and told.time < self.time)
        self.overlapped &= old
        return old

    def _cut(self, depth: int) -> None:
        for side, worst_first in zip(self.sides, (False, True), strict=True):
            for price in sorted(side, reverse=worst_first)[: max(len(side) - depth, 0)]:
                del side[price]

    def best(self, depth: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """The best levels of both sides."""
        bids, asks = self.sides
        return sorted(bids.items(), reverse=True)[:depth], sorted(asks.items())[:depth]


class DictBooks:
    """All instruments of a venue."""

    def __init__(self, venue: str) -> None:
        self._form = FORMS[venue]
        self.books: dict[str, DictBook] = {}

    def take(self, frame: bytes) -> None:
        """Apply a frame of the journal; one that is no sound JSON of the venue is none."""
        if frame[:1] == b"\x1e":
            self._record(json.loads(frame[1:]))
            return
        try:
            messages = list(self._form(json.loads(frame)))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            return
        for told in messages:
            book = self.books.setdefault(told.symbol, DictBook())
            book.kept.append(told)
            book.take(told)

    def _record(self, said: Any) -> None:
        if said["record"] == "disconnected" and said["route"] != "market":
            self.books = {}
        if said["record"] in ("began", "torn"):
            self.books = {}
        if said["record"] == "connected" and said["overlap"]:
            for book in self.books.values():
                book.overlapped = True
        if said["record"] != "snapshot":
            return
        body = said["body"]
        book = self.books.setdefault(said["symbol"], DictBook())
        newest = body["lastUpdateId"]
        later = [told for told in book.kept if told.number is not None and told.number > newest]
        book.take(Told(said["symbol"], _pairs(body["bids"]), _pairs(body["asks"]), full=True, number=newest))
        for told in later:
            book.take(told)
        book.kept = later
