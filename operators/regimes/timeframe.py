"""All that watches the bars of one timeframe: season, three views, change points, anomaly, the scores of forecasts.

Returns lose their season first (season.py), then every watcher sees them. A bar that never came passes for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from market.regimes import VIEWS
from operators.regimes import anomaly, change_point, decision, elapsed, forecast_scores, opinions, season, views
from operators.regimes.forecast import HORIZONS
from operators.regimes.time_of_day import day_slot, slots_of_day
from operators.regimes.views import Models
from operators.regimes.witnesses import bar_features

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
Rows = TypeVar("Rows")


@dataclass
class State:
    """Of N series."""

    newest: elapsed.Newest
    season: season.Season
    views: dict[str, views.State]
    runs: change_point.Runs
    anomalies: anomaly.Anomalies
    scores: dict[str, forecast_scores.Scores]
    opinions: opinions.Opinions


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
    drifts: Int64Array  # (R, drift.WATCHED, drift.DETECTORS) bars since the last alarm


@cache
def _day(interval_ns: int) -> season.Day:
    """The day of bars of this length."""
    return season.day(slots_of_day(interval_ns))


def empty(models: Models, name: str, interval_ns: int, series: int) -> State:
    """No bar yet; name: of the regime timeframe. Grows by operators/slots.py."""
    return State(
        elapsed.empty(series),
        season.empty(_day(interval_ns), series),
        {view: views.begin(model, series) for view, model in models.items()},
        change_point.empty(series),
        anomaly.empty(series),
        {view: forecast_scores.empty(len(VIEWS[view]), series) for view in models},
        opinions.empty(name, series),
    )


def observe(
    models: Models,
    state: State,
    name: str,
    interval_ns: int,
    series: Int64Array,
    times: Int64Array,
    prices: Float64Array,
    columns: Mapping[str, NDArray[Any]] | None = None,
) -> Observed:
    """Let the series named row by row see bars that close at `times` (ns) with `prices` (NaN: none).

    columns: witnesses.bar_features.COLUMNS of the bars, where they are known.
    """
    bars = elapsed.passed(state.newest, series, times, prices, interval_ns)
    divisors = _season(state, bars, interval_ns)
    returns = bars.returns / divisors
    heard = None if columns is None else _heard(columns, bars, divisors)
    followed = {
        view: views.follow(model, state.views[view], bars.series, returns, heard) for view, model in models.items()
    }
    seen = {view: found.views[0] for view, found in followed.items()}
    foretold, at = followed["volatility"], bars.places
    run_length, change, odd = _witnesses(state, bars.series, returns, foretold)
    features = _features(returns / foretold.levels["volatility"], run_length, change, odd)
    opinions.correct(state.opinions, bars.series, features, seen)
    came = np.isfinite(returns)
    scores = {view: _judge(models[view], state.scores[view], bars.series, came, found) for view, found in seen.items()}
    return Observed(
        rows=bars.rows,
        seen=bars.seen,
        views={view: _at(found, at) for view, found in seen.items()},
        scores={view: _at(scored, at) for view, scored in scores.items()},
        volatility=(foretold.levels["volatility"] * divisors)[at],
        drift=(followed["direction"].mean * divisors)[at],
        run_length=run_length[at],
        change_point_probability=change[at],
        anomaly=odd[at],
        drifts=opinions.watch(state.opinions, name, bars.series, returns, -foretold.log_density)[at],
    )


def _season(state: State, bars: elapsed.Passed, interval_ns: int) -> Float64Array:
    """What each return is divided by, as known before it."""
    day, divisors = _day(interval_ns), np.empty(len(bars.series))
    slots = day_slot(bars.times, interval_ns, len(day.waves))
    season.advance(state.season, day, bars.series, slots, bars.returns, divisors)
    return divisors


def _heard(columns: Mapping[str, NDArray[Any]], bars: elapsed.Passed, divisors: Float64Array) -> Float64Array:
    """Features of the bars that passed, ranges without season; NaN for those that never came."""
    features = np.full((len(bars.series), len(bar_features.FEATURES)), np.nan)
    features[bars.places] = bar_features.measured({name: values[bars.rows] for name, values in columns.items()})
    features[:, bar_features.FEATURES.index("range")] /= np.sqrt(divisors)
    return features


def _witnesses(
    state: State, series: Int64Array, returns: Float64Array, foretold: views.Followed
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Run length, probability of a change point, anomaly."""
    count = len(series)
    run_length, change, odd, kinds = np.empty(count), np.empty(count), np.empty(count), np.empty(count, np.int8)
    change_point.advance(state.runs, change_point.rules(), series, returns, run_length, change)
    unknown = np.full(count, np.nan)  # how far a bar fell short of its expected density
    anomaly.advance(state.anomalies, anomaly.rules(), series, foretold.below, unknown, odd, kinds)
    known = np.isfinite(foretold.views[0].probability[:, 0])
    return run_length, change, np.where(known, odd, np.nan)


def _features(z: Float64Array, run_length: Float64Array, change: Float64Array, odd: Float64Array) -> Float64Array:
    """Return, run length, change point and anomaly as opinions.FEATURES."""
    with np.errstate(invalid="ignore"):
        return np.stack([z, np.abs(z), np.log(run_length), change, odd], axis=1)


def _judge(
    model: views.Model, state: forecast_scores.Scores, series: Int64Array, came: NDArray[np.bool_], view: views.View
) -> Scored:
    """Judge what was forecast of each bar by the probabilities it brought; a bar that never came brought none."""
    shape = len(series), len(HORIZONS)
    made = Scored(np.empty(shape, np.int64), np.empty((*shape, 2)), np.empty((*shape, 2)))
    forgetting = float(decision.settings(model.deciding)[0])
    raw = np.where(came, view.raw, decision.UNKNOWN_LABEL)
    forecast_scores.judge_rows(
        state, series, raw, view.probability, view.forecasts, forgetting, made.scored, made.brier, made.log_loss
    )
    return made


def _at(rows: Rows, places: Int64Array) -> Rows:
    """Some of the rows of every array."""
    made: Any = rows
    picked: Rows = replace(made, **{field.name: getattr(rows, field.name)[places] for field in fields(made)})
    return picked
