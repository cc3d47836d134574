"""`regimes.detect`: the regimes of every instrument after every closed bar of the regime timeframes.

Reads table `bars` (instrument, timeframe, close_time, receive_time, close, mid_close, revision, frame); observes the
mid price at the bar's close, the last trade where no quote was valid; and tables `bar_statistics` and `bar_dependence`
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
Cost: 0.2 ms per bar and instrument, and about 2 ms per batch and timeframe that closes one; nothing otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

from market.batch import Batch
from market.clock import SECOND_NS
from market.instrument import InstrumentTable
from market.regimes import REGIME_TIMEFRAMES, UNKNOWN, VIEWS
from market.schema import TIMEFRAMES
from operators.regimes import agreement, labels, timeframe
from operators.regimes.evidence import DOUBT, Statistics, agreeing
from operators.regimes.labels import Columns
from operators.regimes.tables import REGIME, REGIME_CHANGE, REGIME_FORECAST
from operators.regimes.timeframe import Models, Observed
from operators.slots import grown
from operators.stage import Stage, registered, wire

READ = ("close_time", "receive_time", "close", "mid_close", "revision", "frame")
BAR = ("instrument", "timeframe", "time", "receive_time", "frame")
STATISTICS = {
    "bar_statistics": ("return_mean", "return_variance"),
    "bar_dependence": (
        *("variance_ratio_5", "variance_ratio_z_5", "autocorrelation_1", "autocorrelation_band"),
        *("dfa_hurst", "dfa_hurst_error"),
    ),
}
Key = tuple[str, str, int]  # instrument, bars, close time


@dataclass
class State:
    """All timeframes of the instruments of a shard."""

    timeframes: dict[str, timeframe.State]
    held: NDArray[np.int64]  # (I, T, V) newest held labels


@registered
def stage(*, timeframes: Mapping[str, str] = REGIME_TIMEFRAMES, models: Models | None = None) -> Stage:
    """timeframes: the bars of each regime timeframe; models: of the three views, those of the flow if none."""
    if not set(timeframes.values()) <= set(TIMEFRAMES):
        raise ValueError(f"timeframes must be made of {', '.join(TIMEFRAMES)}, got {dict(timeframes)}")
    used = models or timeframe.models()
    intervals = {name: TIMEFRAMES[bar] * SECOND_NS for name, bar in timeframes.items()}

    def begin() -> State:
        return State(
            {name: timeframe.empty(used, interval, 0) for name, interval in intervals.items()},
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
                timeframe.grow(used, state.timeframes[name], intervals[name], len(batch.instruments))
                seen = (bars[column][rows] for column in ("series", "close_time", "price"))
                observed = timeframe.observe(used, state.timeframes[name], intervals[name], *seen)
                found.append(_Part(name, number, intervals[name], rows[observed.rows], observed))
        return _told(state, batch, bars, found) if any(len(part.rows) for part in found) else batch

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


@dataclass(frozen=True)
class _Part:
    """What one timeframe saw of a batch."""

    timeframe: str
    number: int
    interval_ns: int
    rows: NDArray[np.int64]  # of the batch's bars
    observed: Observed


def columns_of(bars: pl.DataFrame, instruments: InstrumentTable) -> Columns:
    """The columns of table `bars` as arrays, because expressions on a frame of a few rows cost more than they do."""
    columns = {name: bars[name].to_numpy() for name in READ}
    columns |= {name: np.array(bars[name].to_list()) for name in ("instrument", "timeframe")}
    columns["series"] = np.array([instruments.id_of(symbol) for symbol in columns["instrument"]], np.int64)
    if columns["series"].min(initial=0) < 0:
        raise ValueError(f"bars of instruments that are not defined: {sorted(set(columns['instrument']))}")
    columns["price"] = np.where(np.isfinite(columns["mid_close"]), columns["mid_close"], columns["close"])
    return columns


def _told(state: State, batch: Batch, bars: Columns, found: Sequence[_Part]) -> Batch:
    """The batch with the tables of what was found, rows in the order of the frames that closed their bars."""
    known = [_known(bars, part) for part in found]
    rows = [
        {**base, **labels.regimes(part.observed, part.interval_ns)} for base, part in zip(known, found, strict=True)
    ]
    merged = {name: np.concatenate([part[name] for part in rows]) for name in rows[0]}
    order = np.argsort(merged["frame"], kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    merged = {name: values[order] for name, values in merged.items()}
    merged["agreement"] = _agreement(state, batch, merged)
    merged["evidence"] = _evidence(batch, merged)
    starts = np.cumsum([0, *(len(base["frame"]) for base in known)])
    changed: list[Columns] = []
    expected: list[Columns] = []
    for base, part, start in zip(known, found, starts, strict=False):
        change, forecast = labels.changes(part.observed), labels.forecasts(part.observed)
        for made, into in ((change, changed), (forecast, expected)):
            into.append(
                {**made, **{name: base[name][made["row"]] for name in BAR}, "place": place[start + made["row"]]}
            )
    batch = batch.with_table("regimes", labels.table([merged], REGIME))
    changes = _in_place(changed)
    if len(changes["place"]):
        changes["evidence"] = merged["evidence"][changes["place"]]
        batch = batch.with_table("regime_changes", labels.table([changes], REGIME_CHANGE))
    return batch.with_table("regime_forecasts", labels.table([_in_place(expected)], REGIME_FORECAST))


def _known(bars: Columns, part: _Part) -> Columns:
    """Columns that name the bars of one timeframe, and its number."""
    columns = {name: bars[name][part.rows] for name in ("instrument", "receive_time", "frame", "series", "timeframe")}
    columns["bars"], columns["time"] = columns["timeframe"], bars["close_time"][part.rows]
    columns["timeframe"] = np.full(len(part.rows), part.timeframe)
    columns["number"] = np.full(len(part.rows), part.number)
    held = [view.held for view in part.observed.views.values()]
    leads = {f"lead_{name}": view.lead for name, view in part.observed.views.items()}
    return {**columns, "held": np.stack(held, axis=1), **leads}


def _in_place(parts: Sequence[Columns]) -> Columns:
    """Rows of all parts in the order of their bars."""
    merged = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(merged["place"], kind="stable")
    return {name: values[order] for name, values in merged.items()}


def _agreement(state: State, batch: Batch, rows: Columns) -> NDArray[np.float64]:
    """How far the timeframes agree, bar by bar."""
    _, timeframes, views = state.held.shape
    state.held = grown(
        state.held, lambda more: agreement.empty(more, timeframes=timeframes, views=views), len(batch.instruments)
    )
    out = np.empty(len(rows["series"]))
    agreement.agree_rows(state.held, rows["series"], rows["number"], np.ascontiguousarray(rows["held"]), out)
    return out


def _evidence(batch: Batch, rows: Columns) -> NDArray[Any]:
    """What speaks for each regime; nothing while it is unknown."""
    statistics = _statistics(batch)
    keys = zip(rows["instrument"].tolist(), rows["bars"].tolist(), rows["time"].tolist(), strict=True)
    found = np.empty(len(rows["frame"]), object)
    leads = {name: rows[name].tolist() for name in (f"lead_{view}" for view in VIEWS)}
    for row, (key, regime) in enumerate(zip(keys, rows["regime"].tolist(), strict=True)):
        if regime == UNKNOWN:
            found[row] = []
            continue
        speaking = {name: values[row] for name, values in leads.items()}
        for witness in ("change_point_probability", "anomaly"):
            if rows[witness][row] > DOUBT:
                speaking[witness] = float(rows[witness][row])
        speaking |= agreeing(tuple(regime.split("/")), statistics.get(key, {}))
        found[row] = [{"key": key, "value": value} for key, value in speaking.items()]
    return found


def _statistics(batch: Batch) -> dict[Key, Statistics]:
    """The statistics that evidence reads, by bar."""
    found: dict[Key, dict[str, float]] = {}
    for name, columns in STATISTICS.items():
        if name not in batch.tables:
            continue
        table = batch.tables[name]
        keys = zip(*(table[column].to_list() for column in ("instrument", "timeframe", "close_time")), strict=True)
        for key, values in zip(keys, zip(*(table[column].to_list() for column in columns), strict=True), strict=True):
            found.setdefault(key, {}).update(zip(columns, values, strict=True))
    return dict(found)
