"""How bars grow with the ticks, close by event time, and are given again; a part of `bars`.

A ring keeps the last intervals of every instrument and timeframe, KEPT of them, or MOST_KEPT where trades may be
corrected (operators/recent_trades.py, which also adds trades to bars); the watermark is an instrument's newest credible
event time. Open, close and mids are of the earliest and latest event time; equal times count in order of arrival.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.clock import FUTURE_NS
from market.schema import NO_TIME
from operators import recent_trades
from operators.features import order_flow
from operators.features.rows import AGGREGATE_TRADE, DEPTH, SNAPSHOT, TRADE
from operators.kernel import TICKS, int64, kernel, out_type, part, rows_type, state_type
from operators.recent_trades import INTERVALS, PRICES, SUMS, Recent, add_trade, clear, keep, notional

KEPT, MOST_KEPT = 8, 32  # bars of each timeframe kept open or for revision, the present one included
NEVER = np.iinfo(np.int64).max
LATE, FUTURE, CREDIBLE = 0, 1, 2
MEASURES = (*PRICES, *SUMS, "mid_open", "mid_close", "ofi")
# One bar as it grows: its place, the event times that its firsts and lasts have, what it measures.
GROWING = np.dtype(
    [(name, np.int64) for name in ("instrument", "timeframe", "number", "revision", "closed", "receive_time", "frame")]
    + [(name, np.int64) for name in ("open_at", "close_at", "mid_open_at", "mid_close_at", "trades", "updates")]
    + [(name, np.float64) for name in MEASURES]
)
NOTE = np.dtype([("row", np.int64), ("cause", np.int64)])  # a gaps row to write about a tick row
MOST_PER_ROW = len(INTERVALS) * (MOST_KEPT + 1)  # bars that one row can give: all that are kept, and one revision each


class Series(NamedTuple):
    """I instruments, T timeframes."""

    bars: NDArray[np.void]  # (I, T, K) of GROWING, the bar of interval n at n % K
    watermark: NDArray[np.int64]  # (I,) newest credible event time, ns
    next_close: NDArray[np.int64]  # (I,) event time at which the next bar closes, ns
    trade_kind: NDArray[np.int64]  # (I,) the kind of trade that counts; 0: none seen
    ahead: NDArray[np.int64]  # (I,) 1 while rows are stamped in the future
    newest: NDArray[np.int64]  # (I, T) number of the newest interval whose bar was told
    history: NDArray[np.int64]  # (I, T) of those that history told
    recent: Recent


def empty(instruments: int, trades: int = 0) -> Series:
    """No bar yet; `trades` of each instrument are kept for corrections."""
    kept = MOST_KEPT if trades else KEPT
    bars = np.zeros((instruments, len(INTERVALS), kept), GROWING)
    bars["number"], bars["closed"] = -1, 1
    zeros = np.zeros(instruments, np.int64)
    never, none = np.full(instruments, NEVER), np.full((instruments, len(INTERVALS)), -1)
    recent = recent_trades.empty(instruments, trades, kept)
    return Series(bars, zeros.copy(), never, zeros.copy(), zeros.copy(), none, none.copy(), recent)


@part
def begin(series: Series, bar: Any, instrument: int, timeframe: int, number: int) -> None:
    """Make a slot the bar of interval `number`, with nothing in it."""
    bar["instrument"], bar["timeframe"], bar["number"] = instrument, timeframe, number
    bar["revision"], bar["closed"], bar["updates"] = 0, 0, 0
    clear(bar)
    if series.recent.trades.shape[1] > 0:
        clear(series.recent.base[instrument, timeframe, number % series.bars.shape[2]])
    bar["mid_open"], bar["mid_close"], bar["ofi"] = np.nan, np.nan, 0.0


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
    next_close, kept = NEVER, series.bars.shape[2]
    for t in range(len(INTERVALS)):
        newest = before // INTERVALS[t]
        for number in range(newest - kept + 1, newest + 1):
            bar = series.bars[i, t, number % kept]
            if bar["number"] != number or bar["closed"] != 0 or bar["trades"] + bar["updates"] == 0:
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
    made, noted, kept = 0, 0, series.bars.shape[2]
    while row < len(ticks) and made + MOST_PER_ROW <= len(out):
        tick = ticks[row]
        i, time, received, kind = tick["instrument"], tick["exchange_time"], tick["receive_time"], tick["kind"]
        counted = counts(series, i, kind, tick["valid"], tick["size"], tick["off_book"])
        row += 1
        is_trade, ahead = kind in (TRADE, AGGREGATE_TRADE), time > received + FUTURE_NS
        if is_trade:
            keep(series.recent, series.bars, i, tick, counted and time != NO_TIME and not ahead)
        if time == NO_TIME:
            continue
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
            if number + kept <= series.watermark[i] // INTERVALS[t]:
                late = True
                continue
            bar = series.bars[i, t, number % kept]
            if bar["number"] != number:
                begin(series, bar, i, t, number)
            if is_trade:
                value = notional(series.recent, i, tick["price"], tick["size"])
                add_trade(bar, time, tick["price"], tick["size"], tick["side"], value)
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
