"""hftbacktest: its converter (apart, in the notes), then its replay loop and its dense book, in a Numba strategy.

It replays files and cannot read a socket, so its time is that of the loop alone, on data that its own `convert` made
before. The strategy wakes once per frame of depth or trades; what the row needs beyond the book is that of
`benchmarks.fused`.
"""

import contextlib
import gzip
import io
import tempfile
import time
from itertools import accumulate
from pathlib import Path

import numpy as np
from hftbacktest import BacktestAsset, ROIVectorMarketDepthBacktest
from hftbacktest.data.utils.binancefutures import convert
from hftbacktest.types import BUY_EVENT
from numba import njit

from benchmarks import fused
from benchmarks.capture import LEVELS, NAMES, PRICE_PLACES, SIZE_PLACES
from benchmarks.fused import change, roll, vary, write
from benchmarks.fused_frames import MAX_TICKS

LOT = 10.0**SIZE_PLACES
LOWEST, HIGHEST = 20_000.0, 40_000.0  # prices that its dense book holds
FEED = 2  # what wait_next_feed answers when a feed came
BUY = np.uint64(BUY_EVENT)
# Behind the last frame, which it would take in without waking the strategy.
CLOSING = b'{"data":{"e":"trade","T":%d,"p":"1","q":"0","X":"MARKET","m":true}}'
FOREVER = np.iinfo(np.int64).max // 2


@njit
def take(state, side, sizes, index, step, first):
    """The best levels of a side, found from the best one on; its part of e_n at the touch, and over all ranks."""
    touch = deep = rank = 0
    while rank < LEVELS and 0 <= index < len(sizes):
        if sizes[index] > 0.0:
            tick = first + index
            key = tick if side == 0 else MAX_TICKS - 1 - tick
            lots = np.int64(round(sizes[index] * LOT))
            deep += change(state, side, rank, key, lots)
            if rank == 0:
                touch = deep
            rank += 1
        index += step
    return touch, deep


@njit("int64(UniTuple(int64, 2))")
def exchange_ns(latency):
    """The first of the two stamps; typed, as Numba cannot index what may be None."""
    return latency[0]


@njit
def strategy(hbt, state, out):
    """The loop of a user: wait, look at trades or book, go on; rows written."""
    rows = 0
    depth = hbt.depth(0)
    lowest = depth.roi_lb_tick
    while hbt.wait_next_feed(False, FOREVER) == FEED:
        trades = hbt.last_trades(0)
        if len(trades):
            for trade in trades:
                lots = np.int64(round(trade.qty * LOT))
                state["traded"] += lots if trade.ev & BUY else -lots
            hbt.clear_last_trades(0)
            continue
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        touch, deep = take(state, 0, depth.bid_depth, bid - lowest, -1, lowest)
        ask_touch, ask_deep = take(state, 1, depth.ask_depth, ask - lowest, 1, lowest)
        roll(state, touch - ask_touch, deep - ask_deep)
        vary(
            state,
            exchange_ns(hbt.feed_latency(0)) // 1_000_000,
            hbt.current_timestamp,
            (bid + ask) / (2 * 10.0**PRICE_PLACES),
        )
        write(state, out[rows])
        rows += 1
    return rows


def converted(frames: list[bytes], receive_times: list[int]) -> np.ndarray:
    """Its events, from a file as it wants them: of frames received at the same time it would show the last only."""
    last = receive_times[-1] + 1_000_000
    frames, receive_times = [*frames, CLOSING % (last // 1_000_000)], [*receive_times, last]
    line_times = accumulate(receive_times, lambda before, time: max(before + 1, time))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture.gz"
        with gzip.open(path, "wb", 1) as file:
            file.writelines(b"%d %s\n" % line for line in zip(line_times, frames, strict=True))
        with contextlib.redirect_stdout(io.StringIO()):
            return convert(str(path), buffer_size=1_000_000)


def replay(events: np.ndarray, out: np.ndarray) -> tuple[int, float]:
    """Rows written and seconds."""
    asset = (
        BacktestAsset()
        .data([events])
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0, 0)
        .tick_size(10.0**-PRICE_PLACES)
        .lot_size(10.0**-SIZE_PLACES)
        .roi_lb(LOWEST)
        .roi_ub(HIGHEST)
        .last_trades_capacity(1000)
    )
    hbt = ROIVectorMarketDepthBacktest([asset])
    state = fused.empty_state()[0]
    began = time.process_time()
    rows = strategy(hbt, state, out)
    seconds = time.process_time() - began
    hbt.close()
    return rows, seconds


def run(frames: list[bytes], receive_times: list[int]) -> tuple[np.ndarray, float, str]:
    began = time.process_time()
    events = converted(frames, receive_times)
    converting = time.process_time() - began
    out = np.empty((len(frames), len(NAMES)))
    replay(events, out)  # compiles
    rows, seconds = replay(events, out)
    return out[:rows], seconds, f"loop alone; its conversion before it {converting / len(frames) * 1e6:.0f} µs"
