"""Weights whose risk is shared out as budgeted, without a solver library; and who contributes how much risk.

Risk contribution of asset i to the volatility σ(w) = √(w'Σw):  RC_i = w_i (Σw)_i / σ(w), which sum to σ(w).
Positive weights with RC_i = b_i σ(w) are, up to scale, the one minimum of

    ½ y'Cy − Σ b_i ln y_i      y_i = w_i √Σ_ii,  C the correlation matrix

Cyclical coordinate descent solves each coordinate exactly, y_i = (−c + √(c² + 4 b_i)) / 2 with c = Σ_{j≠i} C_ij y_j;
where it has not come near in SWEEPS, damped Newton goes on from there. Instruments with budget 0 have weight 0.

Error: max |RC_i/σ − b_i| ≤ TOLERANCE, for an ill-conditioned matrix ≤ REACHED. Cost: about 0.3 ms for 100 assets,
30 ms for 500 (benchmarks/portfolio.py).

References: Spinu (2013), An algorithm for computing risk parity weights, doi 10.2139/ssrn.2297383; Griveau-Billion,
Richard, Roncalli (2013), A fast algorithm for computing high-dimensional risk parity portfolios, arXiv 1311.4057.
"""

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from operators.kernel import column, float64, int64, kernel, output
from operators.portfolio.optimizer.errors import RiskParityError

Floats = NDArray[np.float64]

TOLERANCE = 1e-11
SWEEPS = 200  # of coordinate descent
NEWTON_STEPS = 100
NEAR = 0.3  # a relative step from which on steps are whole
REACHED = 1e-9  # an error that is good enough where rounding allows no less


def compute_risk_contribution(weights: ArrayLike, covariance: ArrayLike) -> Floats:
    """Contribution of each asset to the volatility of the portfolio (n); they sum to it, and are 0 where it is 0.

    weights (n), covariance (n by n). Raises RiskParityError where sizes do not agree, or something is not finite.

    >>> compute_risk_contribution([0.5, 0.5], [[0.04, 0.0], [0.0, 0.04]]).round(4).tolist()
    [0.0707, 0.0707]
    """
    held, matrix = np.asarray(weights, np.float64), np.asarray(covariance, np.float64)
    if held.ndim != 1 or matrix.shape != (held.size, held.size):
        raise RiskParityError(f"weights are {held.shape} and covariance {matrix.shape}; n and n by n are expected")
    if not (np.isfinite(held).all() and np.isfinite(matrix).all()):
        raise RiskParityError("weights and covariance must be finite")
    marginal = matrix @ held
    variance = float(held @ marginal)
    if variance <= 0:
        return np.zeros_like(held)
    found: Floats = held * marginal / sqrt(variance)
    return found


def risk_parity(covariance: ArrayLike, budgets: ArrayLike | None = None) -> Floats:
    """Positive weights (n) that sum to 1 and whose shares of risk are `budgets` (n), alike where none are given.

    covariance (n by n) must be positive definite on the instruments with a budget. Budgets are at least 0 and are
    scaled to sum to 1. Raises RiskParityError for anything else.

    >>> risk_parity([[0.04, 0.0], [0.0, 0.01]]).round(6).tolist()
    [0.333333, 0.666667]
    """
    matrix = np.asarray(covariance, np.float64)
    shares = _budgets(matrix, budgets)
    wanted = shares > 0
    deviations = np.sqrt(np.diag(matrix)[wanted])
    correlation = np.ascontiguousarray(matrix[np.ix_(wanted, wanted)] / np.outer(deviations, deviations))
    some = np.ascontiguousarray(shares[wanted])
    exposure = np.sqrt(some)
    if _descend(correlation.ravel(), some, exposure, SWEEPS, TOLERANCE) > TOLERANCE:
        exposure = newton(correlation, some, exposure)
    weights = np.zeros(shares.size)
    weights[wanted] = exposure / deviations
    scaled: Floats = weights / weights.sum()
    return scaled


def newton(correlation: Floats, budgets: Floats, start: Floats) -> Floats:
    """The minimum of ½ y'Cy − Σ b ln y by damped Newton steps (Spinu 2013). Raises RiskParityError.

    No step is so long that an exposure reaches 0, and near the minimum steps are whole; rounding may keep the error of
    an ill-conditioned matrix above TOLERANCE, then the best that was seen is good enough up to REACHED.
    """
    found, best, least = start.copy(), start, np.inf
    for _ in range(NEWTON_STEPS):
        gradient = correlation @ found - budgets / found
        error = float(np.max(np.abs(gradient * found)))
        if error < least:
            best, least = found, error
        if error <= TOLERANCE:
            break
        try:
            step = np.linalg.solve(correlation + np.diag(budgets / found**2), gradient)
        except np.linalg.LinAlgError:
            break
        longest = float(np.max(np.abs(step / found)))
        found = found - step * (1.0 if longest <= NEAR else 1.0 / (1.0 + longest))
    if not least <= REACHED:
        raise RiskParityError("risk parity was not reached; the covariance is not positive definite enough")
    return best


def _budgets(matrix: Floats, budgets: ArrayLike | None) -> Floats:
    """Checked, and scaled to sum to 1."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise RiskParityError(f"covariance is {matrix.shape}; it must be square, with one instrument or more")
    if not np.isfinite(matrix).all() or not (np.diag(matrix) > 0).all():
        raise RiskParityError("covariance must be finite, with variances above 0")
    shares = np.ones(len(matrix)) if budgets is None else np.asarray(budgets, np.float64)
    if shares.shape != (len(matrix),):
        raise RiskParityError(f"budgets are {shares.shape}, expected ({len(matrix)},)")
    if not np.isfinite(shares).all() or (shares < 0).any() or not shares.sum() > 0:
        raise RiskParityError("budgets must be finite, at least 0 and not all 0")
    scaled: Floats = shares / shares.sum()
    return scaled


@kernel(column(float64), column(float64), output(float64), int64, float64)
def _descend(correlation: Floats, budgets: Floats, exposure: Floats, sweeps: int, tolerance: float) -> float:
    """Cyclical coordinate descent in place; the error that is left. `correlation` is its rows, one after the other."""
    n = budgets.size
    error = np.inf
    for _ in range(sweeps):
        error = 0.0
        for i in range(n):
            total = 0.0
            for j in range(n):
                total += correlation[i * n + j] * exposure[j]
            error = max(error, abs(exposure[i] * total - budgets[i]))
            others = total - correlation[i * n + i] * exposure[i]
            root = np.sqrt(others * others + 4.0 * budgets[i])
            # The form without cancellation where `others` is large.
            exposure[i] = 2.0 * budgets[i] / (others + root) if others > 0 else (root - others) / 2.0
        if not error > tolerance:
            break
    return error
