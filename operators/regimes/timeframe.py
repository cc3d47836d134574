"""All that watches the bars of one timeframe: season, three views, change points, anomaly, the scores of forecasts.

Returns lose their season first (season.py), then every watcher sees them. A bar that never came passes for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from market.regimes import VIEWS
from operators.regimes import anomaly, change_point, decision, elapsed, forecast_scores, season, views
from operators.regimes.forecast import HORIZONS
from operators.regimes.time_of_day import day_slot, slots_of_day
from operators.slots import grown

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
Models = Mapping[str, views.Model]  # by view: volatility, direction, dynamics; of three labels each
Rows = TypeVar("Rows")


@cache
def models() -> Models:
    """The models of the flow."""
    return {"volatility": views.volatility(), "direction": views.direction(), "dynamics": views.dynamics()}


@dataclass
class State:
    """Of N series."""

    newest: elapsed.Newest
    season: season.Season
    views: dict[str, views.State]
    runs: change_point.Runs
    anomalies: anomaly.Anomalies
    scores: dict[str, forecast_scores.Scores]


@dataclass(frozen=True)
class Scored:
    """How the forecasts of one view have fared, as of after each of R bars; the chain's, then the Markov baseline's."""

    scored: Int64Array  # (R, H) forecasts judged
    brier: Float64Array  # (R, H, 2)
    log_loss: Float64Array  # (R, H, 2)


@dataclass(frozen=True)
class Observed:
    """What is known after each of R bars."""

    rows: Int64Array  # (R,) which of the bars given they are: those that were not later than the newest are not here
    seen: Int64Array  # (R,) returns so far
    views: Mapping[str, views.View]
    scores: Mapping[str, Scored]
    volatility: Float64Array  # (R,) of the log return of a bar
    drift: Float64Array  # (R,) expected log return of the next bar
    run_length: Float64Array  # (R,) bars since the last change point, most probably
    change_point_probability: Float64Array  # (R,)
    anomaly: Float64Array  # (R,)


def empty(models: Models, interval_ns: int, series: int) -> State:
    """No bar yet."""
    labels = {name: len(VIEWS[name]) for name in models}
    return State(
        elapsed.empty(series),
        season.empty(season.day(slots_of_day(interval_ns)), series),
        {name: views.begin(model, series) for name, model in models.items()},
        change_point.empty(series),
        anomaly.empty(series),
        {name: forecast_scores.empty(count, series) for name, count in labels.items()},
    )


def grow(models: Models, state: State, interval_ns: int, series: int) -> None:
    """Room for more series; nothing where there is enough."""
    if len(state.newest.time) >= series:
        return
    state.newest = grown(state.newest, elapsed.empty, series)
    state.season = grown(state.season, partial(season.empty, season.day(slots_of_day(interval_ns))), series)
    state.views = {name: views.grow(models[name], made, series) for name, made in state.views.items()}
    state.runs = grown(state.runs, change_point.empty, series)
    state.anomalies = grown(state.anomalies, anomaly.empty, series)
    for name, made in state.scores.items():
        state.scores[name] = grown(made, partial(forecast_scores.empty, len(VIEWS[name])), series)


def observe(
    models: Models, state: State, interval_ns: int, series: Int64Array, times: Int64Array, prices: Float64Array
) -> Observed:
    """Let the series named row by row see bars that close at `times` (ns) with `prices` (NaN: none)."""
    bars = elapsed.passed(state.newest, series, times, prices, interval_ns)
    count, at = len(bars.series), bars.places
    slots = slots_of_day(interval_ns)
    divisors = np.empty(count)
    day = season.day(slots)
    season.advance(state.season, day, bars.series, day_slot(bars.times, interval_ns, slots), bars.returns, divisors)
    returns = bars.returns / divisors
    followed = {name: views.follow(model, state.views[name], bars.series, returns) for name, model in models.items()}
    run_length, change, odd, kinds = np.empty(count), np.empty(count), np.empty(count), np.empty(count, np.int8)
    change_point.advance(state.runs, change_point.rules(), bars.series, returns, run_length, change)
    foretold = followed["volatility"].below
    anomaly.advance(state.anomalies, anomaly.rules(), bars.series, foretold, np.full(count, np.nan), odd, kinds)
    seen = {name: found.views[0] for name, found in followed.items()}
    scores = {name: _judge(models[name], state.scores[name], bars.series, view) for name, view in seen.items()}
    return Observed(
        rows=bars.rows,
        seen=bars.seen,
        views={name: _at(view, at) for name, view in seen.items()},
        scores={name: _at(scored, at) for name, scored in scores.items()},
        volatility=(followed["volatility"].levels["volatility"] * divisors)[at],
        drift=(followed["direction"].mean * divisors)[at],
        run_length=run_length[at],
        change_point_probability=change[at],
        anomaly=np.where(np.isfinite(foretold), odd, np.nan)[at],
    )


def _judge(model: views.Model, state: forecast_scores.Scores, series: Int64Array, view: views.View) -> Scored:
    """Judge what was forecast of each bar by the probabilities it brought."""
    shape = len(series), len(HORIZONS)
    made = Scored(np.empty(shape, np.int64), np.empty((*shape, 2)), np.empty((*shape, 2)))
    forgetting = float(decision.settings(model.deciding)[0])
    forecast_scores.judge_rows(
        state, series, view.raw, view.probability, view.forecasts, forgetting, made.scored, made.brier, made.log_loss
    )
    return made


def _at(rows: Rows, places: Int64Array) -> Rows:
    """Some of the rows of every array."""
    made: Any = rows
    picked: Rows = replace(made, **{field.name: getattr(rows, field.name)[places] for field in fields(made)})
    return picked
