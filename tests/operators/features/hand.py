"""Ticks and books written by hand, and read row by row: for tests and oracles of features."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.batch import Batch
from market.frames import Frames
from market.schema import BANDS_BPS, BOOK, DEPTH_LEVELS, NO_BOOK, TICK, Kind
from operators.features import order_flow
from operators.stage import Stage
from tests.operators.book.messages import table

NAN = math.nan
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
Row = dict[str, Any]
Levels = list[tuple[float, float]]  # price, size, best first


def book(time_s: float, bids: Levels, asks: Levels, **more: Any) -> Row:
    """A valid depth row and what its BOOK row holds; `more`: bid_removed and its like, or any column of the tick."""
    return {"kind": Kind.DEPTH, "time_s": time_s, "bids": bids, "asks": asks, "valid": True, **more}


def quote(time_s: float, mid: float, spread: float = 0.2, **more: Any) -> Row:
    """A valid depth row with one level a side, of size 1."""
    return book(time_s, [(mid - spread / 2, 1.0)], [(mid + spread / 2, 1.0)], **more)


def trade(time_s: float, side: int, size: float = 1.0, price: float = 100.0, **more: Any) -> Row:
    return {"kind": Kind.TRADE, "time_s": time_s, "side": side, "size": size, "price": price, **more}


def lost(time_s: float = 0.0) -> Row:
    """A depth row that does not continue the book."""
    return {"kind": Kind.DEPTH, "time_s": time_s}


def reset(time_s: float = 0.0) -> Row:
    return {"kind": Kind.RESET, "time_s": time_s}


def batch(*rows: Row, instruments: int = 1) -> Batch:
    """One batch of the rows, with the features of order_flow; update ids ascend where none is given."""
    ticks, books = np.zeros(len(rows), TICK), np.zeros(sum("bids" in row for row in rows), BOOK)
    for name in (*_TOUCH, "price", "size"):
        ticks[name] = NAN
    ticks["book"] = NO_BOOK
    filled = 0
    for number, (tick, row) in enumerate(zip(ticks, rows, strict=True), start=1):
        time = START + round(row.get("time_s", 0.0) * SECOND)
        said = {"exchange_time": time, "receive_time": time, "sequence": number} | row
        if "bids" in row:
            _fill(books[filled], row)
            said |= {"book": filled} | {name: books[filled][name][0] for name in _TOUCH}
            filled += 1
        for name in said.keys() & _NAMES:
            tick[name] = said[name]
    known = table(count=instruments)
    made = Batch("x/0", 0, np.array([START]), Frames.of([b""]), known, ticks=ticks, books=books)
    return order_flow.stage().run([made])[0]


_TOUCH = ("bid_price", "bid_size", "ask_price", "ask_size")
_NAMES = set(TICK.names or ())


def _fill(book: Any, row: Row) -> None:
    mid = (row["bids"][0][0] + row["asks"][0][0]) / 2
    for side, sign in (("bid", 1), ("ask", -1)):
        levels = row[f"{side}s"]
        near = levels[:DEPTH_LEVELS]
        book[f"{side}_price"] = NAN
        book[f"{side}_price"][: len(near)], book[f"{side}_size"][: len(near)] = zip(*near, strict=True)
        edges = [sign * mid * (1 - sign * bps / 10_000) for bps in BANDS_BPS]
        book[f"{side}_depth"] = [sum(size for price, size in levels if sign * price >= edge) for edge in edges]
        for change in ("added", "removed"):
            book[f"{side}_{change}"] = row.get(f"{side}_{change}", 0.0)


def run(stage: Stage, *rows: Row, **more: Any) -> NDArray[np.void]:
    """What a stage says of each row, all in one batch."""
    return stage.run([batch(*rows, **more)])[0].features[stage.name.rsplit(".", 1)[1]]


def rows_of(batches: list[Batch]) -> Iterator[Row]:
    """Every tick row as a dict, with `mid` (NaN where the book is lost), `levels` (its BOOK row or None), `time`.

    `time` is the exchange time, 0 where it is missing or more than 5 s ahead of our clock.
    """
    for one in batches:
        mids = one.features["order_flow"]["mid_price"]
        for tick, mid in zip(one.ticks, mids.tolist(), strict=True):
            row = dict(zip(TICK.names or (), tick.tolist(), strict=True))
            believed = 0 < row["exchange_time"] <= row["receive_time"] + 5 * SECOND
            levels = one.books[row["book"]] if row["book"] != NO_BOOK else None
            yield row | {"mid": mid, "levels": levels, "time": row["exchange_time"] if believed else 0}


def is_lost(row: Row) -> bool:
    """Whether a row says that the book is lost."""
    return row["kind"] in (Kind.SNAPSHOT, Kind.DEPTH, Kind.RESET) and math.isnan(row["mid"])


class Counted:
    """Which trades of one instrument count: all it showed is remembered."""

    def __init__(self) -> None:
        self.kinds: list[int] = []

    def __call__(self, row: Row) -> bool:
        if row["kind"] not in (Kind.TRADE, Kind.AGGREGATE_TRADE):
            return False
        self.kinds.append(row["kind"])
        return bool(row["kind"] == self.kinds[0] and row["size"] > 0 and row["side"] and not row["off_book"])
