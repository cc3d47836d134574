import random
from typing import Any

import numpy as np
import polars as pl

from market.batch import Batch
from market.schema import BAR, CORRECTION, GAP, NO_SEQUENCE, TIMEFRAMES, Kind
from operators import bars, decode
from operators.book import rebuild
from operators.features import order_flow
from operators.frame import frame
from operators.growing_bars import MOST_KEPT
from operators.stage import Stage
from tests.contract import Tables
from tests.market_case import case, outputs
from tests.rows import concat

NAN = float("nan")
SECOND = 1_000_000_000
LATENESS_S = 0.5
KEPT_TRADES = 40  # few, so that corrections come too late for some
TRADES = (Kind.TRADE, Kind.AGGREGATE_TRADE)


class SlowBars:
    """One instrument: the rows of every bar, kept for ever."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], list[dict[str, Any]]] = {}
        self.emitted: dict[tuple[str, int], int] = {}  # how often
        self.watermark = 0
        self.kind: int | None = None
        self.ahead = False
        self.trades: list[dict[str, Any]] = []  # the newest that came, in bars or not
        self.taken_back: set[int] = set()  # by identity of their rows

    def ended(self, timeframe: str, number: int) -> bool:
        return (number + 1) * TIMEFRAMES[timeframe] * SECOND + LATENESS_S * SECOND <= self.watermark

    def take(self, row: dict[str, Any], found: dict[str, list[dict[str, Any]]]) -> None:
        counts = row["kind"] in (Kind.SNAPSHOT, Kind.DEPTH) and row["valid"]
        if row["kind"] in TRADES:
            self.kind = self.kind or row["kind"]
            counts = row["kind"] == self.kind and row["size"] > 0 and not row["off_book"]
            self.trades = [*self.trades, row][-KEPT_TRADES:]
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
            if key not in self.emitted and self.ended(*key) and self.rows[key]:
                self.emit(key, row, found)
        if counts:
            self.add(row, found)

    def add(self, row: dict[str, Any], found: dict[str, list[dict[str, Any]]]) -> None:
        late = False
        for timeframe, seconds in TIMEFRAMES.items():
            number = row["exchange_time"] // (seconds * SECOND)
            if number <= self.watermark // (seconds * SECOND) - MOST_KEPT:
                late = True
                continue
            self.rows.setdefault((timeframe, number), []).append(row)
            if self.ended(timeframe, number):
                self.emit((timeframe, number), row, found)
        if late:
            found["gaps"].append(gap(row, "late", "healed"))

    def correct(self, said: dict[str, Any], found: dict[str, list[dict[str, Any]]]) -> None:
        """Change or take out one trade, and tell its bars again."""
        named = [row for row in self.trades if row["sequence"] == said["trade_id"]]
        trade = next((row for row in reversed(named) if id(row) not in self.taken_back), None)
        if trade is None:
            found["gaps"].append(refused(said, "duplicate" if named else "unknown"))
            return
        if said["action"] == "cancel":
            self.taken_back.add(id(trade))
        else:
            trade |= {"sequence": said["new_trade_id"], "price": said["new_price"], "size": said["new_size"]}
        late, counted = False, False
        for timeframe, seconds in TIMEFRAMES.items():
            key = timeframe, trade["exchange_time"] // (seconds * SECOND)
            held = any(row is trade for row in self.rows.get(key, []))
            counted |= held
            if key[1] <= self.watermark // (seconds * SECOND) - MOST_KEPT:
                late = True
                continue
            if held and said["action"] == "cancel":
                self.rows[key] = [row for row in self.rows[key] if row is not trade]
            if held and key in self.emitted:
                self.emit(key, {**said, "symbol": said["instrument"]}, found)
        if late and counted:
            found["gaps"].append(refused(said, "late"))

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


def refused(said: dict[str, Any], cause: str) -> dict[str, Any]:
    found = {name: said[name] for name in ("instrument", "receive_time", "frame")}
    found |= {"channel": "trade", "cause": cause, "state": "healed", "start_time": said["exchange_time"]}
    return found | {"expected_sequence": NO_SEQUENCE, "received_sequence": said["trade_id"]}


class Corrections:
    """Which trades are corrected, how and when, by their ids alone: so it is the same however the stream is cut."""

    def __init__(self) -> None:
        self.due: dict[int, list[tuple[int, dict[str, Any]]]] = {}  # by instrument: (trades to come before it, row)

    def advance(self, batch: Batch) -> Batch:
        rows = []
        for tick in batch.ticks[np.isin(batch.ticks["kind"], TRADES)]:
            instrument, frame, received = (int(tick[name]) for name in ("instrument", "frame", "receive_time"))
            waiting = [(left - 1, said) for left, said in self.due.get(instrument, [])]
            symbol = batch.instruments[instrument].symbol
            when = {"instrument": symbol, "exchange_time": received - SECOND, "receive_time": received, "frame": frame}
            rows += [said | when for left, said in waiting if left == 0]
            self.due[instrument] = [(left, said) for left, said in waiting if left > 0] + _planned(tick)
        return batch.with_table("trade_corrections", pl.DataFrame(rows, CORRECTION))


def _planned(tick: np.void) -> list[tuple[int, dict[str, Any]]]:
    """What will be said of a trade, and how many trades of its instrument later."""
    number, chance = int(tick["sequence"]), random.Random(int(tick["sequence"]))
    was = {"trade_id": number, "price": float(tick["price"]), "size": float(tick["size"])}
    cancel = was | {"action": "cancel", "new_trade_id": NO_SEQUENCE, "new_price": NAN, "new_size": NAN}
    to = {"new_trade_id": 10**6 + number, "new_price": was["price"] * chance.choice((0.9, 1.0, 1.1)), "new_size": 7.5}
    later = chance.choice((1, 1, 2, 5, 20, 39, 60))
    match chance.randrange(12):
        case 0:
            return [(later, cancel)]
        case 1:
            return [(later, cancel), (later + 1, cancel)]
        case 2:
            return [(later, was | {"action": "correct"} | to)]
        case 3:
            moved = cancel | {"trade_id": to["new_trade_id"]}
            return [(later, was | {"action": "correct"} | to), (later + 3, moved)]
    return []


def corrections() -> Stage:
    return Stage("corrections of the tape", Corrections, Corrections.advance)


def oracle(batches: list[Batch]) -> Tables:
    series: dict[int, SlowBars] = {}
    said = outputs([], ["trade_corrections"])(batches)["trade_corrections"].to_dicts()
    found: dict[str, list[dict[str, Any]]] = {"bars": [], "gaps": []}
    table = batches[-1].instruments
    for row in numbered(batches).to_dicts():
        while said and said[0]["frame"] < row["frame"]:
            series[table.id_of(said[0]["instrument"])].correct(said.pop(0), found)
        row["symbol"] = table[row["instrument"]].symbol
        series.setdefault(row["instrument"], SlowBars()).take(row, found)
    for last in said:
        series[table.id_of(last["instrument"])].correct(last, found)
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
        "gaps": gaps.filter(_ours) if len(gaps) else gaps,
    }


# Trades that came twice are decode's to tell; their rows name no event time.
_ours = pl.col("cause").is_in(["late", "future", "unknown"]) | (
    (pl.col("cause") == "duplicate") & (pl.col("channel") == "trade") & (pl.col("start_time") != pl.col("receive_time"))
)
CASE = case(
    "bars",
    lambda: bars.stage(lateness_s=LATENESS_S, kept_trades=KEPT_TRADES),
    (decode.stage, rebuild.stage, order_flow.stage, corrections),
    added,
    oracle,
    tolerance=1e-12,
)
