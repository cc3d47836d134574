import math
from itertools import pairwise

import polars as pl

from market.batch import Batch
from market.schema import Kind
from operators import decode
from operators.book import rebuild
from operators.features import order_flow, spreads
from tests.contract import Tables
from tests.market_case import case, outputs
from tests.operators.features.hand import NAN, SECOND, Counted, Row, is_lost, rows_of

HALF_LIFE_TRADES = 20.0
Trade = tuple[int, int, float, float]  # event time, side, price, mid


class SlowSpreads:
    """One instrument: every trade and every mid since the last gap, kept for ever."""

    def __init__(self) -> None:
        self.counts, self.time, self.now = Counted(), 0, [NAN] * 4
        self.restart()

    def restart(self) -> None:
        self.trades: list[Trade] = []
        self.mids: list[tuple[int, float]] = []  # event time, mid price

    def take(self, row: Row) -> None:
        counted = self.counts(row)
        if is_lost(row):
            self.restart()
        elif row["levels"] is not None:
            self.time = max(self.time, row["time"])
            self.mids.append((self.time, row["mid"]))
        elif counted and self.mids:
            self.time = max(self.time, row["time"])
            self.trades.append((self.time, row["side"], row["price"], self.mids[-1][1]))

    def values(self) -> list[float]:
        effective = [2e4 * side * (price - mid) / mid for _, side, price, mid in self.trades]
        slots = [time // (SECOND // 10) for time, *_ in self.trades]
        over = [slot for slot in slots if (slot + 1) * (SECOND // 10) + 5 * SECOND <= self.time]
        settled = self.trades[: len(over)]
        later = [self.mid_before((slot + 1) * (SECOND // 10) + 5 * SECOND) for slot in over]
        realised = [2e4 * s * (p - after) / mid for (_, s, p, mid), after in zip(settled, later, strict=True)]
        impact = [2e4 * s * (after - mid) / mid for (_, s, _, mid), after in zip(settled, later, strict=True)]
        ages = [sum(other > slot for other in over) for slot in over]
        in_order = [len(effective) - 1 - number for number in range(len(effective))]
        return [mean(effective, in_order), mean(realised, ages), mean(impact, ages), self.roll()]

    def mid_before(self, due: int) -> float:
        """The newest mid before event time reached `due`."""
        return next(mid for time, mid in reversed(self.mids) if time < due)

    def roll(self) -> float:
        prices = [price for _, _, price, _ in self.trades]
        r = [(after - before) / before for before, after in pairwise(prices)]
        if len(r) <= spreads.WARM_UP_TRADES:
            return NAN
        pairs = list(pairwise(r))
        w = [0.5 ** ((len(pairs) - 1 - number) / HALF_LIFE_TRADES) for number in range(len(pairs))]
        first, second = (sum(a * pair[k] for a, pair in zip(w, pairs, strict=True)) / sum(w) for k in (0, 1))
        products = [a * (x - first) * (y - second) for a, (x, y) in zip(w, pairs, strict=True)]
        covariance = sum(products) / sum(w)
        return 2e4 * math.sqrt(-covariance) if covariance < 0 else NAN


def mean(values: list[float], ages: list[int]) -> float:
    """Weighing half after HALF_LIFE_TRADES."""
    if len(values) < spreads.WARM_UP_TRADES:
        return NAN
    weights = [0.5 ** (age / HALF_LIFE_TRADES) for age in ages]
    return sum(w * x for w, x in zip(weights, values, strict=True)) / sum(weights)


def oracle(batches: list[Batch]) -> Tables:
    found: dict[int, SlowSpreads] = {}
    values = []
    for row in rows_of(batches):
        slow = found.setdefault(row["instrument"], SlowSpreads())
        if row["kind"] != Kind.TICKER:
            slow.take(row)
            slow.now = slow.values()
        values.append(slow.now)
    return {"ticks": pl.DataFrame(values, dict.fromkeys(spreads.COLUMNS.names or (), pl.Float64), orient="row")}


CASE = case(
    "features.spreads",
    lambda: spreads.stage(half_life_trades=HALF_LIFE_TRADES),
    (decode.stage, rebuild.stage, order_flow.stage),
    outputs(spreads.COLUMNS.names),
    oracle,
    tolerance=1e-9,
)
