"""How bars grow with the ticks, close by event time, and are given again; a part of `bars`.

A ring keeps the last KEPT intervals of every instrument and timeframe; the watermark is an instrument's newest credible
event time. Open, close and mids are of the earliest and latest event time; equal times count in order of arrival.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.clock import SECOND_NS
from market.schema import NO_TIME, TIMEFRAMES
from operators.features import order_flow
from operators.features.rows import AGGREGATE_TRADE, DEPTH, FUTURE_NS, SNAPSHOT, TRADE
from operators.kernel import TICKS, int64, kernel, out_type, part, rows_type, state_type

KEPT = 8  # bars of each timeframe kept open or for revision, the present one included
NEVER = np.iinfo(np.int64).max
INTERVALS = np.array(list(TIMEFRAMES.values()), np.int64) * SECOND_NS
LATE, FUTURE, CREDIBLE = 0, 1, 2
MEASURES = (
    *("open", "high", "low", "close", "volume", "buy_volume", "sell_volume", "notional"),
    *("mid_open", "mid_close", "ofi"),
)
# One bar as it grows: its place, the event times that its firsts and lasts have, what it measures.
GROWING = np.dtype(
    [(name, np.int64) for name in ("instrument", "timeframe", "number", "revision", "closed", "receive_time", "frame")]
    + [(name, np.int64) for name in ("open_at", "close_at", "mid_open_at", "mid_close_at", "trades", "updates")]
    + [(name, np.float64) for name in MEASURES]
)
NOTE = np.dtype([("row", np.int64), ("cause", np.int64)])  # a gaps row to write about a tick row
MOST_PER_ROW = len(INTERVALS) * (KEPT + 1)  # bars that one row can give: all that are kept, and one revision each


class Series(NamedTuple):
    """I instruments, T timeframes."""

    bars: NDArray[np.void]  # (I, T, KEPT) of GROWING, the bar of interval n at n % KEPT
    watermark: NDArray[np.int64]  # (I,) newest credible event time, ns
    next_close: NDArray[np.int64]  # (I,) event time at which the next bar closes, ns
    trade_kind: NDArray[np.int64]  # (I,) the kind of trade that counts; 0: none seen
    ahead: NDArray[np.int64]  # (I,) 1 while rows are stamped in the future
    contract: NDArray[np.float64]  # (I, 2) contract size; 1 where inverse
    newest: NDArray[np.int64]  # (I, T) number of the newest interval whose bar was told
    history: NDArray[np.int64]  # (I, T) of those that history told


def empty(instruments: int) -> Series:
    """No bar yet."""
    bars = np.zeros((instruments, len(INTERVALS), KEPT), GROWING)
    bars["number"], bars["closed"] = -1, 1
    zeros = np.zeros(instruments, np.int64)
    never, none = np.full(instruments, NEVER), np.full((instruments, len(INTERVALS)), -1)
    contract = np.zeros((instruments, 2))
    return Series(bars, zeros.copy(), never, zeros.copy(), zeros.copy(), contract, none, none.copy())


@part
def begin(bar: Any, instrument: int, timeframe: int, number: int) -> None:
    """Make a slot the bar of interval `number`, with nothing in it."""
    bar["instrument"], bar["timeframe"], bar["number"] = instrument, timeframe, number
    bar["revision"], bar["closed"], bar["trades"], bar["updates"] = 0, 0, 0, 0
    bar["open"], bar["high"], bar["low"], bar["close"] = np.nan, np.nan, np.nan, np.nan
    bar["volume"], bar["buy_volume"], bar["sell_volume"], bar["notional"] = 0.0, 0.0, 0.0, 0.0
    bar["mid_open"], bar["mid_close"], bar["ofi"] = np.nan, np.nan, 0.0


@part
def add_trade(bar: Any, time: int, price: float, size: float, side: int, notional: float) -> None:
    """Count one trade."""
    first = bar["trades"] == 0
    if first or time < bar["open_at"]:
        bar["open"], bar["open_at"] = price, time
    if first or time >= bar["close_at"]:
        bar["close"], bar["close_at"] = price, time
    bar["high"] = price if first else max(bar["high"], price)
    bar["low"] = price if first else min(bar["low"], price)
    bar["volume"] += size
    if side > 0:
        bar["buy_volume"] += size
    else:
        bar["sell_volume"] += size
    bar["notional"] += notional
    bar["trades"] += 1


@part
def add_update(bar: Any, time: int, mid: float, ofi: float) -> None:
    """Count one update of the book."""
    first = bar["updates"] == 0
    if first or time < bar["mid_open_at"]:
        bar["mid_open"], bar["mid_open_at"] = mid, time
    if first or time >= bar["mid_close_at"]:
        bar["mid_close"], bar["mid_close_at"] = mid, time
    if not np.isnan(ofi):
        bar["ofi"] += ofi
    bar["updates"] += 1


@part
def emit(series: Series, bar: Any, out: Any, made: int, receive_time: int, frame: int) -> int:
    """Write a bar as it is now, and mark it closed; the number of bars written."""
    i, t = bar["instrument"], bar["timeframe"]
    series.newest[i, t] = max(series.newest[i, t], bar["number"])
    if bar["number"] <= series.history[i, t]:
        bar["revision"] = max(1, bar["revision"])
    bar["closed"], bar["receive_time"], bar["frame"] = 1, receive_time, frame
    out[made] = bar
    return made + 1


@part
def close(
    series: Series, i: int, before: int, lateness: int, out: Any, made: int, receive_time: int, frame: int
) -> int:
    """Emit the bars that end with the watermark's step from `before`, by timeframe and time; the number written."""
    next_close = NEVER
    for t in range(len(INTERVALS)):
        newest = before // INTERVALS[t]
        for number in range(newest - KEPT + 1, newest + 1):
            bar = series.bars[i, t, number % KEPT]
            if bar["number"] != number or bar["closed"] != 0:
                continue
            ends = (number + 1) * INTERVALS[t] + lateness
            if ends <= series.watermark[i]:
                made = emit(series, bar, out, made, receive_time, frame)
            else:
                next_close = min(next_close, ends)
    series.next_close[i] = next_close
    return made


