"""What a row costs when there are more instruments, and when the stream has run for longer: both should change nothing.

What the number stands for: the compute of the whole market flow between journal and sinks, on one core, over made-up
USD-M frames that are alike for every instrument and at any time: a book that wanders, RATE frames a second and
instrument, 70 % depth with 5.6 changed levels, 30 % trades; batches of 256 frames; books settled before the clock runs.

    python benchmarks/scale.py [instruments …]
"""

import json
import os
import random
import sys
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from flows.market import stages
from market import record
from market.batch import Batch
from market.frames import Frames
from operators.measures import MEASURES

SHARD, ROWS, RATE = "binance-usdm/0", 256, 10
START_MS = 1_700_000_000_000
FRAMES = 60_000  # timed, for every number of instruments
MINUTES = (1, 10, 60)  # of the long stream, at LONG_RATE frames a second
LONG_RATE = 20


class Market:
    """One instrument that wanders; everything in ticks of 0.1."""

    def __init__(self, number: int) -> None:
        self.symbol, self.random = f"A{number:04d}USDT", random.Random(number)
        self.middle, self.last, self.trade = 300_000, 1_000, 0

    def snapshot(self, time: int) -> bytes:
        sides = {
            name: [[_text(self.middle + sign * n), "5.000"] for n in range(1, 500)]
            for name, sign in (("bids", -1), ("asks", 1))
        }
        body = {"lastUpdateId": self.last, "E": time, "T": time, **sides}
        said = record.Snapshot(self.symbol, record.msgspec.Raw(json.dumps(body).encode()))
        return record.encode(said)

    def frame(self, time: int) -> bytes:
        return self._depth(time) if self.random.random() < 0.7 else self._trade(time)

    def _depth(self, time: int) -> bytes:
        step = self.random.choice((-1, 0, 0, 0, 1))
        self.middle += step
        bids, asks = [], []
        if step:  # what the middle has run over goes
            (asks if step > 0 else bids).append([_text(self.middle), "0.000"])
        for _ in range(5):
            distance = 1 + min(int(self.random.expovariate(0.08)), 400)
            size = f"{self.random.randint(1, 9_999) / 1000:.3f}"
            side, sign = self.random.choice(((bids, -1), (asks, 1)))
            side.append([_text(self.middle + sign * distance), size])
        ids = {"U": self.last + 1, "u": self.last + 9, "pu": self.last}
        self.last += 9
        return _framed(
            "depth@100ms", {"e": "depthUpdate", "E": time, "T": time, "s": self.symbol, **ids, "b": bids, "a": asks}
        )

    def _trade(self, time: int) -> bytes:
        self.trade += 1
        sold = self.random.random() < 0.5
        deal = {"p": _text(self.middle + (-1 if sold else 1)), "q": "0.125", "X": "MARKET", "m": sold}
        return _framed("trade", {"e": "trade", "E": time, "T": time, "s": self.symbol, "t": self.trade, **deal})


def _text(ticks: int) -> str:
    return f"{ticks // 10}.{ticks % 10}"


def _framed(stream: str, data: dict[str, object]) -> bytes:
    return json.dumps({"stream": f"{str(data['s']).lower()}@{stream}", "data": data}, separators=(",", ":")).encode()


def settled(markets: list[Market]) -> list[Batch]:
    """Batches that define the instruments and give them books."""
    defined = [record.encode(record.InstrumentDefined(market.symbol, "0.1", "0.001")) for market in markets]
    books = [market.snapshot(START_MS) for market in markets]
    return [_batch(0, defined, START_MS), *(_batch(n, [book], START_MS) for n, book in enumerate(books, start=1))]


def stream(markets: list[Market], frames: int, rate: float) -> Iterator[Batch]:
    """Batches of ROWS frames, instruments in turn."""
    frame, offset = 0, len(markets) + 1
    while frame < frames:
        times = [START_MS + int((frame + n) * 1000 / (rate * len(markets))) for n in range(ROWS)]
        said = [markets[(frame + n) % len(markets)].frame(time_ms) for n, time_ms in enumerate(times)]
        yield _batch(offset, said, *times)
        frame, offset = frame + ROWS, offset + 1


def _batch(offset: int, frames: list[bytes], *times_ms: int) -> Batch:
    times = np.array(times_ms if len(times_ms) == len(frames) else times_ms * len(frames), np.int64) * 1_000_000
    return Batch(SHARD, offset, times, Frames.of(frames))


def resident_mib() -> float:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


Spent = NDArray[np.float64]  # until the features are measured, and until everything is done


class Flow:
    """All stages with their states."""

    def __init__(self) -> None:
        self.stages = [(stage, stage.empty()) for stage in stages()]

    def take(self, batch: Batch) -> Spent:
        """Processor time that the batch took."""
        began = time.process_time()
        for stage, state in self.stages[: len(MEASURES)]:
            batch = stage.advance(state, batch)
        measured = time.process_time() - began
        for stage, state in self.stages[len(MEASURES) :]:
            batch = stage.advance(state, batch)
        return np.array([measured, time.process_time() - began])


def by_instruments(count: int) -> Spent:
    """µs per frame, the best of three parts of the stream."""
    markets, flow = [Market(number) for number in range(count)], Flow()
    for batch in settled(markets):
        flow.take(batch)
    spent = np.array([flow.take(batch) for batch in stream(markets, FRAMES, RATE)])
    third = len(spent) // 3
    thirds = [spent[at : at + third].mean(axis=0) for at in (0, third, 2 * third)]
    return np.min(thirds, axis=0) / ROWS * 1e6


def by_minutes() -> Iterator[tuple[int, Spent, float]]:
    """(minute, µs per frame in the minute before it, resident MiB) of one long stream of one instrument."""
    markets, flow, spent = [Market(0)], Flow(), list[Spent]()
    for batch in settled(markets):
        flow.take(batch)
    per_minute = LONG_RATE * 60 // ROWS
    for number, batch in enumerate(stream(markets, LONG_RATE * 60 * MINUTES[-1], LONG_RATE), start=1):
        spent.append(flow.take(batch))
        if number % per_minute == 0 and number // per_minute in MINUTES:
            yield number // per_minute, np.median(spent[-per_minute:], axis=0) / ROWS * 1e6, resident_mib()


def main() -> None:
    if "--help" in sys.argv:
        sys.exit(__doc__)
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    base: Spent | None = None
    for count in [int(word) for word in sys.argv[1:]] or [1, 10, 100, 1_000]:
        cost = by_instruments(count)
        base = cost if base is None else base
        print(f"{count:>5} instruments: {told(cost, base)}; {resident_mib():.0f} MiB")
    first: Spent | None = None
    for minute, cost, memory in by_minutes():
        first = cost if first is None else first
        print(f"minute {minute:>3} of a stream: {told(cost, first)}; {memory:.0f} MiB")


def told(cost: Spent, first: Spent) -> str:
    """Both costs, and their ratios to the first ones."""
    (measured, whole), (of_measured, of_whole) = cost, cost / first
    return (
        f"features {measured:5.2f} µs/frame ({of_measured:.2f} ×), all steps {whole:5.2f} µs/frame ({of_whole:.2f} ×)"
    )


if __name__ == "__main__":
    main()
