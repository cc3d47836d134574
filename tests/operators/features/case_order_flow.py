from typing import Any

import polars as pl

from market.batch import Batch
from market.schema import Kind
from operators import decode
from operators.book import rebuild
from operators.features import order_flow
from operators.frame import concat
from tests.contract import Tables
from tests.market_case import case, outputs

NAN = float("nan")
BOOK = (Kind.SNAPSHOT, Kind.DEPTH)
TRADES = (Kind.TRADE, Kind.AGGREGATE_TRADE)


class SlowFlow:
    """One instrument: every update and trade since the last gap, kept for ever."""

    def __init__(self) -> None:
        self.kind: int | None = None
        self.restart()

    def restart(self) -> None:
        self.quotes: list[dict[str, Any]] = []
        self.volumes: list[float] = []  # of the trades before each update
        self.traded = 0.0

    def take(self, row: dict[str, Any]) -> None:
        if row["kind"] in TRADES:
            self.kind = self.kind or row["kind"]
            if row["kind"] == self.kind and row["size"] > 0 and not row["off_book"]:
                self.traded += row["side"] * row["size"]
        elif row["kind"] in BOOK and row["valid"]:
            self.quotes.append(row)
            self.volumes.append(self.traded)
            self.traded = 0.0
        elif row["kind"] != Kind.TICKER:
            contained = self.quotes and row["kind"] == Kind.DEPTH and row["sequence"] <= self.quotes[-1]["sequence"]
            if not contained:
                self.restart()

    def values(self, row: dict[str, Any]) -> dict[str, float]:
        updating = row["kind"] in BOOK and row["valid"]
        found = dict.fromkeys(order_flow.COLUMNS, NAN) | {"ofi": NAN if updating else 0.0}
        if not self.quotes:
            return found
        quote = self.quotes[-1]
        bid, ask, q, p = (quote[name] for name in ("bid_price", "ask_price", "bid_size", "ask_size"))
        found["mid_price"] = (bid + ask) / 2
        found["micro_price"] = (bid * p + ask * q) / (p + q)
        found["spread"] = ask - bid
        found["spread_bps"] = (ask - bid) / ((bid + ask) / 2) * 10_000
        found["imbalance"] = (q - p) / (q + p)
        changes = [e(*pair) for pair in zip(self.quotes[-51:], self.quotes[-51:][1:], strict=False)]
        if updating and changes:
            found["ofi"] = changes[-1]
        for rows in (10, 25, 50):
            if len(changes) >= rows:
                found[f"ofi_{rows}"] = sum(changes[-rows:])
                found[f"signed_volume_{rows}"] = sum(self.volumes[-rows:])
        return found


def e(before: dict[str, Any], now: dict[str, Any]) -> float:
    """Order-flow imbalance of one update, as the paper writes it."""
    bid = now["bid_size"] * (now["bid_price"] >= before["bid_price"])
    bid -= before["bid_size"] * (now["bid_price"] <= before["bid_price"])
    ask = now["ask_size"] * (now["ask_price"] <= before["ask_price"])
    ask -= before["ask_size"] * (now["ask_price"] >= before["ask_price"])
    return float(bid - ask)


def oracle(batches: list[Batch]) -> Tables:
    flows: dict[int, SlowFlow] = {}
    values = []
    for row in concat(batch.ticks for batch in batches).to_dicts():
        flow = flows.setdefault(row["instrument"], SlowFlow())
        flow.take(row)
        values.append(flow.values(row))
    return {"ticks": pl.DataFrame(values, dict.fromkeys(order_flow.COLUMNS, pl.Float64))}


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
    windows = {(name, rows): counts > rows for name in ("ofi", "signed_volume") for rows in (10, 25, 50)}
    touch = {("ticks", name): ~cleared for name in ("mid_price", "micro_price", "spread", "spread_bps", "imbalance")}
    return touch | {("ticks", f"{name}_{rows}"): mask for (name, rows), mask in windows.items()}


SHOWN = ["instrument", "kind", "valid", *order_flow.COLUMNS]


def expected(batches: list[Batch]) -> Tables:
    """The oracle's columns beside those that say which rows drive."""
    given = concat(batch.ticks for batch in batches).select(SHOWN[:3])
    return {"ticks": given.hstack(oracle(batches)["ticks"])}


CASE = case(
    "features.order_flow",
    order_flow.stage,
    (decode.stage, rebuild.stage),
    outputs(SHOWN),
    expected,
    ready=ready,
    tolerance=1e-11,
)
