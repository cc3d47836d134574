"""Rows of the tables `regimes`, `regime_changes` and `regime_forecasts` from what was observed of one timeframe."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from market.clock import SECOND_NS
from market.regimes import STATES, UNKNOWN, VIEWS
from operators.regimes.decision import UNKNOWN_LABEL
from operators.regimes.forecast import HORIZONS
from operators.regimes.timeframe import Observed

Columns = dict[str, NDArray[Any]]


def regimes(found: Observed, interval_ns: int) -> Columns:
    """Columns regime … bars_seen of table `regimes` but for agreement and evidence, in bars' own time."""
    seconds = interval_ns / SECOND_NS
    views = found.views.values()
    held = np.stack([view.held for view in views], axis=1)
    sure = np.stack([_of_held(view.probability, view.held) for view in views], axis=1)
    return {
        "regime": _names(held),
        "raw_regime": _names(np.stack([view.raw for view in views], axis=1)),
        **_by_state({name: view.probability for name, view in found.views.items()}),
        "confidence": sure.min(axis=1),
        **{f"remaining_{name}_s": view.remaining_bars * seconds for name, view in found.views.items()},
        "volatility": found.volatility / np.sqrt(seconds),
        "drift": found.drift / seconds,
        "run_length_bars": found.run_length,
        "change_point_probability": found.change_point_probability,
        "anomaly": found.anomaly,
        "bars_seen": found.seen,
    }


def changes(found: Observed) -> Columns:
    """Columns of table `regime_changes` from view to held_bars, and `row`: the place of the bar among the observed."""
    parts = []
    for name, view in found.views.items():
        rows = np.flatnonzero((view.previous != UNKNOWN_LABEL) & (view.held != view.previous))
        states = np.array(VIEWS[name])
        parts.append(
            {
                "row": rows,
                "view": np.full(len(rows), name),
                "previous": states[view.previous[rows]],
                "regime": states[view.held[rows]],
                "probability": _of_held(view.probability, view.held)[rows],
                "held_bars": view.previous_bars[rows],
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def forecasts(found: Observed) -> Columns:
    """Columns of table `regime_forecasts` from horizon_bars on, and `row`: one row per bar and horizon."""
    count, horizons = len(found.rows), len(HORIZONS)
    columns: Columns = {
        "row": np.repeat(np.arange(count), horizons),
        "horizon_bars": np.tile(np.array(HORIZONS, np.int64), count),
        **_by_state(
            {name: view.forecasts.reshape(count * horizons, len(VIEWS[name])) for name, view in found.views.items()}
        ),
    }
    for name, view in found.views.items():
        columns[f"change_probability_{name}"] = view.changes.ravel()
    columns["scored"] = next(iter(found.scores.values())).scored.ravel()
    for name, scores in found.scores.items():
        for measure, values in (("brier", scores.brier), ("log_loss", scores.log_loss)):
            columns[f"{measure}_{name}"] = values[:, :, 0].ravel()
            columns[f"baseline_{measure}_{name}"] = values[:, :, 1].ravel()
    return columns


def _names(labels: NDArray[np.int64]) -> NDArray[np.str_]:
    """R by V labels as words; unknown unless every view is known."""
    words = [np.array(VIEWS[name])[labels[:, view]] for view, name in enumerate(VIEWS)]
    joined = np.char.add(np.char.add(np.char.add(np.char.add(words[0], "/"), words[1]), "/"), words[2])
    return np.where((labels == UNKNOWN_LABEL).any(axis=1), UNKNOWN, joined)


def _of_held(probability: NDArray[np.float64], held: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probability of the held label; NaN while there is none."""
    found = np.take_along_axis(probability, np.maximum(held, 0)[:, None], axis=1)[:, 0]
    return np.where(held == UNKNOWN_LABEL, np.nan, found)


def _by_state(probabilities: Mapping[str, NDArray[np.float64]]) -> Columns:
    """probability_calm … probability_trending from R by K of each view."""
    columns = [values[:, label] for values in probabilities.values() for label in range(values.shape[1])]
    return {f"probability_{state}": column for state, column in zip(STATES, columns, strict=True)}


def table(columns: Columns, schema: Mapping[str, Any]) -> pl.DataFrame:
    """Columns as a table with the columns and types of its schema."""
    return pl.DataFrame([_series(name, columns[name], kind) for name, kind in schema.items()])


def _series(name: str, values: NDArray[Any], kind: Any) -> pl.Series:
    return pl.Series(name, values.tolist() if values.dtype.kind in "OU" else values, kind, strict=False)
