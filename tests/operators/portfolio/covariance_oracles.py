"""The covariance estimators again, slowly: one loop over pairs and rows, formulas as printed."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def market(seed: int, rows: int, n: int, *, missing: float = 0.0, tails: float | None = None) -> Matrix:
    """Returns of one factor and noise, about 1e-3; a share of them missing."""
    rng = np.random.default_rng(seed)
    draw = rng.standard_normal if tails is None else (lambda size: rng.standard_t(tails, size))
    found = 1e-3 * (0.7 * draw((rows, 1)) + draw((rows, n)) * np.linspace(0.5, 2.0, n))
    found[rng.random((rows, n)) < missing] = np.nan
    return np.asarray(found)


def half(age: int, half_life: float) -> float:
    return 0.5 ** (age / half_life)


def weighted(rows: Matrix, half_life: float, *, centred: bool, weights: list[float] | None = None) -> Matrix:
    """Weighted covariance by pairs; a row ages those before it by its own weight."""
    count, n = rows.shape
    own = weights or [1.0] * count
    ages = [sum(own[row + 1 :]) for row in range(count)]
    found = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(n):
            both = [t for t in range(count) if np.isfinite(rows[t, i]) and np.isfinite(rows[t, j]) and own[t] > 0]
            if len(both) < 2:
                continue
            w = np.array([own[t] * 0.5 ** (ages[t] / half_life) for t in both])
            x, y = rows[both, i], rows[both, j]
            if centred:
                x, y = x - (w @ x) / w.sum(), y - (w @ y) / w.sum()
                found[i, j] = (w * x) @ y / (w.sum() - (w @ w) / w.sum())
            else:
                found[i, j] = (w * x) @ y / w.sum()
    return found


def ledoit_wolf_identity(rows: Matrix) -> tuple[Matrix, float]:
    """Ledoit, Wolf (2004), section 3.3, about zero; norms divided by n as there."""
    count, n = rows.shape
    sample = rows.T @ rows / count
    m = np.trace(sample) / n
    d2 = ((sample - m * np.eye(n)) ** 2).sum() / n
    b2 = sum(((np.outer(x, x) - sample) ** 2).sum() / n for x in rows) / count**2
    share = min(b2, d2) / d2
    return share * m * np.eye(n) + (1 - share) * sample, float(share)


def ledoit_wolf_constant_correlation(rows: Matrix) -> tuple[Matrix, float]:
    """Ledoit, Wolf (2003), "Honey, I shrunk the sample covariance matrix", appendix B, about zero."""
    count, n = rows.shape
    s = rows.T @ rows / count
    mean = 2 / (n * (n - 1)) * sum(s[i, j] / sqrt(s[i, i] * s[j, j]) for i in range(n) for j in range(i + 1, n))
    f = np.array([[s[i, i] if i == j else mean * sqrt(s[i, i] * s[j, j]) for j in range(n)] for i in range(n)])
    pi = np.array([[((rows[:, i] * rows[:, j] - s[i, j]) ** 2).mean() for j in range(n)] for i in range(n)])

    def theta(of: int, i: int, j: int) -> float:
        return float(((rows[:, of] ** 2 - s[of, of]) * (rows[:, i] * rows[:, j] - s[i, j])).mean())

    rho = sum(pi[i, i] for i in range(n)) + sum(
        mean / 2 * (sqrt(s[j, j] / s[i, i]) * theta(i, i, j) + sqrt(s[i, i] / s[j, j]) * theta(j, i, j))
        for i in range(n)
        for j in range(n)
        if i != j
    )
    gamma = ((f - s) ** 2).sum()
    share = max(0.0, min((pi.sum() - rho) / gamma / count, 1.0))
    return share * f + (1 - share) * s, float(share)


def dcc(rows: Matrix, alpha: float, beta: float, a: float, b: float, warm_up: int) -> Matrix:
    """DCC(1,1) of complete rows, entry by entry, with a running target; the covariance of the row after the last."""
    count, n = rows.shape
    standard = []
    h = [0.0] * n
    for t in range(count):
        if t >= warm_up:
            standard.append([rows[t, i] / sqrt(h[i]) for i in range(n)])
        for i in range(n):
            long_run = float((rows[: t + 1, i] ** 2).mean())
            h[i] = (1 - alpha - beta) * long_run + alpha * rows[t, i] ** 2 + beta * h[i] if t >= warm_up else long_run
    q = np.zeros((n, n))
    for t in range(len(standard)):
        for i in range(n):
            for j in range(n):
                target = sum(e[i] * e[j] for e in standard[: t + 1]) / (t + 1)
                news = standard[t][i] * standard[t][j]
                q[i, j] = (1 - a - b) * target + a * news + b * q[i, j] if t >= warm_up else target
    return np.array(
        [[q[i, j] / sqrt(q[i, i] * q[j, j]) * sqrt(h[i] * h[j]) for j in range(n)] for i in range(n)], np.float64
    )
