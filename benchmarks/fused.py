"""The bar: one Numba loop from raw USD-M frames to feature rows, without framework, shards, recovery or tables.

What a machine can do at best with the same bytes and the same checks, and so what the market flow is measured against.
Written apart from `operators/`, of which it is also an independent check. It knows one instrument whose steps are
powers of ten, counts prices and sizes in whole ticks and lots (sums of integers are exact, so windows roll), and ends
at the first frame that it does not understand instead of having a slower parser read it.
"""

import os
import time

import numpy as np
from numba import config, njit
from numba.cpython.unsafe.numbers import leading_zeros
from numba.extending import register_jitable as part

from benchmarks.capture import HALF_LIFE_S, HORIZONS, LEVELS, NAMES, PRICE_PLACES, SIZE_PLACES, WARM_UP_S
from benchmarks.fused_frames import DEPTH, MAX_LEVELS, MAX_TICKS, PADDING, SNAPSHOT, TICKER, TRADE, in_steps, scan

RING = 64  # a power of two above the longest horizon
DECAY = 0.5 ** (1 / HALF_LIFE_S)
FUTURE_NS = 5_000_000_000  # stamps further ahead of our clock do not move time on
# Numba's own cache would miss a change in fused_frames.py: `hot_path.py` names a folder that lives for one run.
config.CACHE_DIR = os.environ.get("NUMBA_CACHE_DIR", "")
CACHED = bool(config.CACHE_DIR)
TICKS_PER_UNIT, LOTS_PER_UNIT = 10.0**PRICE_PLACES, 10.0**SIZE_PLACES

STATE = np.dtype(
    [
        ("last", np.int64),  # update id of the book, −1 before its snapshot
        ("trade", np.int64),  # id of the newest trade
        ("levels", np.int64, 2),  # in the frame at hand: bids, asks
        ("mantissa", np.int64, 64),  # values of the frame at hand by key: b"u"[0] & 63
        ("places", np.int64, 64),
        ("best", np.int64, 2),  # bid and ask, in ticks
        ("price", np.int64, (2, LEVELS)),  # of the last update, best first; −1 where there is none, the worst of all
        ("size", np.int64, (2, LEVELS)),
        ("updates", np.int64),  # e_n so far
        ("traded", np.int64),  # signed lots since the last update
        ("sums", np.int64, (3, 3)),  # of touch, deep and volume over HORIZONS
        ("ring", np.int64, (3, RING)),
        ("second", np.int64),
        ("ended", np.int64),
        ("mid", np.float64),
        ("before", np.float64),
        ("squares", np.float64),
        ("weights", np.float64),
        ("volatility", np.float64),
    ],
    align=True,
)


def empty_state():
    """One row of STATE: no book, no trade yet."""
    state = np.zeros(1, STATE)
    for name in ("last", "trade", "best", "price", "updates"):
        state[name] = -1
    state["volatility"] = np.nan
    return state


@part
def step_of(state, key, wanted):
    """A decimal of the frame at hand in steps."""
    return in_steps(state["mantissa"][key & 63], state["places"][key & 63], wanted)


@part
def put(size, held, best, tick, lots):
    """Set one level of one side, counted so that the better price is the greater; returns the best, maybe emptied."""
    size[tick] = lots
    word, bit = tick >> 6, np.uint64(1) << np.uint64(tick & 63)
    if lots > 0:
        held[word] |= bit
        return max(best, tick)
    held[word] &= ~bit
    return best


@part
def below(held, tick):
    """The best level at or below a tick; −1 where there is none."""
    if tick < 0:
        return -1
    word = tick >> 6
    bits = held[word] << np.uint64(63 - (tick & 63))
    if bits:
        return tick - int(leading_zeros(bits))
    while word > 0:
        word -= 1
        if held[word]:
            return (word << 6) + 63 - int(leading_zeros(held[word]))
    return -1


@part
def change(state, side, rank, tick, lots):
    """A level's part of e_n, while it takes the place of what was in its rank."""
    price, sizes = state["price"][side], state["size"][side]
    e = (lots if tick >= price[rank] else 0) - (sizes[rank] if tick <= price[rank] else 0)
    price[rank], sizes[rank] = tick, lots
    return e


