"""Made-up markets that gap: regimes of calm and panic, fat-tailed steps, jumps overnight, trends that break.

One market is `DAYS` returns of a price that a book holds by a signal which is right only a little more often than
wrong. Jumps come on 2 % of the days of calm and 8 % of panic, down twice as often as up, and are exponential; `worst`
is the largest there can be (a circuit breaker, so to say), or infinite for none. Nothing can be traded within a jump:
the size of the evening before meets the price of the morning after.
"""

import numpy as np

DAYS = 500
CALM, PANIC = 0, 1
STAY = (0.985, 0.93)  # probability of a regime to last another day
VOLATILITY = (0.010, 0.035)  # of a day
DRIFT = (0.0005, -0.002)
JUMPS = (0.02, 0.08)  # probability of one, a day
JUMP = (0.03, 0.06)  # mean size


def market(seed: int, *, worst: float) -> tuple[np.ndarray, np.ndarray]:
    """Daily simple returns and the regime of each day."""
    draws = np.random.default_rng(seed)
    regimes = np.zeros(DAYS, np.int64)
    for day in range(1, DAYS):
        stays = draws.random() < STAY[regimes[day - 1]]
        regimes[day] = regimes[day - 1] if stays else 1 - regimes[day - 1]
    steps = draws.standard_t(4, DAYS) / np.sqrt(2.0) * np.take(VOLATILITY, regimes) + np.take(DRIFT, regimes)
    jumps = draws.random(DAYS) < np.take(JUMPS, regimes)
    sizes = draws.exponential(np.take(JUMP, regimes)) * np.where(draws.random(DAYS) < 2 / 3, -1.0, 1.0)
    returns = steps + np.where(jumps, sizes, 0.0)
    return np.clip(returns, -min(worst, 0.95), worst), regimes


def wishes(seed: int, returns: np.ndarray, *, leverage: float) -> np.ndarray:
    """Signed share of equity wanted each evening; the sign is the next day's on 52 % of the days, kept for a week."""
    draws = np.random.default_rng(seed + 1_000_000)
    week = np.arange(DAYS) // 5
    ahead = np.sign([returns[week == week[day]].sum() for day in range(DAYS)])
    right = np.where(draws.random(DAYS // 5 + 1) < 0.52, 1.0, -1.0)[week]
    return leverage * ahead * right
