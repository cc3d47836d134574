from typing import Any

import numpy as np
import polars as pl

from market.batch import Batch
from market.schema import DEPTH_LEVELS, Kind
from operators import decode
from operators.book import rebuild
from operators.features import order_flow
from operators.frame import frame
from tests.contract import Tables
from tests.market_case import case, outputs
from tests.rows import concat

NAN = float("nan")
BOOK = (Kind.SNAPSHOT, Kind.DEPTH)
TRADES = (Kind.TRADE, Kind.AGGREGATE_TRADE)
NAMES = list(order_flow.COLUMNS.names or ())
SIDES = ("bid_price", "bid_size", "ask_price", "ask_size")


class SlowFlow:
    """One instrument: every update and trade since the last gap, and every window, kept for ever."""

    def __init__(self) -> None:
        self.kind: int | None = None
        self.windows: list[Any] = []
        self.component = np.full(DEPTH_LEVELS, NAN)
        self.restart()

    def restart(self) -> None:
        self.sequence = -1
        self.books: list[dict[str, Any]] = []
        self.changes: list[Any] = []  # (levels,) each
        self.volumes: list[float] = []  # of the trades before each update
        self.traded = 0.0

    def take(self, row: dict[str, Any], book: dict[str, Any] | None) -> None:
        if row["kind"] in TRADES:
            self.kind = self.kind or row["kind"]
            if row["kind"] == self.kind and row["size"] > 0 and not row["off_book"]:
                self.traded += row["side"] * row["size"]
        elif book is not None:
            self.sequence = row["sequence"]
            if self.books:
                self.changes.append(e(self.books[-1], book))
                self.volumes.append(self.traded)
            self.books.append(book)
            self.traded = 0.0
            if self.changes and len(self.changes) % 50 == 0:
                self.windows.append(self.scaled(50))
                if len(self.windows) % order_flow.RENEW == 0:
                    self.component = component(self.windows)
        elif row["kind"] != Kind.TICKER and not (row["kind"] == Kind.DEPTH and row["sequence"] <= self.sequence):
            self.restart()

    def scaled(self, h: int) -> Any:
        """The sums of the levels over the last h updates, over the mean size of a level."""
        depths = [(book["bid_size"].sum() + book["ask_size"].sum()) / (2 * DEPTH_LEVELS) for book in self.books[-h:]]
        return sum(self.changes[-h:]) / np.mean(depths)

    def values(self, row: dict[str, Any]) -> dict[str, float]:
        found = dict.fromkeys(NAMES, NAN) | {"ofi": NAN if row["book"] else 0.0}
        if not self.books:
            return found
        book = self.books[-1]
        bid, q, ask, p = (float(book[name][0]) for name in SIDES)
        found["mid_price"] = (bid + ask) / 2
        found["weighted_mid"] = (bid * p + ask * q) / (p + q)
        found["spread"] = ask - bid
        found["spread_bps"] = (ask - bid) / ((bid + ask) / 2) * 10_000
        found["imbalance"] = (q - p) / (q + p)
        bids, asks = book["bid_size"].sum(), book["ask_size"].sum()
        found["imbalance_10"] = (bids - asks) / (bids + asks)
        if row["book"] and self.changes:
            found["ofi"] = self.changes[-1][0]
        found["ofi_ew"] = sum(change[0] * 0.5 ** (age / 25) for age, change in enumerate(reversed(self.changes)))
        for h in (10, 25, 50):
            if len(self.changes) >= h:
                touches = [(book["bid_size"][0] + book["ask_size"][0]) / 2 for book in self.books[-h:]]
                total = sum(self.changes[-h:])
                found[f"ofi_{h}"] = total[0]
                found[f"ofi_deep_{h}"] = total.sum()
                found[f"ofi_normalised_{h}"] = total[0] / np.mean(touches)
                found[f"ofi_integrated_{h}"] = float(self.component @ self.scaled(h))
                found[f"signed_volume_{h}"] = sum(self.volumes[-h:])
        return found


def e(before: dict[str, Any], now: dict[str, Any]) -> Any:
    """Order-flow imbalance of one update at every level, as the paper writes it; a missing level is infinitely far."""
    found = np.zeros(DEPTH_LEVELS)
    for side, sign in (("bid", 1.0), ("ask", -1.0)):
        price, was = (np.where(np.isnan(b[f"{side}_price"]), -np.inf, sign * b[f"{side}_price"]) for b in (now, before))
        size, had = now[f"{side}_size"], before[f"{side}_size"]
        found += sign * (size * (price >= was) - had * (price <= was))
    return found


def component(windows: list[Any]) -> Any:
    """The first principal component of weighted windows, by LAPACK."""
    weights = 0.5 ** (np.arange(len(windows))[::-1] / order_flow.COMPONENT_WINDOWS)
    rows = np.array(windows)
    about = rows - np.average(rows, axis=0, weights=weights)
    first = np.linalg.eigh(about.T @ (about * weights[:, None]))[1][:, -1]
    return first / np.abs(first).sum() * np.sign(first.sum())


def oracle(batches: list[Batch]) -> Tables:
    flows: dict[int, SlowFlow] = {}
    values = []
    for batch in batches:
        for tick, row in zip(batch.ticks, frame(batch).to_dicts(), strict=True):
            book = {name: batch.books[tick["book"]][name] for name in SIDES} if tick["book"] >= 0 else None
            flow = flows.setdefault(row["instrument"], SlowFlow())
            flow.take(row, book)
            values.append(flow.values(row | {"book": book is not None}))
    return {"ticks": pl.DataFrame(values, dict.fromkeys(NAMES, pl.Float64))}


def ready(found: Tables) -> dict[tuple[str, str], pl.Series]:
    """Windows of n are ready from the n + 1st driving row after each clear on."""
    wide = found["ticks"]
    drives = wide["kind"].is_in([int(kind) for kind in BOOK]) & wide["valid"]
    cleared = wide["mid_price"].is_nan()
    counts = (
        wide.select("instrument", drives=drives, run=cleared)
        .with_columns(run=pl.col("run").cum_sum().over("instrument"))
        .with_columns(count=pl.col("drives").cum_sum().over("instrument", "run"))["count"]
    )
    names = ("ofi", "ofi_deep", "ofi_normalised", "signed_volume")
    windows = {(name, rows): counts > rows for name in names for rows in (10, 25, 50)}
    touch = ("mid_price", "weighted_mid", "spread", "spread_bps", "imbalance", "imbalance_10", "ofi_ew")
    return {("ticks", name): ~cleared for name in touch} | {
        ("ticks", f"{name}_{rows}"): mask for (name, rows), mask in windows.items()
    }


SHOWN = ["instrument", "kind", "valid", *NAMES]


def expected(batches: list[Batch]) -> Tables:
    """The oracle's columns beside those that say which rows drive."""
    given = concat(frame(batch) for batch in batches).select(SHOWN[:3])
    return {"ticks": given.hstack(oracle(batches)["ticks"])}


CASE = case(
    "features.order_flow",
    order_flow.stage,
    (decode.stage, rebuild.stage),
    outputs(SHOWN),
    expected,
    ready=ready,
    tolerance=1e-9,
)
