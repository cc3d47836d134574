"""The two parameters of DCC(1,1) by composite quasi-likelihood: a few numbers for any number of instruments.

The full likelihood inverts an n by n matrix per row and is biased for many instruments; that of neighbouring pairs
(i, i + 1) is neither, and uses every instrument: Pakel, Shephard, Sheppard, Engle (2021),
doi:10.1080/07350015.2020.1713795. For each pair, with ρ from the recursion of dcc.py,

    −2 log L = Σ log(1 − ρ²) + (ε₁² − 2 ρ ε₁ ε₂ + ε₂²) / (1 − ρ²)

summed over pairs and the rows in which both returns are there. The minimum over a in 0 … 0.3 and a + b in 0.5 … 0.999
is looked for on a grid, which is then made finer around the best, ROUNDS times: always the same answer, to about 1e-4.
Cost: 500 rows of 100 instruments about 0.3 s, so only once in hundreds of grid steps.
A part of `portfolio.propose`.
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
LOWEST, HIGHEST = (0.0, 0.5), (0.3, 0.999)  # of a, and of a + b
POINTS = 7  # of the grid, each way
ROUNDS = 6
LEAST_ROWS = 50  # of pairs with both returns, below which nothing is learnt
NEARLY_ONE = 0.9999  # largest correlation in the likelihood


def fit(window: Matrix) -> tuple[float, float] | None:
    """a and b from T by n standardised returns, NaN where missing; None where too little is known."""
    first, second = window[:, :-1], window[:, 1:]
    both = np.isfinite(first) & np.isfinite(second)
    enough = both.sum(axis=0) >= LEAST_ROWS
    if not enough.any():
        return None
    pairs = np.where(both, first, np.nan)[:, enough], np.where(both, second, np.nan)[:, enough]
    low, high = np.array(LOWEST), np.array(HIGHEST)
    best = low
    for _ in range(ROUNDS):
        axes = [np.linspace(low[k], high[k], POINTS) for k in (0, 1)]
        grid = np.stack([mesh.ravel() for mesh in np.meshgrid(*axes, indexing="ij")], axis=1)
        news = grid[:, 0]
        losses = loss(pairs, news, np.maximum(grid[:, 1] - news, 0.0))
        best = grid[int(np.argmin(losses))]
        step = (high - low) / (POINTS - 1)
        low, high = np.maximum(best - step, LOWEST), np.minimum(best + step, HIGHEST)
    a, total = float(best[0]), float(best[1])
    return a, max(total - a, 0.0)


def loss(pairs: tuple[Matrix, Matrix], a: Matrix, b: Matrix) -> Matrix:
    """−2 log L of each candidate, without constants; pairs: two of T by P, a and b: C each."""
    first, second = np.nan_to_num(pairs[0]), np.nan_to_num(pairs[1])
    both = np.isfinite(pairs[0])
    count = both.sum(axis=0)
    products = np.stack([first * first, second * second, first * second])  # 3 by T by P
    target = products.sum(axis=1) / count  # 3 by P
    a, b = a[None, :, None], b[None, :, None]
    rest = (1.0 - a - b) * target[:, None, :]
    driver = np.repeat(target[:, None, :], a.shape[1], axis=1)  # 3 by C by P
    total = np.zeros((a.shape[1], len(count)))
    for row in range(len(first)):
        correlation = driver[2] / np.sqrt(np.maximum(driver[0] * driver[1], 1e-300))
        correlation = np.clip(correlation, -NEARLY_ONE, NEARLY_ONE)
        free = 1.0 - correlation * correlation
        x, y, xy = products[:, row]
        said = np.log(free) + (x + y - 2.0 * correlation * xy) / free
        total += np.where(both[row], said, 0.0)
        news = np.where(both[row], products[:, row][:, None, :], driver)
        driver = rest + a * news + b * driver
    return np.asarray(total.sum(axis=1))