@part
def ranks(state, size, held, side):
    """Take the best levels of a side anew: its part of e_n at the touch, and over all ranks."""
    tick, touch, deep = state["best"][side], 0, 0
    for rank in range(LEVELS):
        lots = size[tick] if tick >= 0 else 0
        deep += change(state, side, rank, tick, lots)
        if rank == 0:
            touch = deep
        tick = below(held, tick - 1)
    return touch, deep


@part
def apply(state, size, held, scratch):
    """The levels of the frame at hand into the book; e_n at the touch and over all ranks."""
    touch = deep = 0
    for side in range(2):
        best, worst = state["best"][side], state["price"][side][LEVELS - 1]
        changed = False
        for i in range(state["levels"][side]):
            tick = scratch[0, side, i]
            tick = tick if side == 0 else MAX_TICKS - 1 - tick
            best = put(size[side], held[side], best, tick, scratch[1, side, i])
            changed |= tick >= worst
        if changed:
            state["best"][side] = below(held[side], best)
            e, e_deep = ranks(state, size[side], held[side], side)
            touch += e if side == 0 else -e
            deep += e_deep if side == 0 else -e_deep
    return touch, deep


@part
def roll(state, touch, deep):
    """The windows of one more update."""
    n = state["updates"]
    if n >= 0:
        for what, value in enumerate((touch, deep, state["traded"])):
            ring = state["ring"][what]
            for h in range(3):
                gone = ring[(n - HORIZONS[h]) & (RING - 1)] if n >= HORIZONS[h] else 0
                state["sums"][what, h] += value - gone
            ring[n & (RING - 1)] = value
    state["traded"] = 0
    state["updates"] = n + 1


@part
def vary(state, milliseconds, received_ns, mid):
    """Realised volatility: the mid price at the end of every second, half of it forgotten in a minute."""
    second = milliseconds // 1000
    if second > state["second"] and milliseconds * 1_000_000 <= received_ns + FUTURE_NS:
        if state["second"] > 0:
            end_seconds(state, second - state["second"])
        state["second"] = second
    state["mid"] = mid


@part
def end_seconds(state, seconds):
    """The second under way ends, and some without an update."""
    if state["before"] > 0.0:
        r = np.log(state["mid"] / state["before"])
        state["squares"] = state["squares"] * DECAY + r * r
        state["weights"] = state["weights"] * DECAY + 1.0
        state["ended"] += 1
    quiet = DECAY ** (seconds - 1)
    state["squares"] *= quiet
    state["weights"] = state["weights"] * quiet + (1.0 - quiet) / (1.0 - DECAY)
    state["ended"] += seconds - 1
    state["before"] = state["mid"]
    if state["ended"] >= WARM_UP_S:
        state["volatility"] = np.sqrt(state["squares"] / state["weights"])


@part
def write(state, out):
    """One row of NAMES."""
    bid, ask = state["price"][0, 0] / TICKS_PER_UNIT, (MAX_TICKS - 1 - state["price"][1, 0]) / TICKS_PER_UNIT
    bid_size, ask_size = state["size"][0, 0] / LOTS_PER_UNIT, state["size"][1, 0] / LOTS_PER_UNIT
    out[0] = (bid + ask) / 2.0
    out[1] = (ask_size * bid + bid_size * ask) / (bid_size + ask_size)
    out[2] = ask - bid
    out[3] = (bid_size - ask_size) / (bid_size + ask_size)
    for what in range(3):
        for h in range(3):
            ready = state["updates"] >= HORIZONS[h]
            out[4 + 3 * what + h] = state["sums"][what, h] / LOTS_PER_UNIT if ready else np.nan
    out[13] = state["volatility"]


