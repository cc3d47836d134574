import math
from typing import Any

import polars as pl

from market.batch import Batch
from market.schema import Kind
from operators import decode
from operators.book import rebuild
from operators.features import hawkes, order_flow, trade_flow
from tests.contract import Tables
from tests.market_case import case, outputs
from tests.operators.features.hand import NAN, SECOND, Counted, Row, rows_of

BUCKET_S, HALF_LIFE_EVENTS, WARM_UP_EVENTS = 2.0, 100.0, 20
Trade = tuple[int, int, float]  # event time, side, size


class SlowVpin:
    """All trades of one instrument, and all buckets that they filled."""

    def __init__(self) -> None:
        self.pieces: list[tuple[float, float]] = []  # seconds since the piece before, volume at its end
        self.buckets: list[tuple[float, float]] = []  # |S|, V
        self.last: int | None = None
        self.open: list[float] = []  # signed volumes in the bucket under way
        self.room = 0.0

    def rate(self) -> tuple[float, float]:
        """Seconds known and volume per second, weighing half after an hour."""
        fade = math.log(2) / 3600
        volume = seconds = after = 0.0
        for elapsed, size in reversed(self.pieces):
            volume += size * math.exp(-fade * after)
            seconds += (math.exp(-fade * after) - math.exp(-fade * (after + elapsed))) / fade
            after += elapsed
        return seconds, volume / seconds if seconds else 0.0

    def take(self, time: int, side: int, size: float) -> None:
        self.fill(side, size)
        if self.last:
            self.pieces.append(((time - self.last) / SECOND, size))
        self.last = time

    def fill(self, side: int, size: float) -> None:
        seconds, rate = self.rate()
        if not self.room and seconds < BUCKET_S:
            return
        self.room = self.room or rate * BUCKET_S
        for _ in range(50):
            missing = self.room - sum(map(abs, self.open))
            if size < missing:
                break
            self.buckets.append((abs(sum(self.open) + side * missing), self.room))
            size -= missing
            self.open, self.room = [], rate * BUCKET_S
        else:
            size %= self.room
        self.open.append(side * size)

    def value(self) -> float:
        last = self.buckets[-50:]
        return sum(s for s, _ in last) / sum(v for _, v in last) if len(last) == 50 else NAN


class SlowHawkes:
    """All events of one instrument; β t is kept as the area under β, so that R and L are plain sums over events."""

    def __init__(self) -> None:
        self.n, self.base, self.beta = [[0.25, 0.25], [0.25, 0.25]], [0.5, 0.5], 10.0
        self.learned: list[dict[str, Any]] = []
        self.restart()

    def restart(self) -> None:
        self.events: list[tuple[int, int, float]] = []  # time, side, area under β
        self.area = 0.0

    def sums(self, time: int, area: float) -> tuple[list[float], list[float]]:
        """R and L."""
        kept = [(j, (time - then) / SECOND, math.exp(before - area)) for then, j, before in self.events]
        r = [sum(weight for side, _, weight in kept if side == j) for j in (0, 1)]
        return r, [sum(age * weight for side, age, weight in kept if side == j) for j in (0, 1)]

    def take(self, time: int, side: int) -> None:
        i = 0 if side > 0 else 1
        if not time or any(then == time for then, j, _ in self.events if j == i):
            return
        if self.events:
            elapsed = (time - self.events[-1][0]) / SECOND
            self.area += self.beta * elapsed
            r, aged = self.sums(time, self.area)
            intensity = self.base[i] + sum(self.beta * self.n[i][j] * r[j] for j in (0, 1))
            self.learned.append(
                {
                    "i": i,
                    "elapsed": elapsed,
                    "immigrant": self.base[i] / intensity,
                    "child": [self.beta * self.n[i][j] * r[j] / intensity for j in (0, 1)],
                    "age": sum(self.beta * self.n[i][j] * aged[j] / intensity for j in (0, 1)),
                }
            )
            self.learn()
        self.events.append((time, i, self.area))

    def learn(self) -> None:
        def total(prior: float, values: list[float]) -> float:
            weights = [0.5 ** ((len(values) - number) / HALF_LIFE_EVENTS) for number in range(len(values) + 1)]
            return sum(w * x for w, x in zip(weights, [prior, *values], strict=True))

        said = self.learned
        seconds = total(20.0, [x["elapsed"] for x in said])
        events = [total(20.0, [float(x["i"] == j) for x in said]) for j in (0, 1)]
        children = [[total(5.0, [(x["i"] == i) * x["child"][j] for x in said]) for j in (0, 1)] for i in (0, 1)]
        self.base = [total(10.0, [(x["i"] == i) * x["immigrant"] for x in said]) / seconds for i in (0, 1)]
        self.n = [[children[i][j] / events[j] for j in (0, 1)] for i in (0, 1)]
        beta = sum(map(sum, children)) / total(2.0, [x["age"] for x in said])
        self.beta = min(max(beta, hawkes.MIN_DECAY), hawkes.MAX_DECAY)

    def values(self, time: int) -> list[float]:
        if not self.events or len(self.learned) < WARM_UP_EVENTS:
            return [NAN, NAN]
        elapsed = max(time - self.events[-1][0], 0) / SECOND
        r, _ = self.sums(time, self.area + self.beta * elapsed)
        return [self.base[i] + sum(self.beta * self.n[i][j] * r[j] for j in (0, 1)) for i in (0, 1)]


class SlowTrades:
    """One instrument."""

    def __init__(self) -> None:
        self.counts, self.vpin, self.hawkes = Counted(), SlowVpin(), SlowHawkes()
        self.trades: list[float] = []  # side × size since the last reset
        self.time, self.intensities = 0, [NAN, NAN]

    def take(self, row: Row) -> None:
        if row["kind"] == Kind.RESET:
            self.trades, self.intensities = [], [NAN, NAN]
            self.vpin.last, self.vpin.open, self.vpin.room = None, [], 0.0
            self.hawkes.restart()
        elif self.counts(row):
            self.time = max(self.time, row["time"])
            self.trades.append(row["side"] * row["size"])
            self.vpin.take(self.time, row["side"], row["size"])
            self.hawkes.take(self.time, row["side"])
            self.intensities = self.hawkes.values(self.time)
        elif row["levels"] is not None:
            self.intensities = self.hawkes.values(max(self.time, row["time"]))

    def values(self) -> list[float]:
        found = []
        for n in (10, 25, 50):
            last = self.trades[-n:]
            found.append(sum(last) / sum(map(abs, last)) if len(last) == n else NAN)
        return [*found, self.vpin.value(), *self.intensities]


def oracle(batches: list[Batch]) -> Tables:
    found: dict[int, SlowTrades] = {}
    values = []
    for row in rows_of(batches):
        slow = found.setdefault(row["instrument"], SlowTrades())
        slow.take(row)
        values.append(slow.values())
    names = trade_flow.COLUMNS.names or ()
    return {"ticks": pl.DataFrame(values, dict.fromkeys(names, pl.Float64), orient="row")}


CASE = case(
    "features.trade_flow",
    lambda: trade_flow.stage(bucket_s=BUCKET_S, half_life_events=HALF_LIFE_EVENTS, warm_up_events=WARM_UP_EVENTS),
    (decode.stage, rebuild.stage, order_flow.stage),
    outputs(trade_flow.COLUMNS.names),
    oracle,
    tolerance=1e-9,
)
