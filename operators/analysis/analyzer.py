"""`OrderBookAnalyzer`: one instrument's order book and order flow, measured as the market flow measures them.

It runs the same stages (operators/measures.py) on the same batches, so that research, notebooks and services see the
numbers that go to the tables, and keeps a history from which windows of any length can be asked for.

    analyzer = OrderBookAnalyzer("BTCUSDT")
    for batch in recorded(Path("barograph-data")):  # sources/recorded.py
        analyzer.take(batch)
    analyzer.compute_ofi_horizons(horizons=[1, 10, 60], unit="seconds")
    analyzer.estimate_price_impact(order_size=5.0, side=1, horizon=30.0)
"""

from collections import deque
from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np
import polars as pl

from market.batch import Batch, Structs
from market.schema import NO_BOOK
from operators.analysis.history import CURSOR, UPDATE, record
from operators.analysis.horizons import Unit, horizons_of
from operators.features import order_flow
from operators.impact.estimate import PriceImpact, check_order, estimate_price_impact
from operators.measures import measures

UPDATES_KEPT = 100_000
LIQUIDITY = ("spreads", "depth")


class OrderBookAnalyzer:
    """Measures of one instrument, from all batches of its shard in order.

    symbol: as the venue spells it. updates_kept: book updates that windows may reach back to, 1 … 10 000 000, 224 bytes
    each; older ones are forgotten.
    """

    def __init__(self, symbol: str, *, updates_kept: int = UPDATES_KEPT) -> None:
        if not (isinstance(updates_kept, int) and 1 <= updates_kept <= 10_000_000):
            raise ValueError(f"updates_kept must be a whole number from 1 to 10000000, got {updates_kept}")
        self.symbol = symbol
        self._kept = updates_kept
        self._stages = [(stage, stage.empty()) for stage in measures()]
        self._flow, self._cursor = order_flow.empty(1), np.zeros(1, CURSOR)
        self._updates: deque[Structs] = deque()
        self._count = 0
        self._book: Structs | None = None  # the newest BOOK row, None while the book is not valid
        self._now: dict[str, Structs] = {}  # the newest row of features, by operator

    def take(self, batch: Batch) -> Batch:
        """Measure one batch as received, and give it back with everything that was measured."""
        for stage, state in self._stages:
            batch = stage.advance(state, batch)
        instrument = batch.instruments.id_of(self.symbol)
        rows = np.flatnonzero(batch.ticks["instrument"] == instrument)
        if len(rows):
            self._remember(batch, rows)
            self._record(batch, instrument)
        return batch

    @property
    def book(self) -> Structs | None:
        """The ten best levels of each side and the depth, a row of market.schema.BOOK; None while not valid."""
        return self._book

    def features(self) -> dict[str, float]:
        """Every feature as of the newest message, by column name; empty before the first."""
        return {name: value for rows in self._now.values() for name, value in _values(rows).items()}

    def liquidity(self) -> dict[str, float]:
        """Spreads, depth, slope, resiliency and cancel ratio as of the newest message, by column name."""
        return {name: value for key in LIQUIDITY if key in self._now for name, value in _values(self._now[key]).items()}

    def compute_ofi_horizons(self, horizons: Sequence[float] = (10, 25, 50), unit: Unit = "events") -> pl.DataFrame:
        """Order flow of every update kept, over windows of so many `events` (book updates), `seconds` or `volume`.

        One row per update: event_time, receive_time, sequence, and for each horizon h: ofi_h (best level), ofi_deep_h
        (ten levels), ofi_normalised_h, ofi_integrated_h, signed_volume_h; NaN where the window is not full.
        Raises ValueError for an unknown unit or a horizon that cannot be. Definitions: operators/analysis/horizons.py.
        """
        kept = np.concatenate([np.empty(0, UPDATE), *self._updates])[-self._kept :]
        return horizons_of(kept, horizons, unit)

    def estimate_price_impact(self, order_size: float, side: int, horizon: float) -> PriceImpact:
        """What an order would do to the price: mean, 95 % interval, components by model, or why it cannot tell.

        order_size above 0 in base units or contracts; side +1 buys, −1 sells; horizon in seconds over which it is
        worked evenly, 0 for at once (a walk through the ten levels known). Prices in quote currency.
        Raises ValueError for values out of range. Models: operators/impact/.
        """
        check_order(order_size, side, horizon)
        if self._book is None:
            return PriceImpact(nan, nan, nan, nan, {}, {}, "none", f"there is no valid book of {self.symbol}")
        coefficients = self._now["impact"]
        return estimate_price_impact(coefficients, self._book, order_size=order_size, side=side, horizon_s=horizon)

    def _remember(self, batch: Batch, rows: Any) -> None:
        self._now = {name: measured[rows[-1]].copy() for name, measured in batch.features.items()}
        booked = batch.ticks["book"][rows]
        if (booked != NO_BOOK).any():
            self._book = batch.books[booked[booked != NO_BOOK][-1]].copy()
        if not np.isfinite(self._now["order_flow"]["mid_price"]):
            self._book = None

    def _record(self, batch: Batch, instrument: int) -> None:
        out = np.empty(len(batch.ticks), UPDATE)
        made = record(self._flow, self._cursor, batch.ticks, batch.books, instrument, out)
        if made:
            self._updates.append(out[:made].copy())
            self._count += made
        while self._updates and self._count - len(self._updates[0]) >= self._kept:
            self._count -= len(self._updates.popleft())


def _values(row: Any) -> dict[str, float]:
    return dict(zip(row.dtype.names, row.item(), strict=True))
