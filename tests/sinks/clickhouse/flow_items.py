"""Batches as the market flow hands them over, small and made by rule, for tests of what becomes of them."""

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from market.batch import Batch
from market.instrument import Instrument, InstrumentTable
from market.schema import GAP, TICK, Kind

START = 1_700_000_000_000_000_000
MILLISECOND = 1_000_000
SHARD = "binance-usdm/0"
INSTRUMENTS = InstrumentTable(
    tuple(Instrument("binance-usdm", symbol, Decimal("0.1"), Decimal("0.001")) for symbol in ("BTCUSDT", "ETHUSDT"))
)
FEATURES = [
    "mid_price", "micro_price", "spread", "spread_bps", "imbalance", "ofi_10", "ofi_25", "ofi_50",
    "signed_volume_10", "signed_volume_25", "signed_volume_50", "realised_volatility",
]  # fmt: skip
KINDS = (Kind.SNAPSHOT, Kind.DEPTH, Kind.TICKER, Kind.TRADE, Kind.AGGREGATE_TRADE, Kind.RESET)


def ticks(offset: int, time: int, *, features: bool = True) -> pl.DataFrame:
    """One row of every kind; the row of the snapshot is not valid."""
    rows = len(KINDS)
    columns: dict[str, Any] = {
        "instrument": [number % 2 for number in range(rows)],
        "frame": list(range(rows)),
        "kind": [int(kind) for kind in KINDS],
        "exchange_time": [0 if kind == Kind.SNAPSHOT else time - 5 for kind in KINDS],
        "receive_time": [time + number for number in range(rows)],
        "sequence": [offset * 100 + number for number in range(rows)],
        "bid_price": [float("nan")] + [100.0 + offset] * (rows - 1),
        "bid_size": [1.5] * rows,
        "ask_price": [float("nan")] + [100.5 + offset] * (rows - 1),
        "ask_size": [2.5] * rows,
        "valid": [kind != Kind.SNAPSHOT for kind in KINDS],
        "price": [7.25 if kind in (Kind.TRADE, Kind.AGGREGATE_TRADE) else float("nan") for kind in KINDS],
        "size": [0.5] * rows,
        "side": [-1] * rows,
        "off_book": [kind == Kind.TRADE for kind in KINDS],
    }
    frame = pl.DataFrame(columns, schema=TICK)
    return frame.hstack([pl.Series(name, [float(offset)] * rows) for name in FEATURES]) if features else frame


def gap(time: int) -> pl.DataFrame:
    return pl.DataFrame([("ETHUSDT", time, "depth", "sequence", "open", 0, 5, 9, 3)], schema=GAP, orient="row")


def batch(offset: int, *, step_ms: int = 40, last: bool = False, features: bool = True) -> Batch:
    """The batch of a row; `last` comes without frames, as a closing source gives it."""
    time = START + offset * step_ms * MILLISECOND
    times = np.array([time + len(KINDS)], np.int64)
    if last:
        return Batch(SHARD, offset, times, (), INSTRUMENTS, last=True)
    item = Batch(SHARD, offset, times, (b"raw",), INSTRUMENTS, ticks=ticks(offset, time, features=features))
    return item.with_table("gaps", gap(time)) if offset % 3 == 0 else item


def signals(time: int) -> pl.DataFrame:
    pairs = pl.List(pl.Struct({"key": pl.String, "value": pl.Float64}))
    head = ("BTCUSDT", "short", time, time, 0.5, 0.75, 1e-4, "calm/bull")
    rows = [(*head, [{"key": "imbalance", "value": 0.25}, {"key": "ofi_10", "value": -1.0}], 1), (*head, [], 2)]
    schema = {
        "instrument": pl.String, "timeframe": pl.String, "time": pl.Int64, "receive_time": pl.Int64,
        "direction": pl.Float64, "confidence": pl.Float64, "volatility": pl.Float64, "regime": pl.String,
        "evidence": pairs, "frame": pl.Int32,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
