"""The columns of the tables `regimes`, `regime_changes` and `regime_forecasts`."""

from typing import Any

import polars as pl

from market.pairs import PAIRS
from market.regimes import DIRECTIONS, DYNAMICS, STATES, UNKNOWN, VIEWS, VOLATILITIES

__all__ = [
    "DIRECTIONS",
    "DYNAMICS",
    "REGIME",
    "REGIME_CHANGE",
    "REGIME_FORECAST",
    "STATES",
    "UNKNOWN",
    "VIEWS",
    "VOLATILITIES",
]

_BAR: dict[str, Any] = {
    "instrument": pl.String,
    "timeframe": pl.String,  # ultra_short, short, medium or long
    "time": pl.Int64,  # close of the bar, ns
    "receive_time": pl.Int64,  # when the bar was known to be closed, ns
}
_PROBABILITIES = dict.fromkeys((f"probability_{state}" for state in STATES), pl.Float64)


def _of_views(*measures: str) -> dict[str, Any]:
    """Columns such as brier_volatility, brier_direction, brier_dynamics."""
    return {f"{measure}_{view}": pl.Float64 for measure in measures for view in VIEWS}


REGIME: dict[str, Any] = {
    **_BAR,
    "regime": pl.String,  # held label of every view, such as calm/bull/trending
    "raw_regime": pl.String,  # the same from this bar's probabilities alone
    **_PROBABILITIES,  # filtered; NaN while the view warms up
    "confidence": pl.Float64,  # smallest probability of the three held labels
    "remaining_volatility_s": pl.Float64,  # expected remaining stay in the held state
    "remaining_direction_s": pl.Float64,
    "remaining_dynamics_s": pl.Float64,
    "volatility": pl.Float64,  # of log returns, per square-root second
    "drift": pl.Float64,  # of log returns, per second
    "run_length_bars": pl.Float64,  # most probable number of bars since the last change point
    "change_point_probability": pl.Float64,  # that one happened within the last few bars
    "anomaly": pl.Float64,  # 0 … 1: none of the regimes known explains this
    "agreement": pl.Float64,  # 0 … 1: share of the other timeframes' held views that say the same; NaN: none known
    "evidence": PAIRS,
    "bars_seen": pl.Int64,
    "frame": pl.Int32,
}

REGIME_CHANGE: dict[str, Any] = {
    **_BAR,
    "view": pl.String,  # volatility, direction or dynamics
    "previous": pl.String,  # state that was held until now
    "regime": pl.String,  # state that is held from now on
    "probability": pl.Float64,  # of the new state
    "held_bars": pl.Int64,  # how long the previous one was held
    "evidence": PAIRS,
    "frame": pl.Int32,
}

REGIME_FORECAST: dict[str, Any] = {
    **_BAR,
    "horizon_bars": pl.Int64,  # operators/regimes/forecast.py
    **_PROBABILITIES,  # at time + horizon
    **_of_views("change_probability"),  # that the held state is left at least once until then
    "scored": pl.Int64,  # forecasts of this horizon judged so far
    **_of_views("brier", "log_loss", "baseline_brier", "baseline_log_loss"),
    "frame": pl.Int32,
}
