"""A made-up stream of bars and book ticks of two instruments, cut into batches in any way; for contract cases."""

import math
import random
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from market.batch import Batch
from market.frames import Frames
from market.instrument import Instrument, InstrumentTable
from market.schema import BAR, Kind
from operators.frame import frame
from tests import rows

SYMBOLS = ("AAAUSDT", "BBBUSDT")
INSTRUMENTS = InstrumentTable(tuple(Instrument("simulated", s, Decimal("0.1"), Decimal("0.001")) for s in SYMBOLS))
START = 1_700_000_000_000_000_000
INTERVAL_NS = {"1s": 10**9, "1m": 60 * 10**9, "15m": 900 * 10**9, "1h": 3600 * 10**9, "1d": 86400 * 10**9}


class Moment(NamedTuple):
    """One frame: what it closed and what it said of the books."""

    time: int
    bars: tuple[dict[str, Any], ...]
    ticks: tuple[dict[str, Any], ...]


def moments(seed: int, length: int) -> list[Moment]:
    """About 150 × length frames; some bars missing, some without a mid, some corrected, books that fail."""
    rng = random.Random(seed)
    price = {(symbol, timeframe): 100.0 for symbol in SYMBOLS for timeframe in INTERVAL_NS}
    close = {(symbol, timeframe): START for symbol in SYMBOLS for timeframe in INTERVAL_NS}
    found = []
    for step in range(150 * length):
        time = START + step * 10**9
        bars = []
        for symbol in SYMBOLS:
            for timeframe, interval in INTERVAL_NS.items():
                if rng.random() < (0.9 if timeframe == "1s" else 0.4):
                    key = (symbol, timeframe)
                    close[key] += interval * (1 if rng.random() < 0.95 else rng.randint(2, 40))
                    sd = 1e-3 if (step // 50) % 2 else 3e-4
                    price[key] *= math.exp(rng.gauss(0, sd))
                    mid = price[key] if rng.random() < 0.9 else math.nan
                    last = price[key] * 1.0001 if rng.random() < 0.9 else math.nan
                    bars.append(_bar(symbol, timeframe, close[key], time, mid, last, 0))
                    if rng.random() < 0.1:
                        bars.append(_bar(symbol, timeframe, close[key], time, mid * 2, last, 1))
        made = [_tick(rng, time) for _ in range(rng.randint(0, 3))] if step % 40 < 30 else []
        found.append(Moment(time, tuple(bars), tuple(made)))
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
    ticks = [{**tick, "frame": number} for number, moment in enumerate(frames) for tick in moment.ticks]
    times = np.array([moment.time for moment in frames], np.int64)
    batch = Batch("simulated/0", offset, times, Frames.of([b""] * len(frames)), INSTRUMENTS)
    batch = batch._replace(ticks=rows.ticks(ticks)).with_features("order_flow", rows.flow(ticks))
    return batch.with_table("bars", pl.DataFrame(bars, schema=BAR))


def moments_of(batch: Batch) -> list[Moment]:
    bars = batch.tables["bars"].to_dicts() if "bars" in batch.tables else []
    ticks = frame(batch).to_dicts()
    return [
        Moment(
            int(time),
            tuple(bar for bar in bars if bar["frame"] == number),
            tuple(tick for tick in ticks if tick["frame"] == number),
        )
        for number, time in enumerate(batch.receive_times)
    ]


def _bar(symbol: str, timeframe: str, close: int, time: int, mid: float, last: float, revision: int) -> dict[str, Any]:
    bar = dict.fromkeys((name for name, dtype in BAR.items() if dtype == pl.Float64), 0.0)
    return bar | {
        "instrument": symbol, "timeframe": timeframe, "open_time": close - INTERVAL_NS[timeframe], "close_time": close,
        "receive_time": time, "close": last, "mid_close": mid, "trades": 1, "updates": 1, "revision": revision,
    }  # fmt: skip


def _tick(rng: random.Random, time: int) -> dict[str, Any]:
    kind = rng.choice([Kind.DEPTH] * 8 + [Kind.TRADE, Kind.TICKER, Kind.RESET])
    valid = kind != Kind.RESET and rng.random() < 0.9
    bid = round(100 + rng.random(), 1)
    sides = (bid, rng.random(), bid + 0.1, rng.random()) if valid else (math.nan,) * 4
    return {
        "instrument": rng.randrange(2), "kind": int(kind), "receive_time": time, "valid": valid,
        "imbalance": rng.uniform(-1, 1) if valid and rng.random() < 0.95 else math.nan,
        **dict(zip(("bid_price", "bid_size", "ask_price", "ask_size"), sides, strict=True)),
    }  # fmt: skip
