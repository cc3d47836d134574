"""The covariance model that a portfolio uses, for as many instruments as there are by now.

- "weighted": exponentially weighted (weighted.py);
- "shrinkage": that, shrunk to constant correlation (shrinkage.py); the default, for any number of instruments;
- "conditional": by the probability of stress (conditional.py), for portfolios that meet few but violent changes;
- "dcc": correlations that revert (dcc.py), where they are known to.

States grow with the instruments: what is new begins empty, what was known stays. Units: return² per row.
A part of `portfolio.propose`.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from operators.portfolio import conditional, dcc, shrinkage, variances, weighted

Matrix = NDArray[np.float64]
Kind = Literal["weighted", "shrinkage", "conditional", "dcc"]
KINDS = ("weighted", "shrinkage", "conditional", "dcc")
FIT_ROWS = 250  # between fits of the parameters of "dcc"


@dataclass
class Model:
    """State: one estimator and how it was made."""

    kind: Kind
    half_life_rows: float
    warm_up_rows: int
    n: int
    state: Any


def empty(kind: Kind, *, half_life_rows: float, warm_up_rows: int) -> Model:
    """No instruments yet."""
    if kind not in KINDS:
        raise ValueError(f"a covariance model must be one of {', '.join(KINDS)}, got {kind}")
    return Model(kind, half_life_rows, warm_up_rows, 0, _made(kind, 0, half_life_rows, warm_up_rows))


def update(model: Model, returns: Matrix, stress: float) -> None:
    """Take a row of returns, of at least as many instruments as before; stress: its probability, NaN: not known."""
    if len(returns) > model.n:
        model.n = len(returns)
        model.state = grown(model.state, _made(model.kind, model.n, model.half_life_rows, model.warm_up_rows))
    if model.kind == "weighted":
        weighted.update(model.state, returns)
    elif model.kind == "shrinkage":
        shrinkage.update(model.state, returns)
    elif model.kind == "conditional":
        conditional.update(model.state, returns, (1.0 - stress, stress))
    else:
        dcc.update(model.state, returns)


def matrix(model: Model, stress: float) -> Matrix:
    """n by n, positive semi-definite among the instruments that are ready; NaN elsewhere."""
    if model.kind == "weighted":
        return weighted.matrix(model.state)
    if model.kind == "shrinkage":
        return shrinkage.matrix(model.state)
    if model.kind == "conditional":
        return conditional.matrix(model.state, (1.0 - stress, stress))
    return dcc.matrix(model.state)


def grown(state: Any, wider: Any) -> Any:
    """An empty state for more instruments with what is known of the first ones in it; arrays grow at their ends."""
    if isinstance(state, np.ndarray):
        wider[tuple(slice(0, size) for size in state.shape)] = state
        return wider
    if isinstance(state, tuple):
        parts = [grown(one, other) for one, other in zip(state, wider, strict=True)]
        return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
    return state


def _made(kind: Kind, n: int, half_life_rows: float, warm_up_rows: int) -> Any:
    if kind == "weighted":
        return weighted.empty(n, half_life_rows=half_life_rows, warm_up_rows=warm_up_rows)
    if kind == "shrinkage":
        return shrinkage.empty(n, half_life_rows=half_life_rows, warm_up_rows=warm_up_rows)
    if kind == "conditional":
        return conditional.empty(n, 2, half_life_rows=half_life_rows, warm_up_rows=warm_up_rows)
    alpha, beta = variances.weighting(half_life_rows)
    return dcc.empty(n, alpha=alpha, beta=beta, warm_up_rows=warm_up_rows, fit_rows=FIT_ROWS)
