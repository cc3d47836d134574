"""Exponentially weighted covariance of returns, pair by pair where some are missing, then made positive semi-definite.

    W = Σ w,  w = ½^(age / half_life),  m = Σ w x / W,  s_ij = Σ w (x_i − m_i)(x_j − m_j) / (W − Σ w² / W)

over the rows in which both i and j were there; the divisor makes it unbiased whatever the weights (with equal weights
it is T − 1). About zero instead of about the mean: Σ w x_i x_j / W, for grids so fine that a mean is only noise.
Updated as deviations (West 1979, doi:10.1145/359146.359153), never as differences of squares.

Units: return² per row. NaN or infinite returns are missing. A row weighs its `weight` and ages the others by as much,
so that rows can count by the probability of a regime. Warm-up: `warm_up_rows` rows of each pair; an instrument that
lacks a pair with the others is NaN in the matrix. A pair not seen for so long that its weight is below GONE begins
again. State: 5 n². Cost: n = 100 about 0.1 ms a row; the matrix 2 ms.
A part of `portfolio.propose`.
"""

from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.portfolio import psd

Matrix = NDArray[np.float64]
GONE = 1e-30  # weight of a pair below which nothing of it is believed
LARGEST = 1e60  # a return beyond is an error of the caller; its fourth power is still finite


class Moments(NamedTuple):
    """State, n by n: entry (i, j) rests on the rows in which both were there."""

    keep: float  # what a row leaves of the weight of those before it, 0 … 1
    centred: bool  # about the mean, else about zero
    warm_up_rows: int
    rows: NDArray[np.int64]
    weight: Matrix  # Σ w
    squares: Matrix  # Σ w²
    mean: Matrix  # of instrument i
    products: Matrix  # Σ w × deviation × deviation


def empty(n: int, *, half_life_rows: float = 720.0, warm_up_rows: int = 60, centred: bool = True) -> Moments:
    """half_life_rows: above 0, infinite for equal weights; warm_up_rows: at least 2."""
    if not half_life_rows > 0:
        raise ValueError(f"half_life_rows must be above 0, got {half_life_rows}")
    if warm_up_rows < 2:
        raise ValueError(f"warm_up_rows must be at least 2, got {warm_up_rows}")
    keep = 1.0 if half_life_rows == inf else 0.5 ** (1.0 / half_life_rows)
    zeros = [np.zeros((n, n)) for _ in range(4)]
    return Moments(keep, centred, warm_up_rows, np.zeros((n, n), np.int64), *zeros)


def update(state: Moments, returns: Matrix, weight: float = 1.0) -> None:
    """Take a row of n returns; it counts `weight`, 0 … 1."""
    values, both = present(returns, len(state.rows))
    if not 0 <= weight <= 1:
        raise ValueError(f"a weight must be within 0 … 1, got {weight}")
    if weight == 0:
        return
    keep = state.keep**weight
    state.weight[...] = keep * state.weight + weight * both
    state.squares[...] = keep * keep * state.squares + weight * weight * both
    state.rows[...] += both
    share = np.divide(weight, state.weight, out=np.zeros_like(state.weight), where=both)
    gap = np.where(both, values[:, None] - state.mean, 0.0)
    counts = weight * (1.0 - share) if state.centred else weight
    state.products[...] = keep * state.products + counts * (gap * gap.T)
    if state.centred:
        state.mean[...] += share * gap
    forget(state, state.weight < GONE)


def forget(state: Moments, gone: NDArray[np.bool_]) -> None:
    """Begin again with these pairs."""
    if gone.any():
        for field in (state.rows, state.weight, state.squares, state.mean, state.products):
            field[gone] = 0


def matrix(state: Moments) -> Matrix:
    """n by n, positive semi-definite among the instruments that are ready; NaN elsewhere."""
    return psd.among(raw(state), ready(state))


def raw(state: Moments) -> Matrix:
    """Pair by pair as measured, perhaps not positive semi-definite; NaN where a pair was hardly seen."""
    freedom = state.weight
    if state.centred:
        once = np.divide(state.squares, state.weight, out=np.zeros_like(state.weight), where=state.weight > 0)
        freedom = state.weight - once
    known = (state.rows >= 2) & (freedom > 0)
    found = np.full(state.weight.shape, np.nan)
    np.divide(state.products, freedom, out=found, where=known)
    return found


def ready(state: Moments) -> NDArray[np.bool_]:
    """Which instruments were seen long enough, each with all others of them."""
    return psd.together((state.rows >= state.warm_up_rows) & np.isfinite(raw(state)))


def effective_rows(state: Moments) -> Matrix:
    """How many rows of equal weight would tell as much: (Σ w)² / Σ w²; 0 where there is none."""
    found = np.zeros_like(state.weight)
    np.divide(state.weight**2, state.squares, out=found, where=state.squares > 0)
    return found


def present(returns: Matrix, n: int) -> tuple[Matrix, NDArray[np.bool_]]:
    """Returns with 0 for what is missing, and by pair whether both are there."""
    if returns.shape != (n,):
        raise ValueError(f"a row must have {n} returns, got shape {returns.shape}")
    there = np.isfinite(returns)
    values = np.where(there, returns, 0.0)
    if np.abs(values).max(initial=0.0) > LARGEST:
        raise ValueError(f"a return must be within ± {LARGEST}, got {np.abs(values).max()}")
    return values, np.outer(there, there)
