"""River's second opinion on one timeframe: drift detectors on what bars are like, classifiers beside our forecasts.

Drift: of the size of returns, the returns, their product with the one before, and of how badly each bar was foretold
(drift.py). Forecast: P(label LEARNED_BARS later), the filter's own and the classifiers' weighed by merit
(river/ensemble.py), from FEATURES; it takes the place of the filter's own where the timeframe has classifiers.
Cost: 15 µs a bar for the detectors, and 1.6 ms where KSWIN looks (drift.KSWIN_EVERY); 40 µs a view for the
classifiers, none of them where bars are seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market.regimes import VIEWS
from operators.regimes import drift
from operators.regimes.forecast import HORIZONS
from operators.regimes.river import ensemble
from operators.regimes.river.members import MEMBERS
from operators.regimes.views import View

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]

PLACE = 1  # of LEARNED_BARS in HORIZONS
LEARNED_BARS = HORIZONS[PLACE]
FEATURES = ("return", "size", "log_run_length", "change_point", "anomaly")


@dataclass
class Opinions:
    """State of N series on one timeframe."""

    drifts: drift.Drifts
    before: list[float]  # N, the newest return; NaN: none
    ensembles: list[dict[str, ensemble.Ensemble]]  # N, by view; empty where the timeframe has no classifiers


def empty(timeframe: str, series: int) -> Opinions:
    """Before the first bar; a timeframe that is not known by name has no classifiers."""
    members = MEMBERS.get(timeframe, ())
    views = VIEWS if members else {}
    made = [
        {
            name: ensemble.empty(members, regimes=len(states), horizon_bars=LEARNED_BARS)
            for name, states in views.items()
        }
        for _ in range(series)
    ]
    return Opinions(drift.empty(series, len(drift.WATCHED)), [np.nan] * series, made)


def watch(
    state: Opinions, timeframe: str, series: Int64Array, returns: Float64Array, errors: Float64Array
) -> Int64Array:
    """Bars since each detector's last alarm, rows by drift.WATCHED by drift.DETECTORS; NaN: no return, no error."""
    before = np.empty(len(series))
    for row, (n, value) in enumerate(zip(series.tolist(), returns.tolist(), strict=True)):
        before[row], state.before[n] = state.before[n], value
    since = np.empty((len(series), len(drift.WATCHED), len(drift.DETECTORS)), np.int64)
    every = drift.KSWIN_EVERY.get(timeframe, 1)
    drift.advance(state.drifts, series, drift.watched(returns, before, errors), since, kswin_every=every)
    return since


def correct(state: Opinions, series: Int64Array, features: Float64Array, views: Mapping[str, View]) -> None:
    """Let the classifiers see bars, rows by FEATURES, and correct each view's forecasts at LEARNED_BARS in place."""
    for row, (n, known) in enumerate(zip(series.tolist(), features.tolist(), strict=True)):
        named = dict(zip(FEATURES, known, strict=True))
        for name, made in state.ensembles[n].items():
            ahead = views[name].forecasts[row, PLACE]
            believed = views[name].probability[row].tolist()
            ahead[:] = ensemble.take(made, named, int(views[name].held[row]), ahead.tolist(), believed)
