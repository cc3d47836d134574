"""Batches as the market flow hands them over, small and made by rule, for tests of what becomes of them."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import polars as pl

from market.batch import Batch, Structs
from market.frames import Frames
from market.instrument import Instrument, InstrumentTable
from market.schema import GAP, Kind
from sinks.clickhouse.schema import tables
from tests import rows

START = 1_700_000_000_000_000_000
MILLISECOND = 1_000_000
SHARD = "binance-usdm/0"
INSTRUMENTS = InstrumentTable(
    tuple(Instrument("binance-usdm", symbol, Decimal("0.1"), Decimal("0.001")) for symbol in ("BTCUSDT", "ETHUSDT"))
)
FEATURES = [name for name, kind in tables()["features"].columns.items() if kind == "Float64"]
KINDS = (Kind.SNAPSHOT, Kind.DEPTH, Kind.TICKER, Kind.TRADE, Kind.AGGREGATE_TRADE, Kind.RESET)


def ticks(offset: int, time: int) -> Structs:
    """One row of every kind; the row of the snapshot is not valid."""
    return rows.ticks(
        [
            {
                "instrument": number % 2,
                "frame": number,
                "kind": kind,
                "exchange_time": 0 if kind == Kind.SNAPSHOT else time - 5,
                "receive_time": time + number,
                "sequence": offset * 100 + number,
                "bid_price": float("nan") if number == 0 else 100.0 + offset,
                "bid_size": 1.5,
                "ask_price": float("nan") if number == 0 else 100.5 + offset,
                "ask_size": 2.5,
                "valid": kind != Kind.SNAPSHOT,
                "price": 7.25 if kind in (Kind.TRADE, Kind.AGGREGATE_TRADE) else float("nan"),
                "size": 0.5,
                "side": -1,
                "off_book": kind == Kind.TRADE,
            }
            for number, kind in enumerate(KINDS)
        ]
    )


def features(offset: int, names: Sequence[str] = FEATURES) -> dict[str, Structs]:
    """Every column of table `features` that is not of a tick, all equal to the offset."""
    columns = np.dtype([(name, np.float64) for name in names])
    return {"made": np.full((len(KINDS), len(names)), float(offset)).view(columns).ravel()}


def gap(time: int) -> pl.DataFrame:
    return pl.DataFrame([("ETHUSDT", time, "depth", "sequence", "open", 0, 5, 9, 3)], schema=GAP, orient="row")


def batch(offset: int, *, step_ms: int = 40, last: bool = False, names: Sequence[str] = FEATURES) -> Batch:
    """The batch of a row; `last` comes without frames, as a closing source gives it."""
    time = START + offset * step_ms * MILLISECOND
    times = np.array([time + len(KINDS)], np.int64)
    if last:
        return Batch(SHARD, offset, times, instruments=INSTRUMENTS, last=True)
    made = {"ticks": ticks(offset, time), "features": features(offset, names) if names else {}}
    item = Batch(SHARD, offset, times, Frames.of([b"raw"]), INSTRUMENTS, **made)
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