@part
def counts(series: Series, i: int, kind: int, valid: bool, size: float, off_book: bool) -> bool:
    """Whether a row belongs in a bar; the first trade decides which kind of trade does."""
    if kind not in (TRADE, AGGREGATE_TRADE):
        return kind in (SNAPSHOT, DEPTH) and valid
    if series.trade_kind[i] == 0:
        series.trade_kind[i] = kind
    return kind == series.trade_kind[i] and size > 0.0 and not off_book


@kernel(state_type(empty(0)), TICKS, rows_type(order_flow.COLUMNS), int64, int64, out_type(GROWING), out_type(NOTE))
def collect(
    series: Series, ticks: Any, flow: Any, row: int, lateness: int, out: Any, notes: Any
) -> tuple[int, int, int]:
    """Walk tick rows from `row` on, while `out` has room; (the next row, bars written to `out`, notes to `notes`)."""
    made, noted = 0, 0
    while row < len(ticks) and made + MOST_PER_ROW <= len(out):
        tick = ticks[row]
        i, time, received, kind = tick["instrument"], tick["exchange_time"], tick["receive_time"], tick["kind"]
        counted = counts(series, i, kind, tick["valid"], tick["size"], tick["off_book"])
        row += 1
        if time == NO_TIME:
            continue
        ahead = time > received + FUTURE_NS
        if ahead != (series.ahead[i] == 1):
            notes[noted]["row"], notes[noted]["cause"] = row - 1, FUTURE if ahead else CREDIBLE
            noted += 1
        series.ahead[i] = 1 if ahead else 0
        if ahead:
            continue
        before = series.watermark[i]
        series.watermark[i] = max(before, time)
        if time >= series.next_close[i]:
            made = close(series, i, before, lateness, out, made, received, tick["frame"])
        if not counted:
            continue
        late = False
        for t in range(len(INTERVALS)):
            number = time // INTERVALS[t]
            if number + KEPT <= series.watermark[i] // INTERVALS[t]:
                late = True
                continue
            bar = series.bars[i, t, number % KEPT]
            if bar["number"] != number:
                begin(bar, i, t, number)
            if kind in (TRADE, AGGREGATE_TRADE):
                value = tick["size"] * series.contract[i, 0]
                notional = value if series.contract[i, 1] > 0.0 else value * tick["price"]
                add_trade(bar, time, tick["price"], tick["size"], tick["side"], notional)
            else:
                add_update(bar, time, flow[row - 1]["mid_price"], flow[row - 1]["ofi"])
            ends = (number + 1) * INTERVALS[t] + lateness
            if ends > series.watermark[i]:
                series.next_close[i] = min(series.next_close[i], ends)
            else:
                bar["revision"] += bar["closed"]
                made = emit(series, bar, out, made, received, tick["frame"])
        if late:
            notes[noted]["row"], notes[noted]["cause"] = row - 1, LATE
            noted += 1
    return row, made, noted
