"""A made-up stream of closed bars of two instruments, cut into batches in any way; for the contract case."""

import math
import random
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from market.batch import Batch
from market.frames import Frames
from market.instrument import Instrument, InstrumentTable
from market.schema import BAR, TIMEFRAMES

SYMBOLS = ("AAAUSDT", "BBBUSDT")
INSTRUMENTS = InstrumentTable(tuple(Instrument("simulated", s, Decimal("0.1"), Decimal("0.001")) for s in SYMBOLS))
START = 1_700_006_400_000_000_000
SECOND = 1_000_000_000
NAN = math.nan


class Moment(NamedTuple):
    """One frame, and the bars that it closed."""

    time: int
    bars: tuple[dict[str, Any], ...]


def moments(seed: int, length: int) -> list[Moment]:
    """150 × length frames: bars that never came, bars without trades, corrected bars, bars that began late."""
    rng = random.Random(seed)
    price = {(symbol, timeframe): 100.0 for symbol in SYMBOLS for timeframe in TIMEFRAMES}
    close = {(symbol, timeframe): START for symbol in SYMBOLS for timeframe in TIMEFRAMES}
    found = []
    for step in range(150 * length):
        time = START + step * SECOND
        bars = []
        for key, base in list(price.items()):
            if rng.random() < 0.6:
                interval = TIMEFRAMES[key[1]] * SECOND
                close[key] += interval * (1 if rng.random() < 0.95 else rng.randint(2, 12))
                price[key], bar = _bar(rng, key, base, close[key], time)
                bars.append(bar)
                if rng.random() < 0.1:
                    bars.append({**_bar(rng, key, 2 * base, close[key], time)[1], "revision": 1})
                if rng.random() < 0.05:
                    bars.append(_bar(rng, key, 3 * base, close[key] - 3 * interval, time)[1])
        found.append(Moment(time, tuple(bars)))
    return found


def batches(seed: int, length: int) -> list[Batch]:
    """The stream, seven frames a batch."""
    found = moments(seed, length)
    return [batch_of(found[at : at + 7], at) for at in range(0, len(found), 7)]


def cut(items: list[Batch], rng: random.Random) -> list[Batch]:
    """The same frames in other batches, some of them empty."""
    frames = [moment for item in items for moment in moments_of(item)]
    found, at = [], 0
    while at < len(frames):
        size = rng.randint(0, 12)
        found.append(batch_of(frames[at : at + size], at))
        at += size
    return found


def empty(item: Batch) -> Batch:
    return batch_of([], item.offset + 1)


def batch_of(frames: list[Moment], offset: int) -> Batch:
    bars = [{**bar, "frame": number} for number, moment in enumerate(frames) for bar in moment.bars]
    times = np.array([moment.time for moment in frames], np.int64)
    batch = Batch("simulated/0", offset, times, Frames.of([b""] * len(frames)), INSTRUMENTS)
    return batch.with_table("bars", pl.DataFrame(bars, schema=BAR))


def moments_of(batch: Batch) -> list[Moment]:
    bars = batch.tables["bars"].to_dicts() if "bars" in batch.tables else []
    return [
        Moment(int(time), tuple(bar for bar in bars if bar["frame"] == number))
        for number, time in enumerate(batch.receive_times)
    ]


def _bar(
    rng: random.Random, key: tuple[str, str], price: float, close_time: int, time: int
) -> tuple[float, dict[str, Any]]:
    """A bar that begins near a price, and its close; without trades now and then."""
    path = [round(price * math.exp(rng.gauss(0, 1e-3)), 2)]
    path += [round(path[-1] * math.exp(rng.gauss(0, 5e-4)), 2) for _ in range(rng.choice((0, 3, 9)))]
    traded = rng.random() < 0.9
    prices = (path[0], max(path), min(path), path[-1]) if traded else (NAN,) * 4
    symbol, timeframe = key
    bar = dict.fromkeys((name for name, kind in BAR.items() if kind == pl.Float64), 0.0)
    bar |= dict(zip(("open", "high", "low", "close"), prices, strict=True))
    bar |= {"volume": rng.choice((1.0, rng.expovariate(1.0))) if traded else 0.0}
    return path[-1] if traded else price, bar | {
        "instrument": symbol, "timeframe": timeframe, "open_time": close_time - TIMEFRAMES[timeframe] * SECOND,
        "close_time": close_time, "receive_time": time, "trades": len(path) * traded, "updates": 1, "revision": 0,
    }  # fmt: skip
