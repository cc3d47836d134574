"""Markets of the simulated exchange second by second, through the market flow's own stages, with their true regimes.

Beside what table `bars` has, every second has the log spread and the log depth (within 5 bps) of its
closing book, and a truth for each view: volatility and dynamics as the exchange records them, direction as the sign of
the latent price's move over a trending regime, neutral elsewhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from market.batch import Batch
from market.frames import Frames
from market.instrument import InstrumentTable
from operators import bars
from operators.measures import MEASURES, stage_of
from operators.regimes.witnesses import bar_features
from simulator.publish import Output
from simulator.tape import EPOCH_NS, tape

SECOND_NS = 1_000_000_000
BATCH_NS = SECOND_NS // 4
LATE_NS = 400_000_000  # a second's bar is closed, and its book seen, so much later at most
MESSAGES = 60.0  # per second and instrument
TRENDING = 2
FEATURES = (*bar_features.FEATURES, "spread", "depth")
SIGNED = np.append(bar_features.SIGNED, [False, False])
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Market:
    """One instrument, second by second."""

    returns: Floats  # (R,)
    features: Floats  # (R, F)
    truth: dict[str, Integers]  # (R,) by view


def batches(symbols: Sequence[str], seed: int, seconds: float, truth: list[Floats]) -> Iterator[Batch]:
    """The exchange's frames as batches; what it was goes to `truth`."""

    def record(out: Output) -> None:
        count = out.counts[2]
        truth.append(np.column_stack([out.samples[:count, :4], out.latent[:count, 0]]))

    frames: list[bytes] = []
    times: list[int] = []
    made = tape(
        instruments=symbols, seed=seed, seconds=seconds, rate=MESSAGES * len(symbols), records=True, record_truth=record
    )
    for time, frame in made:
        if times and time // BATCH_NS > times[-1] // BATCH_NS:
            yield _batch(frames, times)
            frames, times = [], []
        frames.append(frame)
        times.append(time)
    yield _batch(frames, times)


def _batch(frames: list[bytes], times: list[int]) -> Batch:
    return Batch("binance-usdm/0", times[0], np.array(times), Frames.of(frames), InstrumentTable())


def measured(source: Iterator[Batch]) -> Iterator[Batch]:
    """Batches after all stages up to the bars."""
    stages = [*map(stage_of, MEASURES), bars.stage()]
    states: list[Any] = [stage.empty() for stage in stages]
    for batch in source:
        wide = batch
        for state, stage in zip(states, stages, strict=True):
            wide = stage.advance(state, wide)
        yield wide


def markets(symbols: Sequence[str], seed: int, seconds: float) -> list[Market]:
    """Every instrument of one run."""
    told, truth = list[pl.DataFrame](), list[Floats]()
    books: list[list[tuple[float, ...]]] = [[] for _ in symbols]
    for batch in measured(batches(symbols, seed, seconds, truth)):
        if "bars" in batch.tables:
            told.append(batch.tables["bars"].filter(timeframe="1s", revision=0))
        for i, rows in enumerate(books):
            if len(found := np.flatnonzero(batch.ticks["instrument"] == i)):
                rows.append(_book(batch, int(found[-1])))
    whole, known = pl.concat(told), np.concatenate(truth)
    return [
        _market(whole.filter(instrument=symbol).sort("close_time"), np.array(books[i]), known[known[:, 0] == i])
        for i, symbol in enumerate(symbols)
    ]


def _book(batch: Batch, row: int) -> tuple[float, ...]:
    depth = batch.features["depth"][row]
    size = depth["bid_depth_5bps"] + depth["ask_depth_5bps"]
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.log(batch.features["order_flow"]["spread_bps"][row])
        return float(batch.ticks["receive_time"][row]), float(spread), float(np.log(size))


def _market(told: pl.DataFrame, book: Floats, known: Floats) -> Market:
    price = np.log(told["mid_close"].to_numpy())
    features = bar_features.measured({name: told[name].to_numpy() for name in bar_features.COLUMNS})
    newest = np.searchsorted(book[:, 0], told["close_time"].to_numpy() + LATE_NS) - 1
    second = (told["open_time"].to_numpy() - EPOCH_NS) // SECOND_NS
    sample = np.searchsorted(known[:, 1] // SECOND_NS, second)  # what it was as the bar began
    truth = {
        "volatility": known[:, 2].astype(int),
        "dynamics": known[:, 3].astype(int),
        "direction": _directions(known[:, 3], np.log(known[:, 4])),
    }
    return Market(
        np.diff(price, prepend=np.nan),
        np.column_stack([features, np.where(np.isfinite(book[newest, 1:]), book[newest, 1:], np.nan)]),
        {view: states[sample] for view, states in truth.items()},
    )


def _directions(dynamics: Floats, latent: Floats) -> Integers:
    side = np.ones(len(latent), int)
    edges = np.flatnonzero(np.diff(dynamics, prepend=-1, append=-1))
    for start, end in pairwise(edges):
        if dynamics[start] == TRENDING:
            side[start:end] = 2 if latent[end - 1] > latent[start] else 0
    return side
