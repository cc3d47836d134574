"""What reading a venue's frames costs, beside Binance's: the scanner, and the slow path for what it leaves.

What the numbers stand for: CPU time from raw bytes in memory to EVENT rows and marks, in batches of BATCH frames, on
one core, in one process; the best of ROUNDS rounds, in which each venue takes turns with Binance, whose time is the 1
of the ratios. Frames are of captures where BAROGRAPH_CAPTURES names some (the REST books left out), and else those of
the venue's documentation, again and again. A row is a price level, a trade or a mark price. `fast` is the share of
frames that the scanner takes; what is left is acknowledgements, heartbeats, bars, and what a venue writes in no table
of keys. `read` says how many times as long the slow path takes for the same frames.

    BAROGRAPH_CAPTURES=folder python benchmarks/decode.py
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import pytest

import venues
from market.batch import Batch
from market.errors import FrameError
from market.frames import Frames
from market.instrument import InstrumentTable
from market.schema import Kind
from operators.scan.reading import Reading
from operators.scan.symbols import hashed
from tests.captures import real
from tests.operators.scan import examples
from tests.operators.scan.documented import DOCUMENTED
from venues.rows import Rows
from venues.venue import listing

BINANCE = "binance-usdm"
BATCH = 256
ENOUGH_FRAMES, MOST_FRAMES = 2_000, 20_000
ROUNDS = 7
ROWS = (Kind.LEVEL, Kind.TRADE, Kind.AGGREGATE_TRADE)


BINANCE_FRAMES = (
    b'{"stream":"bnbusdt@depth","data":{"e":"depthUpdate","E":1680652800016,"T":1680652800010,"s":"BNBUSDT","U":157,"u":160,'
    b'"pu":149,"b":[["25.35190","10"],["25.35180","0"]],"a":[["25.36520","100"],["25.36530","7.5"]]}}',
    b'{"stream":"bnbusdt@bookTicker","data":{"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,'
    b'"s":"BNBUSDT","b":"25.35190","B":"31.21000000","a":"25.36520","A":"40.66000000"}}',
    b'{"stream":"bnbusdt@trade","data":{"e":"trade","E":1672515782136,"T":1672515782136,"s":"BNBUSDT","t":12345,'
    b'"p":"25.36520","q":"100","X":"MARKET","m":true}}',
)


class Work(NamedTuple):
    """A venue's frames, and what is known of its instruments."""

    venue: str
    frames: list[bytes]
    instruments: InstrumentTable
    source: str


class Cost(NamedTuple):
    """What reading them took."""

    seconds: float
    rows: int
    fast: int  # frames


def binance() -> Work:
    """USD-M where there is a capture, its documentation's frames where not."""
    try:
        frames = [frame for _, frame in real.lines("usdm/ethusdt_20240719.gz") if b'"lastUpdateId"' not in frame]
    except pytest.skip.Exception:
        return work(BINANCE, list(BINANCE_FRAMES), "documentation")
    return work(BINANCE, frames, "capture")


def of_venue(venue: str) -> Work:
    """Captured frames, documented ones where there are none to speak of."""
    with suppress(pytest.skip.Exception):
        frames = examples.recorded(venue)
        if len(frames) > len(DOCUMENTED[venue]) * 4:
            return work(venue, list(frames), "capture")
    # A counter of Bybit that starts anew is for the slow path.
    return work(venue, [frame for frame in DOCUMENTED[venue] if b'"u":1,' not in frame], "documentation")


def work(venue: str, frames: list[bytes], source: str) -> Work:
    """Enough frames to measure."""
    instruments = examples.instruments(venue, frames)
    return Work(venue, (frames * (1 + ENOUGH_FRAMES // len(frames)))[:MOST_FRAMES], instruments, source)


def batches(of: Work) -> list[Batch]:
    some = [of.frames[at : at + BATCH] for at in range(0, len(of.frames), BATCH)]
    return [Batch(f"{of.venue}/0", 1, np.arange(len(frames)), Frames.of(frames)) for frames in some]


def scan(of: Work, some: Sequence[Batch]) -> Cost:
    """Read all batches as the flow does."""
    venue, symbols = venues.get(of.venue), hashed(of.instruments)
    listings = {row.symbol: listing(number, row) for number, row in enumerate(of.instruments.rows)}
    rows = odd = 0
    seconds = 0.0
    for batch in some:
        began = time.process_time()
        reading = Reading(venue.keys, batch)
        for position in reading.odd_frames(lambda: symbols):
            odd += 1
            with suppress(FrameError):
                venue.read(batch.frames[position], 1, position, listings, reading.rows)
        events, marks = reading.events(), reading.marks()
        seconds += time.process_time() - began
        rows += len(marks) + int(np.count_nonzero(np.isin(events["kind"], ROWS)))
    return Cost(seconds, rows, len(of.frames) - odd)


def read(of: Work) -> float:
    """Seconds of the slow path alone."""
    venue = venues.get(of.venue)
    listings = {row.symbol: listing(number, row) for number, row in enumerate(of.instruments.rows)}
    frames = of.frames[:ENOUGH_FRAMES]
    began = time.process_time()
    for at in range(0, len(frames), BATCH):
        rows = Rows()
        for position, frame in enumerate(frames[at : at + BATCH]):
            with suppress(FrameError):
                venue.read(frame, 1, position, listings, rows)
        rows.events()
    return (time.process_time() - began) * len(of.frames) / len(frames)


def main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    bar = binance()
    bars = batches(bar)
    every = [bar, *map(of_venue, DOCUMENTED)]
    print(f"{'':<16} frames  bytes  rows  µs/frame  MB/s  µs/row   × Binance: frame   byte    row   fast   read  of")
    for one in every:
        some, costs, beside = batches(one), [], []
        for _ in range(ROUNDS):
            costs.append(scan(one, some))
            beside.append(scan(bar, bars))
        line(one, min(costs), bar, min(beside), read(one))


def line(one: Work, cost: Cost, bar: Work, beside: Cost, slow_s: float) -> None:
    """Print one venue's row of the table."""
    count, size, rows = len(one.frames), sum(map(len, one.frames)), max(cost.rows, 1)
    frame = cost.seconds / count / (beside.seconds / len(bar.frames))
    byte = cost.seconds / size / (beside.seconds / sum(map(len, bar.frames)))
    row = cost.seconds / rows / (beside.seconds / beside.rows)
    print(
        f"{one.venue:<16} {count:6} {size / count:6.0f} {rows / count:5.1f} {cost.seconds / count * 1e6:9.2f}"
        f" {size / cost.seconds / 1e6:5.0f} {cost.seconds / rows * 1e6:7.3f} {frame:18.2f} {byte:6.2f} {row:6.2f}"
        f" {cost.fast / count:6.1%} {slow_s / cost.seconds:5.1f}  {one.source}",
        flush=True,
    )


if __name__ == "__main__":
    main()
