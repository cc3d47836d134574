"""`regimes.detect`: the regimes of every instrument after every closed bar of the regime timeframes.

Reads table `bars` (instrument, timeframe, close_time, receive_time, close, mid_close, revision, frame, and COLUMNS of
witnesses/bar_features.py); observes the mid price at the bar's close, the last trade where no quote was valid, and for
volatility what ranges, trades and order flow say beside it; and tables `bar_statistics` and `bar_dependence`
for the evidence. Adds tables `regimes`, `regime_changes` and `regime_forecasts` (operators/regimes/tables.py). A bar
with revision > 0 corrects one that was observed already, one that is not later than the newest came too late: neither
is observed, nor gives a row.

Three views of every timeframe, each by a bank of filters that learn (operators/regimes/bank/bank.py), that of
volatility together with a level head (blend.py); labels raw and held (decision.py), forecasts and how they fared
(forecast.py, forecast_scores.py), change points (change_point.py), anomaly (anomaly.py), agreement across timeframes
(agreement.py), what speaks for it (evidence.py).

Warm-up: SETTLE returns of a timeframe; until then the regime is "unknown" and every measure NaN. Change points and
scores of forecasts take longer, as their files say.
Timeframes, if not told otherwise: ultra_short = 1 s bars, short = 1 min, medium = 1 h, long = 1 day.
Cost: 0.2 ms per bar of seconds, 0.3 ms of minutes, 1.1 ms of hours and days, where River looks harder; about 2 ms per
batch and timeframe that closes one; nothing otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from bytewax.operators import KeyedStream

from market.batch import Batch
from market.clock import SECOND_NS
from market.instrument import InstrumentTable
from market.regimes import REGIME_TIMEFRAMES, VIEWS
from market.schema import TIMEFRAMES
from operators.regimes import agreement, timeframe, views
from operators.regimes.labels import Columns
from operators.regimes.report import Part, report
from operators.regimes.views import Models
from operators.regimes.witnesses.bar_features import COLUMNS
from operators.slots import grown
from operators.stage import Stage, registered, wire

READ = ("close_time", "receive_time", "close", "mid_close", "revision", "frame", *COLUMNS)


@dataclass
class State:
    """All timeframes of the instruments of a shard."""

    timeframes: dict[str, timeframe.State]
    newest: agreement.Newest  # what is held, by instrument and timeframe


@registered
def stage(*, timeframes: Mapping[str, str] = REGIME_TIMEFRAMES, models: Models | None = None) -> Stage:
    """timeframes: the bars of each regime timeframe; models: of the three views, those of the flow if none."""
    if not set(timeframes.values()) <= set(TIMEFRAMES):
        raise ValueError(f"timeframes must be made of {', '.join(TIMEFRAMES)}, got {dict(timeframes)}")
    used = models or views.models()
    intervals = {name: TIMEFRAMES[bar] * SECOND_NS for name, bar in timeframes.items()}

    def begin() -> State:
        return State(
            {name: timeframe.empty(used, name, interval, 0) for name, interval in intervals.items()},
            agreement.empty(0, timeframes=len(timeframes), views=len(VIEWS)),
        )

    def step(state: State, batch: Batch) -> Batch:
        if "bars" not in batch.tables:
            return batch
        bars = columns_of(batch.tables["bars"], batch.instruments)
        found = []
        for number, (name, bar) in enumerate(timeframes.items()):
            rows = np.flatnonzero((bars["timeframe"] == bar) & (bars["revision"] == 0))
            if len(rows):
                begun = partial(timeframe.empty, used, name, intervals[name])
                state.timeframes[name] = grown(state.timeframes[name], begun, len(batch.instruments))
                seen = {column: values[rows] for column, values in bars.items()}
                observed = timeframe.observe(
                    used, state.timeframes[name], name, intervals[name],
                    seen["series"], seen["close_time"], seen["price"], {column: seen[column] for column in COLUMNS},
                )  # fmt: skip
                found.append(Part(name, number, intervals[name], rows[observed.rows], observed))
        if any(len(part.rows) for part in found):
            batch, state.newest = report(state.newest, batch, bars, found)
        return batch

    return Stage("regimes.detect", begin, step)


def detect(
    step_id: str,
    up: KeyedStream[Batch],
    *,
    timeframes: Mapping[str, str] = REGIME_TIMEFRAMES,
    models: Models | None = None,
) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(timeframes=timeframes, models=models))


def columns_of(bars: pl.DataFrame, instruments: InstrumentTable) -> Columns:
    """The columns of table `bars` as arrays, because expressions on a frame of a few rows cost more than they do."""
    columns = {name: bars[name].to_numpy() for name in READ}
    columns |= {name: np.array(bars[name].to_list()) for name in ("instrument", "timeframe")}
    columns["series"] = np.array([instruments.id_of(symbol) for symbol in columns["instrument"]], np.int64)
    if columns["series"].min(initial=0) < 0:
        raise ValueError(f"bars of instruments that are not defined: {sorted(set(columns['instrument']))}")
    columns["price"] = np.where(np.isfinite(columns["mid_close"]), columns["mid_close"], columns["close"])
    return columns
