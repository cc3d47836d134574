from typing import Any

import polars as pl

from market.batch import Batch
from market.schema import BAR, GAP, TIMEFRAMES, Kind
from operators import bars, decode
from operators.book import rebuild
from operators.features import order_flow
from operators.frame import frame
from operators.growing_bars import KEPT
from tests.contract import Tables
from tests.market_case import case, outputs
from tests.rows import concat

NAN = float("nan")
SECOND = 1_000_000_000
LATENESS_S = 0.5
TRADES = (Kind.TRADE, Kind.AGGREGATE_TRADE)


class SlowBars:
    """One instrument: the rows of every bar, kept for ever."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], list[dict[str, Any]]] = {}
        self.emitted: dict[tuple[str, int], int] = {}  # how often
        self.watermark = 0
        self.kind: int | None = None
        self.ahead = False

    def ended(self, timeframe: str, number: int) -> bool:
        return (number + 1) * TIMEFRAMES[timeframe] * SECOND + LATENESS_S * SECOND <= self.watermark

    def take(self, row: dict[str, Any], found: dict[str, list[dict[str, Any]]]) -> None:
        counts = row["kind"] in (Kind.SNAPSHOT, Kind.DEPTH) and row["valid"]
        if row["kind"] in TRADES:
            self.kind = self.kind or row["kind"]
            counts = row["kind"] == self.kind and row["size"] > 0 and not row["off_book"]
        if row["exchange_time"] == 0:
            return
        ahead, self.ahead = self.ahead, row["exchange_time"] > row["receive_time"] + 5 * SECOND
        if ahead != self.ahead:
            found["gaps"].append(gap(row, "future", "open" if self.ahead else "healed"))
        if self.ahead:
            return
        self.watermark = max(self.watermark, row["exchange_time"])
        order = list(TIMEFRAMES)
        for key in sorted(self.rows, key=lambda key: (order.index(key[0]), key[1])):
            if key not in self.emitted and self.ended(*key):
                self.emit(key, row, found)
        if counts:
            self.add(row, found)

    def add(self, row: dict[str, Any], found: dict[str, list[dict[str, Any]]]) -> None:
        late = False
        for timeframe, seconds in TIMEFRAMES.items():
            number = row["exchange_time"] // (seconds * SECOND)
            if number <= self.watermark // (seconds * SECOND) - KEPT:
                late = True
                continue
            self.rows.setdefault((timeframe, number), []).append(row)
            if self.ended(timeframe, number):
                self.emit((timeframe, number), row, found)
        if late:
            found["gaps"].append(gap(row, "late", "healed"))

    def emit(self, key: tuple[str, int], cause: dict[str, Any], found: dict[str, list[dict[str, Any]]]) -> None:
        revision = self.emitted[key] = self.emitted.get(key, -1) + 1
        timeframe, number = key
        interval = TIMEFRAMES[timeframe] * SECOND
        rows = sorted(self.rows[key], key=lambda row: row["exchange_time"])
        trades = [row for row in rows if row["kind"] in TRADES]
        updates = [row for row in rows if row["kind"] not in TRADES]
        prices, mids = [row["price"] for row in trades], [row["mid_price"] for row in updates]
        open_time = number * interval
        found["bars"].append(
            {
                "instrument": cause["symbol"],
                "timeframe": timeframe,
                "open_time": open_time,
                "close_time": open_time + interval,
                "receive_time": cause["receive_time"],
                "open": prices[0] if prices else NAN,
                "high": max(prices, default=NAN),
                "low": min(prices, default=NAN),
                "close": prices[-1] if prices else NAN,
                "volume": float(sum(row["size"] for row in trades)),
                "buy_volume": float(sum(row["size"] for row in trades if row["side"] > 0)),
                "sell_volume": float(sum(row["size"] for row in trades if row["side"] < 0)),
                "notional": float(sum(row["size"] * row["price"] for row in trades)),
                "trades": len(trades),
                "mid_open": mids[0] if mids else NAN,
                "mid_close": mids[-1] if mids else NAN,
                "ofi": float(sum(row["ofi"] for row in updates if row["ofi"] == row["ofi"])),
                "updates": len(updates),
                "revision": revision,
                "origin": "ticks",
                "frame": cause["frame"],
            }
        )


def gap(row: dict[str, Any], cause: str, state: str) -> dict[str, Any]:
    found = {name: row[name] for name in ("receive_time", "frame")}
    found |= {"channel": "trade" if row["kind"] in TRADES else "depth", "instrument": row["symbol"]}
    found |= {"cause": cause, "state": state, "start_time": row["exchange_time"]}
    return found | {"expected_sequence": -1, "received_sequence": row["sequence"]}


def oracle(batches: list[Batch]) -> Tables:
    series: dict[int, SlowBars] = {}
    found: dict[str, list[dict[str, Any]]] = {"bars": [], "gaps": []}
    table = batches[-1].instruments
    for row in numbered(batches).to_dicts():
        row["symbol"] = table[row["instrument"]].symbol
        series.setdefault(row["instrument"], SlowBars()).take(row, found)
    return {"bars": pl.DataFrame(found["bars"], BAR), "gaps": pl.DataFrame(found["gaps"], GAP)}


def numbered(batches: list[Batch]) -> pl.DataFrame:
    """Tick rows of all batches, with `frame` counted over the whole stream."""
    columns = concat(frame(batch) for batch in batches).columns
    return outputs(columns)(batches)["ticks"]


def added(batches: list[Batch]) -> Tables:
    """Bars, and the gaps rows about them; the book's own gaps are not this stage's."""
    found = outputs([], ["bars", "gaps"])(batches)
    gaps = found["gaps"]
    return {
        "bars": found["bars"],
        "gaps": gaps.filter(pl.col("cause").is_in(["late", "future"])) if len(gaps) else gaps,
    }


CASE = case(
    "bars",
    lambda: bars.stage(lateness_s=LATENESS_S),
    (decode.stage, rebuild.stage, order_flow.stage),
    added,
    oracle,
    tolerance=1e-12,
)
