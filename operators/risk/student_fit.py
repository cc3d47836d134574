"""Degrees of freedom of Student's t from standardised returns, by maximum likelihood on a grid.

The variance is held at that of the sample, so that only the shape is left to find. The grid is dense where tails
differ and ends at 2.2 (variance barely exists) and 100 (normal for all we can tell): an answer at an end is that end.
Cost: 0.5 ms for 500 returns.
"""

import numpy as np
from scipy.special import gammaln

from operators.risk.checked import Floats, checked_vector

GRID = 2.0 + np.geomspace(0.2, 98.0, 60)
LEAST_ROWS = 50


def degrees_of_freedom(standardised: Floats) -> float:
    """The most likely degrees of freedom; NaN for fewer than 50 returns or returns that are all the same."""
    values = checked_vector("standardised", standardised)
    variance = float(np.var(values)) if len(values) >= LEAST_ROWS else 0.0
    if not variance > 0.0:
        return np.nan
    squares = (values - values.mean()) ** 2 / variance
    shape = GRID[:, None]
    constant = gammaln(0.5 * (GRID + 1.0)) - gammaln(0.5 * GRID) - 0.5 * np.log((GRID - 2.0) * np.pi)
    bodies = 0.5 * (GRID + 1.0) * np.log1p(squares[None, :] / (shape - 2.0)).sum(axis=1)
    return float(GRID[np.argmax(len(values) * constant - bodies)])
