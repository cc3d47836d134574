"""`regimes.detect`: the regime of every instrument after every closed bar of the four regime timeframes.

Reads table `bars` (instrument, timeframe, close_time, receive_time, close, mid_close, revision, frame); observes the
mid price at the bar's close, the last trade where no quote was valid. Adds table `regimes`
(operators/regimes/labels.py). A bar with revision > 0 corrects one that was observed already: it is not observed
again and gives no row.

Warm-up: `warm_up_bars` + 1 returns of a timeframe; until then the regime is "unknown" and every measure NaN.
Timeframes: ultra_short = 1 s bars, short = 1 min, medium = 1 h, long = 1 day.
Cost: 0.5 µs per bar and about 0.2 ms per batch that closes one; nothing otherwise.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

from market.batch import Batch
from market.instrument import InstrumentTable
from operators.regimes.filter import Filter, advance, empty
from operators.regimes.labels import REGIME, measured
from operators.regimes.model import DEFAULTS, REGIME_TIMEFRAMES, Model, Parameters, build, interval_of
from operators.slots import grown
from operators.stage import Stage, registered, wire

Detectors = dict[str, Filter]  # by regime timeframe
Columns = dict[str, NDArray[Any]]
READ = ("close_time", "receive_time", "close", "mid_close", "revision", "frame")


@registered
def stage(*, parameters: Parameters = DEFAULTS) -> Stage:
    """The stage; its model must have three volatility and three direction states."""
    if len(parameters.scales) != 3 or len(parameters.drifts) != 3:
        raise ValueError("the flow's model has 3 scales and 3 drifts")
    models = {name: build(parameters, interval_ns=interval_of(name)) for name in REGIME_TIMEFRAMES}

    def begin() -> Detectors:
        return {name: empty(model, 0) for name, model in models.items()}

    def step(state: Detectors, batch: Batch) -> Batch:
        if "bars" not in batch.tables:
            return batch
        bars = columns_of(batch.tables["bars"], batch.instruments)
        found = [
            _observe(state, name, model, bars, rows, len(batch.instruments))
            for name, model in models.items()
            if len(rows := np.flatnonzero((bars["timeframe"] == REGIME_TIMEFRAMES[name]) & (bars["revision"] == 0)))
        ]
        return batch.with_table("regimes", _table(found)) if found else batch

    return Stage("regimes.detect", begin, step)


def detect(step_id: str, up: KeyedStream[Batch], *, parameters: Parameters = DEFAULTS) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(parameters=parameters))


def columns_of(bars: pl.DataFrame, instruments: InstrumentTable) -> Columns:
    """The columns of table `bars` as arrays, because expressions on a frame of a few rows cost more than the model."""
    columns = {name: bars[name].to_numpy() for name in READ}
    columns |= {name: np.array(bars[name].to_list()) for name in ("instrument", "timeframe")}
    columns["series"] = np.array([instruments.id_of(symbol) for symbol in columns["instrument"]], np.int64)
    if columns["series"].min(initial=0) < 0:
        raise ValueError(f"bars of instruments that are not defined: {sorted(set(columns['instrument']))}")
    columns["price"] = np.where(np.isfinite(columns["mid_close"]), columns["mid_close"], columns["close"])
    return columns


def _observe(
    state: Detectors, timeframe: str, model: Model, bars: Columns, rows: NDArray[np.int64], instruments: int
) -> Columns:
    """Columns of table `regimes` for some of the bars, in their order; advances the state."""
    state[timeframe] = grown(state[timeframe], partial(empty, model), instruments)
    probability = np.empty((len(rows), len(model.scale)))
    scale, returns = np.empty(len(rows)), np.empty(len(rows), np.int64)
    seen = (bars[name][rows] for name in ("series", "close_time", "price"))
    advance(state[timeframe], model, *seen, probability, scale, returns)
    named = {name: bars[name][rows] for name in ("instrument", "receive_time", "frame")}
    named |= {"timeframe": np.full(len(rows), timeframe), "time": bars["close_time"][rows]}
    return named | measured(model, probability, scale, returns)


def _table(found: Sequence[Columns]) -> pl.DataFrame:
    """Rows of table `regimes`, in the order of the frames that closed their bars."""
    columns = {name: np.concatenate([columns[name] for columns in found]) for name in REGIME}
    order = np.argsort(columns["frame"], kind="stable")
    return pl.DataFrame(
        [pl.Series(name, columns[name][order].tolist() if kind == pl.String else columns[name][order], kind)
         for name, kind in REGIME.items()]
    )  # fmt: skip
