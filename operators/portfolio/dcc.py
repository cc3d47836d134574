"""Dynamic conditional correlation, DCC(1,1): variances and correlations of the next row.

    ε = x / √h,   Q ← (1 − a − b) S + a ε εᵀ + b Q,   R_ij = Q_ij / √(Q_ii Q_jj),   Σ_ij = √h_i R_ij √h_j

h is the forecast of variances.py (exponential weighting or GARCH), S the running mean of ε εᵀ over all rows. Engle
(2002), doi:10.1198/073500102288618487; Q as there, without the correction of Aielli (2013), which changes a, b little.

a and b: DEFAULTS until `fit_rows` standardised rows are there, then by quasi-likelihood (dcc_fit.py) over the newest
`window_rows` every `fit_rows` rows; fit_rows = 0 keeps the defaults. A pair that lacks a return hears what was expected
of it, so its Q drifts to S by a + b. Units: return² per row. Warm-up: `warm_up_rows` rows for h, as many again of each
pair; NaN in the matrix before. Positive semi-definite: repaired by psd.py where missing returns break it.
State: 3 n² + window_rows × n. Cost: n = 100 about 0.1 ms a row; a fit 0.3 s.
A part of `portfolio.propose`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.portfolio import dcc_fit, psd, variances

Matrix = NDArray[np.float64]
DEFAULTS = (0.03, 0.95)  # a, b: slow enough for noise of hundreds of pairs, with a memory of about 30 rows
LARGEST = 30.0  # a standardised return beyond is cut there: one bad tick must not be the correlation for hours


class Dcc(NamedTuple):
    """State."""

    volatility: variances.Variances
    warm_up_rows: int
    fit_rows: int
    parameters: Matrix  # a, b
    rows: NDArray[np.int64]  # n by n, standardised rows of each pair
    target: Matrix  # S
    driver: Matrix  # Q of the next row
    window: Matrix  # window_rows by n, the newest standardised returns, a ring
    heard: NDArray[np.int64]  # 1: rows that were ever put into the ring


def empty(
    n: int, *, alpha: float = 0.05, beta: float = 0.95, warm_up_rows: int = 60, window_rows: int = 500,
    fit_rows: int = 0,
) -> Dcc:  # fmt: skip
    """alpha, beta: of the variances; window_rows: at least 100; fit_rows: 0, or at least 50."""
    if window_rows < 100 or not (fit_rows == 0 or fit_rows >= 50):
        raise ValueError(f"window_rows must be ≥ 100, fit_rows 0 or ≥ 50, got {window_rows} and {fit_rows}")
    volatility = variances.empty(n, alpha=alpha, beta=beta, warm_up_rows=warm_up_rows)
    window = np.full((window_rows, n), np.nan)
    return Dcc(
        volatility, warm_up_rows, fit_rows, np.array(DEFAULTS), np.zeros((n, n), np.int64), np.zeros((n, n)),
        np.zeros((n, n)), window, np.zeros(1, np.int64),
    )  # fmt: skip


def update(state: Dcc, returns: Matrix) -> None:
    """Take a row of n returns."""
    standard = np.clip(variances.update(state.volatility, returns), -LARGEST, LARGEST)
    there = np.isfinite(standard)
    if not there.any():
        return
    both = np.outer(there, there)
    values = np.where(there, standard, 0.0)
    news = np.where(both, np.outer(values, values), state.driver)
    state.rows[...] += both
    state.target[...] += np.where(both, (news - state.target) / np.maximum(state.rows, 1), 0.0)
    a, b = state.parameters
    moved = (1.0 - a - b) * state.target + a * news + b * state.driver
    state.driver[...] = np.where(state.rows > state.warm_up_rows, moved, state.target)
    _remember(state, standard)


def matrix(state: Dcc) -> Matrix:
    """n by n of the next row, positive semi-definite among the instruments that are ready; NaN elsewhere."""
    ready = psd.together((state.rows >= state.warm_up_rows) & variances.ready(state.volatility)[:, None])
    scales = np.sqrt(state.volatility.forecast)
    return psd.among(correlation(state) * np.outer(scales, scales), ready)


def correlation(state: Dcc) -> Matrix:
    """R, pair by pair; 0 where one did not move."""
    return psd.correlation_of(state.driver)


def _remember(state: Dcc, standard: Matrix) -> None:
    """Put a row into the ring; learn a and b when it is time."""
    state.window[state.heard[0] % len(state.window)] = standard
    state.heard[0] += 1
    if state.fit_rows and state.heard[0] % state.fit_rows == 0:
        newest = np.roll(state.window, -int(state.heard[0] % len(state.window)), axis=0)
        found = dcc_fit.fit(newest[-min(int(state.heard[0]), len(newest)) :])
        if found is not None:
            state.parameters[...] = found
