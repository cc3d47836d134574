"""Linear shrinkage of a weighted covariance, with the intensity that is best for what was seen, row by row.

    Σ = (1 − ρ) S + ρ F,   ρ = clip((π − φ) / γ, 0, 1)

S is the weighted covariance about zero (operators/portfolio/weighted.py). F is one of
- "identity": mean variance × identity, Ledoit, Wolf (2004), doi:10.1016/S0047-259X(03)00096-4; φ = 0;
- "constant_correlation": own variances, all correlations their mean, Ledoit, Wolf (2003), doi:10.3905/jpm.2004.110.
γ = ‖S − F‖² is how far off F is, π = Σ var(s_ij) how uncertain S is, φ how much of that F shares. With weights,
var(s_ij) = (Σ w² / W²)(E[x_i² x_j²] − s_ij²), and likewise φ from E[x_i³ x_j]: running fourth moments. With equal
weights and nothing missing these are the papers' formulas about zero.

Units: return² per row. Missing returns, warm-up and NaN as in weighted.py. The result is positive semi-definite: S and
the mixture are repaired (psd.py) where missing returns break them. One instrument is its variance.
State: 7 n². Cost: n = 100 about 0.15 ms a row, the matrix 3 ms.
A part of `portfolio.propose`.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.portfolio import psd, weighted

Matrix = NDArray[np.float64]
Aim = Literal["identity", "constant_correlation"]
Places = tuple[NDArray[Any], ...]


class Shrinkage(NamedTuple):
    """State."""

    moments: weighted.Moments  # about zero
    fourth: Matrix  # Σ w x_i² x_j²
    third: Matrix  # Σ w x_i³ x_j


def empty(n: int, *, half_life_rows: float = 720.0, warm_up_rows: int = 60) -> Shrinkage:
    """half_life_rows: above 0, infinite for equal weights; warm_up_rows: at least 2."""
    moments = weighted.empty(n, half_life_rows=half_life_rows, warm_up_rows=warm_up_rows, centred=False)
    return Shrinkage(moments, np.zeros((n, n)), np.zeros((n, n)))


def update(state: Shrinkage, returns: Matrix) -> None:
    """Take a row of n returns."""
    values, both = weighted.present(returns, len(state.fourth))
    weighted.update(state.moments, returns)
    keep = state.moments.keep
    square = values * values
    state.fourth[...] = keep * state.fourth + np.where(both, np.outer(square, square), 0.0)
    state.third[...] = keep * state.third + np.where(both, np.outer(square * values, values), 0.0)
    gone = state.moments.rows == 0
    state.fourth[gone] = state.third[gone] = 0.0


def matrix(state: Shrinkage, aim: Aim = "constant_correlation") -> Matrix:
    """n by n, positive semi-definite among the instruments that are ready; NaN elsewhere."""
    ready = weighted.ready(state.moments)
    found = np.full(state.fourth.shape, np.nan)
    found[np.ix_(ready, ready)] = _shrunk(state, ready, aim)[0]
    return found


def intensity(state: Shrinkage, aim: Aim = "constant_correlation") -> float:
    """ρ, 0 … 1; NaN while no instrument is ready."""
    ready = weighted.ready(state.moments)
    return _shrunk(state, ready, aim)[1] if ready.any() else float("nan")


def _shrunk(state: Shrinkage, ready: NDArray[np.bool_], aim: Aim) -> tuple[Matrix, float]:
    """The matrix among the ready, and its intensity."""
    places = np.ix_(ready, ready)
    sample = weighted.raw(state.moments)[places]
    if len(sample) < 2:
        return sample, 0.0
    if aim == "identity":
        towards, shared = float(np.diagonal(sample).mean()) * np.eye(len(sample)), 0.0
    elif aim == "constant_correlation":
        towards, shared = _constant_correlation(state, places, sample)
    else:
        raise ValueError(f"aim must be identity or constant_correlation, got {aim}")
    uncertain = float(_uncertainty(state, places, state.fourth, sample**2).sum())
    distance = float(((sample - towards) ** 2).sum())
    share = min(max((uncertain - shared) / distance, 0.0), 1.0) if distance > 0 else 0.0
    return psd.nearest((1.0 - share) * psd.nearest(sample) + share * towards), share


def _constant_correlation(state: Shrinkage, places: Places, sample: Matrix) -> tuple[Matrix, float]:
    """F and φ."""
    n, scales = len(sample), np.sqrt(np.diagonal(sample))
    apart = ~np.eye(n, dtype=bool)
    mean = float(psd.correlation_of(sample)[apart].mean())
    towards = mean * np.outer(scales, scales)
    np.fill_diagonal(towards, np.diagonal(sample))
    # var of s_ii with s_ij: how the variance of i moves together with its covariance with j
    moved = _uncertainty(state, places, state.third, np.diagonal(sample)[:, None] * sample)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(scales[:, None] > 0, scales[None, :] / scales[:, None], 0.0)
    own = float(np.diagonal(_uncertainty(state, places, state.fourth, sample**2)).sum())
    return towards, own + mean * float((ratio * moved)[apart].sum())


def _uncertainty(state: Shrinkage, places: Places, sums: Matrix, product: Matrix) -> Matrix:
    """Covariance of two entries of S, whose product has the expectation sums / W: (Σ w² / W²)(sums / W − product)."""
    weight, squares = state.moments.weight[places], state.moments.squares[places]
    return np.asarray((squares / weight**2) * (sums[places] / weight - product))
