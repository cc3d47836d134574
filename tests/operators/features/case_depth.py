import math
from typing import Any

import polars as pl

from market.batch import Batch
from market.schema import Kind
from operators import decode
from operators.book import rebuild
from operators.features import depth, order_flow
from tests.contract import Tables
from tests.market_case import case, outputs
from tests.operators.features.hand import NAN, SECOND, Counted, Row, is_lost, rows_of

HALF_LIFE_UPDATES = 20.0


class SlowOrder:
    """What one order took from one side of the book."""

    def __init__(self, time: int, size: float, levels: list[float]) -> None:
        self.time, self.sizes, self.levels = time, [size], levels

    @property
    def is_large(self) -> bool:
        return sum(self.sizes) > 0.5 * self.levels[0]

    def recovered_s(self, time: int, levels: list[float]) -> float | None:
        elapsed = (time - self.time) / SECOND
        if elapsed >= 60:
            return 60.0
        return elapsed if sum(levels) >= sum(self.levels) - sum(self.sizes) / 2 else None


class SlowDepth:
    """One instrument."""

    def __init__(self) -> None:
        self.counts, self.time = Counted(), 0
        self.recoveries: list[float] = []
        self.restart()

    def restart(self) -> None:
        self.row: Row | None = None  # newest with a book
        self.shown = NAN  # recovery
        self.orders: dict[str, SlowOrder] = {}
        self.traded = {"bid": 0.0, "ask": 0.0}
        self.changes: list[tuple[float, float]] = []  # cancelled, removed

    def take(self, row: Row) -> None:
        counted = self.counts(row)
        if is_lost(row):
            self.restart()
        elif row["levels"] is not None:
            self.row = row
            for side in ("bid", "ask"):
                self.watch(side, row["time"], sizes(row["levels"], side))
            self.shown = self.recovery()
            if row["kind"] == Kind.DEPTH:
                removed = {side: float(row["levels"][f"{side}_removed"]) for side in ("bid", "ask")}
                cancelled = sum(max(0.0, removed[side] - self.traded[side]) for side in removed)
                self.changes.append((cancelled, sum(removed.values())))
            self.traded = {"bid": 0.0, "ask": 0.0}
        elif counted:
            self.trade("ask" if row["side"] > 0 else "bid", row)

    def trade(self, side: str, row: Row) -> None:
        self.traded[side] += row["size"]
        self.time = max(self.time, row["time"])
        order = self.orders.get(side)
        if order and order.time == self.time:
            order.sizes.append(row["size"])
        elif self.row and not (order and order.is_large):
            self.orders[side] = SlowOrder(self.time, row["size"], sizes(self.row["levels"], side))

    def watch(self, side: str, time: int, levels: list[float]) -> None:
        order = self.orders.get(side)
        if order and time > order.time:
            recovered = order.recovered_s(time, levels) if order.is_large else 0.0
            if order.is_large and recovered is not None:
                self.recoveries.append(recovered)
            if recovered is not None:
                del self.orders[side]

    def recovery(self) -> float:
        if not self.recoveries:
            return NAN
        weights = [0.5 ** (age / 20) for age in range(len(self.recoveries))][::-1]
        return sum(w * x for w, x in zip(weights, self.recoveries, strict=True)) / sum(weights)

    def cancelled(self) -> float:
        if len(self.changes) < depth.WARM_UP_UPDATES:
            return NAN
        w = [0.5 ** (age / HALF_LIFE_UPDATES) for age in range(len(self.changes))][::-1]
        removed = sum(a * x for a, (_, x) in zip(w, self.changes, strict=True))
        return sum(a * x for a, (x, _) in zip(w, self.changes, strict=True)) / removed if removed else NAN

    def values(self) -> list[float]:
        if not self.row:
            return [NAN] * 11
        book, mid = self.row["levels"], self.row["mid"]
        bands = [*book["bid_depth"].tolist(), *book["ask_depth"].tolist()]
        slope = (slow_slope(book, "bid", mid) + slow_slope(book, "ask", mid)) / 2
        return [*bands, slope, self.shown, self.cancelled()]


def sizes(book: Any, side: str) -> list[float]:
    return [size for size in book[f"{side}_size"].tolist() if size > 0]


def slow_slope(book: Any, side: str, mid: float) -> float:
    """As the paper writes it, with ln(1 + size)."""
    rests = sizes(book, side)
    p = [mid, *book[f"{side}_price"].tolist()]
    v = [math.log(1 + sum(rests[: level + 1])) for level in range(len(rests))]
    first = v[0] / abs(p[1] / p[0] - 1)
    return (first + sum((v[t + 1] / v[t] - 1) / abs(p[t + 2] / p[t + 1] - 1) for t in range(len(v) - 1))) / len(v)


def oracle(batches: list[Batch]) -> Tables:
    found: dict[int, SlowDepth] = {}
    values = []
    for row in rows_of(batches):
        slow = found.setdefault(row["instrument"], SlowDepth())
        slow.take(row)
        values.append(slow.values())
    return {"ticks": pl.DataFrame(values, dict.fromkeys(depth.COLUMNS.names or (), pl.Float64), orient="row")}


CASE = case(
    "features.depth",
    lambda: depth.stage(half_life_updates=HALF_LIFE_UPDATES),
    (decode.stage, rebuild.stage, order_flow.stage),
    outputs(depth.COLUMNS.names),
    oracle,
    tolerance=1e-9,
)