@part
def book_frame(state, event, size, held, scratch, received_ns, out):
    """Take a depth message or the snapshot; 1 row, 0 where the book has it already, −1 where it does not go on."""
    values = state["mantissa"]
    last, final, previous = state["last"], values[117 & 63], values[0]
    if event == SNAPSHOT:
        if last >= 0:
            return -1
    elif last < 0 or final < last:
        return 0
    elif final < values[85 & 63] or (previous != last and not (state["updates"] == 0 and previous <= last)):
        return -1
    touch, deep = apply(state, size, held, scratch)
    if state["best"][0] < 0 or state["best"][1] < 0 or state["best"][0] + state["best"][1] >= MAX_TICKS - 1:
        return -1
    state["last"] = final
    roll(state, touch, deep)
    mid = (state["best"][0] + MAX_TICKS - 1 - state["best"][1]) / (2.0 * TICKS_PER_UNIT)
    vary(state, values[84 & 63], received_ns, mid)
    write(state, out)
    return 1


@part
def quote_or_trade(state, event):
    """Take a ticker, which only has to be sound, or count a trade; whether it is sound."""
    values = state["mantissa"]
    if event == TICKER:
        prices = step_of(state, 98, PRICE_PLACES) | step_of(state, 97, PRICE_PLACES)
        return (prices | step_of(state, 66, SIZE_PLACES) | step_of(state, 65, SIZE_PLACES)) >= 0
    if event == TRADE:
        price, lots = step_of(state, 112, PRICE_PLACES), step_of(state, 113, SIZE_PLACES)
        if values[116 & 63] > state["trade"] and values[88 & 63]:
            state["trade"] = values[116 & 63]
            state["traded"] += -lots if values[109 & 63] else lots
        return (price | lots) >= 0
    return True


@njit(nogil=True, cache=CACHED)
def walk(state, size, held, scratch, data, offsets, received_ns, out):
    """Frames to rows; how many, or −1 − the frame that was not understood."""
    rows = 0
    for frame in range(len(offsets) - 1):
        event = scan(data, np.int64(offsets[frame]), np.int64(offsets[frame + 1]), state, scratch)
        if event in (DEPTH, SNAPSHOT):
            written = book_frame(state, event, size, held, scratch, received_ns[frame], out[rows])
            if written < 0:
                return -1 - frame
            rows += written
        elif event == 0 or not quote_or_trade(state, event):
            return -1 - frame
    return rows


class Bar:
    """The loop with its memory, fed with packed batches."""

    def __init__(self) -> None:
        self._memory = (
            empty_state()[0],
            np.zeros((2, MAX_TICKS), np.int64),
            np.zeros((2, MAX_TICKS // 64), np.uint64),
            np.empty((2, 2, MAX_LEVELS), np.int64),
        )

    def advance(self, data, offsets, received_ns, out) -> int:
        """Rows written to `out`; raises ValueError at a frame that is not understood."""
        rows = walk(*self._memory, data, offsets, received_ns, out)
        if rows < 0:
            raise ValueError(f"frame {-1 - rows} of the batch is not understood")
        return rows


def packed(frames, receive_times, frames_per_batch):
    """Batches of (bytes, offsets, receive times), as a journal hands them over."""
    batches = []
    for first in range(0, len(frames), frames_per_batch):
        batch = frames[first : first + frames_per_batch]
        offsets = np.zeros(len(batch) + 1, np.int32)
        np.cumsum([len(frame) for frame in batch], out=offsets[1:])
        times = np.array(receive_times[first : first + frames_per_batch], np.int64)
        batches.append((np.frombuffer(b"".join(batch) + bytes(PADDING), np.uint8), offsets, times))
    return batches


def run(frames, receive_times, frames_per_batch):
    """Rows of NAMES, the seconds it took (packing not counted), and notes."""
    batches = packed(frames, receive_times, frames_per_batch)
    Bar().advance(*batches[0], np.empty((frames_per_batch, len(NAMES))))  # compiles
    out, rows, bar = np.empty((len(frames), len(NAMES))), 0, Bar()
    out.fill(np.nan)  # the memory is there before the clock starts
    began = time.process_time()
    for batch in batches:
        rows += bar.advance(*batch, out[rows:])
    return out[:rows], time.process_time() - began, ""
