"""Made-up closes whose dependence on their past is known, and which rows of a walk to look at."""

import numpy as np
from numpy.typing import NDArray

Closes = NDArray[np.float64]


def random_walk(bars: int, *, seed: int = 1, sigma: float = 1e-3) -> Closes:
    """Independent returns."""
    found: Closes = 60_000.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, sigma, bars)))
    return found


def reverting(bars: int, *, stays: float, seed: int = 1, sigma: float = 1e-3) -> Closes:
    """Log prices of which a share stays from bar to bar: an AR(1), begun at its mean."""
    level, found = 0.0, np.empty(bars)
    for k, shock in enumerate(np.random.default_rng(seed).normal(0.0, sigma, bars)):
        level = stays * level + shock
        found[k] = level
    return 60_000.0 * np.exp(found)


def persistent(bars: int, *, stays: float, seed: int = 1, sigma: float = 1e-3) -> Closes:
    """Returns of which a share stays from bar to bar."""
    returns = np.log(reverting(bars, stays=stays, seed=seed, sigma=sigma) / 60_000.0)
    found: Closes = 60_000.0 * np.exp(np.cumsum(returns))
    return found


def troubled(bars: int, *, seed: int = 1) -> Closes:
    """A walk in steps of a cent that jumps, goes quiet a hundredfold, stands still and trends."""
    rng = np.random.default_rng(seed)
    returns, part = rng.normal(0.0, 1e-3, bars), bars // 5
    returns[part] = 0.5
    returns[part + 50 : 2 * part] *= 1e-2
    returns[2 * part : 2 * part + part // 2] = 0.0
    returns[3 * part : 4 * part] = 1e-3 + 1e-5 * returns[3 * part : 4 * part]
    found: Closes = np.round(60_000.0 * np.exp(np.cumsum(returns)), 2)
    return found


def ends(bars: int, window_bars: int, every: int) -> list[int]:
    """The first row of a full window, and then every so many."""
    return list(range(window_bars, bars, every))
