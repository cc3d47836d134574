"""`regimes.detect`: the regime of every instrument after every closed bar of the four regime timeframes.

Reads table `bars` (instrument, timeframe, close_time, receive_time, close, mid_close, revision, frame); observes the
mid price at the bar's close, the last trade where no quote was valid. Adds table `regimes`
(operators/regimes/labels.py). A bar with revision > 0 corrects one that was observed already: it is not observed
again and gives no row.

Warm-up: `warm_up_bars` + 1 returns of a timeframe; until then the regime is "unknown" and every measure NaN.
Timeframes: ultra_short = 1 s bars, short = 1 min, medium = 1 h, long = 1 day.
Cost: 0.5 µs per bar and about 0.2 ms per batch and timeframe that closes a bar; nothing otherwise.
"""

from functools import partial

import numpy as np
import polars as pl
from bytewax.operators import KeyedStream

from market.batch import Batch
from market.instrument import InstrumentTable
from operators.regimes.filter import Filter, advance, empty
from operators.regimes.labels import REGIME, describe
from operators.regimes.model import DEFAULTS, REGIME_TIMEFRAMES, Model, Parameters, build, interval_of
from operators.slots import grown
from operators.stage import Stage, registered, wire

Detectors = dict[str, Filter]  # by regime timeframe


@registered
def stage(*, parameters: Parameters = DEFAULTS) -> Stage:
    """The stage; its model must have three volatility and three direction states."""
    if len(parameters.scales) != 3 or len(parameters.drifts) != 3:
        raise ValueError("the flow's model has 3 scales and 3 drifts")
    models = {name: build(parameters, interval_ns=interval_of(name)) for name in REGIME_TIMEFRAMES}

    def begin() -> Detectors:
        return {name: empty(model, 0) for name, model in models.items()}

    def step(state: Detectors, batch: Batch) -> Batch:
        bars = batch.tables.get("bars")
        if bars is None:
            return batch
        found = [pl.DataFrame(schema=REGIME)]
        for name, model in models.items():
            fresh = bars.filter((pl.col("timeframe") == REGIME_TIMEFRAMES[name]) & (pl.col("revision") == 0))
            if not fresh.is_empty():
                state[name] = grown(state[name], partial(empty, model), len(batch.instruments))
                found.append(_rows(state[name], model, fresh, batch.instruments, name))
        return batch.with_table("regimes", pl.concat(found).sort("frame", maintain_order=True))

    return Stage("regimes.detect", begin, step)


def detect(step_id: str, up: KeyedStream[Batch], *, parameters: Parameters = DEFAULTS) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(parameters=parameters))


def _rows(
    state: Filter, model: Model, bars: pl.DataFrame, instruments: InstrumentTable, timeframe: str
) -> pl.DataFrame:
    """Rows of table `regimes` for bars of one timeframe, in their order; advances the state."""
    ids = {symbol: instruments.id_of(symbol) for symbol in bars["instrument"].unique().to_list()}
    if min(ids.values()) < 0:
        raise ValueError(f"bars of instruments that are not defined: {sorted(ids)}")
    series = np.array([ids[symbol] for symbol in bars["instrument"].to_list()], np.int64)
    price = bars["mid_close"].to_numpy()
    price = np.where(np.isfinite(price), price, bars["close"].to_numpy())
    probability = np.empty((len(bars), len(model.scale)))
    scale, returns = np.empty(len(bars)), np.empty(len(bars), np.int64)
    advance(state, model, series, bars["close_time"].to_numpy(), price, probability, scale, returns)
    named = bars.select("instrument", pl.lit(timeframe).alias("timeframe"), pl.col("close_time").alias("time"),
                        "receive_time", "frame")  # fmt: skip
    return named.hstack(describe(model, probability, scale, returns)).select(*REGIME)
