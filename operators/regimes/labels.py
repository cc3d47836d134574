"""What filtered probabilities say: regime name, confidence, volatility, drift; the columns of the table `regimes`.

Added columns, one row per closed bar:
- regime: "volatility/direction" of the most probable state of each chain, as "calm/bull"; "unknown" during warm-up;
- probability_calm, …, probability_bull: filtered marginal probabilities; NaN during warm-up;
- confidence: probability that both halves of the name hold, 0 … 1; NaN during warm-up;
- volatility: root of the expected variance of the log return, per square-root second; drift: its expectation, per
  second;
- bars_seen: returns observed so far.
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from operators.regimes.model import DIRECTIONS, UNKNOWN, VOLATILITIES, Float64Array, Model

REGIME: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "timeframe": pl.String,
    "time": pl.Int64,  # close of the bar, ns
    "receive_time": pl.Int64,  # when the bar was known to be closed, ns
    "regime": pl.String,
    **{f"probability_{name}": pl.Float64 for name in (*VOLATILITIES, *DIRECTIONS)},
    "confidence": pl.Float64,
    "volatility": pl.Float64,
    "drift": pl.Float64,
    "bars_seen": pl.Int64,
    "frame": pl.Int32,
}

_NAMES = np.array([f"{volatility}/{direction}" for volatility in VOLATILITIES for direction in DIRECTIONS])


def marginals(probability: Float64Array, volatility_states: int) -> tuple[Float64Array, Float64Array]:
    """N by S joint probabilities as N by volatility states and N by direction states."""
    joint = probability.reshape(len(probability), volatility_states, probability.shape[1] // volatility_states)
    volatility = np.stack([expected(joint[:, state, :]) for state in range(joint.shape[1])], axis=1)
    direction = np.stack([expected(joint[:, :, state]) for state in range(joint.shape[2])], axis=1)
    return volatility, direction


def expected(probability: Float64Array, values: Float64Array | None = None) -> Float64Array:
    """Σ_k p_k v_k by row, v = 1 if not given; in the order of k, because BLAS rounds otherwise for other row counts."""
    total = np.zeros(len(probability))
    for state in range(probability.shape[1]):
        total += probability[:, state] * (1.0 if values is None else values[state])
    return total


def measured(
    model: Model, probability: Float64Array, scale: Float64Array, returns: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Columns regime … bars_seen from the kernel's output for N bars, for a model of 3 by 3 states."""
    known = (returns > model.warm_up_bars[0]) & (scale > 0.0)
    volatility, direction = marginals(probability, len(VOLATILITIES))
    state = volatility.argmax(axis=1) * len(DIRECTIONS) + direction.argmax(axis=1)
    seconds = model.interval_ns[0] * 1e-9
    variance = expected(probability, model.scale**2)
    columns = dict(zip((*VOLATILITIES, *DIRECTIONS), (*volatility.T, *direction.T), strict=True))
    values = {
        **{f"probability_{name}": values for name, values in columns.items()},
        "confidence": np.take_along_axis(probability, state[:, None], axis=1)[:, 0],
        "volatility": scale * np.sqrt(variance / seconds),
        "drift": scale * expected(probability, model.drift) / seconds,
    }
    return {
        "regime": np.where(known, _NAMES[state], UNKNOWN),
        **{name: np.where(known, column, np.nan) for name, column in values.items()},
        "bars_seen": returns,
    }


def describe(model: Model, probability: Float64Array, scale: Float64Array, returns: NDArray[np.int64]) -> pl.DataFrame:
    """The same as a frame."""
    columns = measured(model, probability, scale, returns)
    return pl.DataFrame(
        {name: pl.Series(name, values.tolist() if name == "regime" else values) for name, values in columns.items()},
        schema_overrides={"regime": pl.String},
    )
