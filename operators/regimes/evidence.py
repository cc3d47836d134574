"""What speaks for a regime: how sure the filters are, the witnesses, and the statistics that agree.

- lead_volatility, lead_direction, lead_dynamics: log of how much better the held state is supported than the best
  other, nats; below 0 while a held state is not the likeliest any more;
- change_point_probability, anomaly: where above DOUBT;
- drift_size_adwin_bars and the like: bars since a detector (drift.py) gave an alarm, for RECENT_BARS;
- statistics of the same bar (tables bar_statistics, bar_dependence), by their column names, where they are significant
  at the two-sided 5 % level and say what the held state says (SPEAKS); those of a window that is not full are silent.
"""

from collections.abc import Callable, Mapping
from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.batch import Batch
from market.regimes import UNKNOWN, VIEWS
from operators.regimes import drift
from operators.regimes.labels import Columns

Statistics = Mapping[str, float]

Key = tuple[str, str, int]  # instrument, bars, close time

DOUBT = 0.5
RECENT_BARS = 30
READ = {
    "bar_statistics": ("return_mean", "return_variance"),
    "bar_dependence": (
        *("variance_ratio_5", "variance_ratio_z_5", "autocorrelation_1", "autocorrelation_band"),
        *("dfa_hurst", "dfa_hurst_error"),
    ),
}
SIGNIFICANT = 1.96  # standard errors
MEAN_RETURNS = 58.0  # that a mean with a half-life of 20 is worth, (1 + d) / (1 − d)


def _z(column: str) -> Callable[[Statistics], float]:
    return lambda found: found.get(column, 0.0)


def _autocorrelation(found: Statistics) -> float:
    """First-order autocorrelation in standard errors; its band is two-sided at 5 %."""
    band = found.get("autocorrelation_band", 0.0)
    return SIGNIFICANT * found.get("autocorrelation_1", 0.0) / band if band > 0.0 else 0.0


def _hurst(found: Statistics) -> float:
    error = found.get("dfa_hurst_error", 0.0)
    return (found.get("dfa_hurst", 0.5) - 0.5) / error if error > 0.0 else 0.0


def _mean(found: Statistics) -> float:
    """Mean return in standard errors, over about as many returns as the exponential window holds."""
    variance = found.get("return_variance", 0.0)
    return found.get("return_mean", 0.0) / sqrt(variance / MEAN_RETURNS) if variance > 0.0 else 0.0


SPEAKS: Mapping[str, tuple[tuple[str, Callable[[Statistics], float], int], ...]] = {
    "trending": (
        ("variance_ratio_5", _z("variance_ratio_z_5"), 1),
        ("autocorrelation_1", _autocorrelation, 1),
        ("dfa_hurst", _hurst, 1),
    ),
    "reverting": (
        ("variance_ratio_5", _z("variance_ratio_z_5"), -1),
        ("autocorrelation_1", _autocorrelation, -1),
        ("dfa_hurst", _hurst, -1),
    ),
    "bull": (("return_mean", _mean, 1),),
    "bear": (("return_mean", _mean, -1),),
}


def agreeing(states: tuple[str, ...], found: Statistics) -> dict[str, float]:
    """Statistics of a bar that significantly say what the held states say.

    >>> agreeing(("calm", "bull", "trending"), {"variance_ratio_5": 1.3, "variance_ratio_z_5": 2.5})
    {'variance_ratio_5': 1.3}
    """
    speaking: dict[str, float] = {}
    for state in states:
        for column, strength, sign in SPEAKS.get(state, ()):
            value = strength(found)
            if isfinite(value) and sign * value >= SIGNIFICANT:
                speaking[column] = found[column]
    return speaking


def alarms(since: NDArray[np.int64]) -> dict[str, float]:
    """Recent alarms of one bar, from bars since the last one, drift.WATCHED by drift.DETECTORS."""
    places = np.argwhere((since != drift.NEVER) & (since <= RECENT_BARS)).tolist()
    return {f"drift_{drift.WATCHED[w]}_{drift.DETECTORS[d]}_bars": float(since[w, d]) for w, d in places}


def evidence(batch: Batch, rows: Columns) -> NDArray[Any]:
    """What speaks for each regime, as pairs of key and value; nothing while it is unknown."""
    statistics = _statistics(batch)
    keys = zip(rows["instrument"].tolist(), rows["bars"].tolist(), rows["time"].tolist(), strict=True)
    found = np.empty(len(rows["frame"]), object)
    for row, (key, regime) in enumerate(zip(keys, rows["regime"].tolist(), strict=True)):
        found[row] = []
        if regime != UNKNOWN:
            speaking = {name: float(rows[name][row]) for name in (f"lead_{view}" for view in VIEWS)}
            doubts = {name: float(rows[name][row]) for name in ("change_point_probability", "anomaly")}
            speaking |= {name: value for name, value in doubts.items() if value > DOUBT}
            speaking |= alarms(rows["drifts"][row]) | agreeing(tuple(regime.split("/")), statistics.get(key, {}))
            found[row] = [{"key": name, "value": value} for name, value in speaking.items()]
    return found


def _statistics(batch: Batch) -> dict[Key, Statistics]:
    """The statistics that evidence reads, by bar."""
    found: dict[Key, dict[str, float]] = {}
    for name, columns in READ.items():
        if name in batch.tables:
            table = batch.tables[name]
            keys = zip(*(table[column].to_list() for column in ("instrument", "timeframe", "close_time")), strict=True)
            values = zip(*(table[column].to_list() for column in columns), strict=True)
            for key, of_bar in zip(keys, values, strict=True):
                found.setdefault(key, {}).update(zip(columns, of_bar, strict=True))
    return dict(found)
