from typing import Any

import numpy as np
import polars as pl

from market.batch import Batch
from operators import decode
from operators.book import rebuild
from operators.features import micro_price, order_flow
from tests.contract import Tables
from tests.market_case import case, outputs
from tests.operators.features.hand import NAN, SECOND, Row, is_lost, rows_of

HALF_LIFE_S, RENEW_S, TRANSITIONS = 60, 5, 30
HALF = 20  # states of one sign; x + HALF is the mirror image of x


class SlowMicroPrice:
    """One instrument: every transition, kept for ever; all states of both signs; the paper's own sum over moves."""

    def __init__(self, tick_size: float) -> None:
        self.tick_size = tick_size
        self.transitions: list[tuple[int, int, int | None, float]] = []  # period, from, to (None: balanced), ticks
        self.before: Row | None = None
        self.adjustment: Any = None
        self.period, self.value = 0, NAN

    def state(self, row: Row) -> int | None:
        bid, ask = row["bid_size"], row["ask_size"]
        size = min(int(abs(bid - ask) / (bid + ask) * 5), 4)
        spread = min(round((row["ask_price"] - row["bid_price"]) / self.tick_size), 4)
        return None if bid == ask else size + 5 * (spread - 1) + (HALF if bid < ask else 0)

    def take(self, row: Row) -> None:
        if is_lost(row):
            self.before, self.value = None, NAN
        if row["levels"] is None:
            return
        period = row["time"] // (RENEW_S * SECOND)
        if period > self.period:
            if self.period:
                self.renew(period)
            self.period = period
        state = self.state(row)
        if self.before is not None and (before := self.state(self.before)) is not None:
            ticks = round(2 * (row["mid"] - self.before["mid"]) / self.tick_size) / 2
            self.transitions.append((self.period, before, state, ticks))
        self.before = row
        if self.adjustment is not None:
            ticks = 0.0 if state is None else self.adjustment[state]
            self.value = row["mid"] + self.tick_size * ticks

    def renew(self, period: int) -> None:
        """Q: to where the mid has not moved; R: to where it has; K: by how much it moved."""
        q, r, k = np.zeros((2 * HALF, 2 * HALF)), np.zeros((2 * HALF, 2 * HALF)), np.zeros(2 * HALF)
        counts, total = np.full(2 * HALF, micro_price.PRIOR), 0.0
        for then, before, after, ticks in self.transitions:
            weight = 0.5 ** ((period - then) * RENEW_S / HALF_LIFE_S)
            total += weight
            for mirror, sign in ((0, 1), (HALF, -1)):
                x = (before + mirror) % (2 * HALF)
                counts[x] += weight
                k[x] += weight * sign * ticks
                if after is not None:
                    (r if ticks else q)[x, (after + mirror) % (2 * HALF)] += weight
        q, r, k = q / counts[:, None], r / counts[:, None], k / counts
        rest = np.eye(2 * HALF) - q
        first, b = np.linalg.solve(rest, k), np.linalg.solve(rest, r)
        self.adjustment = np.linalg.solve(np.eye(2 * HALF) - b, first) if total >= TRANSITIONS else None


def oracle(batches: list[Batch]) -> Tables:
    found: dict[int, SlowMicroPrice] = {}
    values = []
    instruments = batches[-1].instruments
    for row in rows_of(batches):
        number = row["instrument"]
        slow = found.setdefault(number, SlowMicroPrice(float(instruments[number].tick_size)))
        slow.take(row)
        values.append(slow.value)
    return {"ticks": pl.DataFrame({"micro_price": values})}


CASE = case(
    "features.micro_price",
    lambda: micro_price.stage(half_life_s=HALF_LIFE_S, renew_s=RENEW_S, transitions=TRANSITIONS),
    (decode.stage, rebuild.stage, order_flow.stage),
    outputs(["micro_price"]),
    oracle,
    tolerance=1e-9,
)
