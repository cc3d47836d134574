"""Profits of a GARCH(1, 1) with Student t innovations: volatility clusters and tails are fat, and the truth is known.

    σ²_{t+1} = ω + α x²_t + β σ²_t,   x_t = σ_t z_t √((ν − 2) / ν),   z Student with ν degrees

Persistence and tails are those found for daily index returns (Bollerslev 1987, doi:10.2307/1925546).
"""

import numpy as np

ALPHA, BETA, DEGREES, DEVIATION = 0.09, 0.89, 5.0, 0.01


def garch_t(seed: int, rows: int, *, alpha: float = ALPHA, beta: float = BETA, degrees: float = DEGREES) -> np.ndarray:
    """Rows of profits of one unit; the mean deviation is DEVIATION."""
    draws = np.random.default_rng(seed).standard_t(degrees, rows + 500) * np.sqrt((degrees - 2) / degrees)
    omega, variance = DEVIATION**2 * (1 - alpha - beta), DEVIATION**2
    found = np.empty(rows + 500)
    for row, draw in enumerate(draws):
        found[row] = np.sqrt(variance) * draw
        variance = omega + alpha * found[row] ** 2 + beta * variance
    return found[500:]
