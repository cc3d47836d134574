"""One book, every method: VaR and ES side by side, because where they disagree is what a single one would hide.

Each is of one row's horizon, times √(rows of the horizon): exact for independent normal rows, a convention for others.
A method that is not ready or not defined here is NaN. The most careful of the others is `worst`.

Mean returns count as 0: over short horizons they are noise, and a positive one would only make the risk look smaller.
Methods with a shape (Student t, Cornish–Fisher, the t of Monte Carlo) also take the deviation of the standardised
profits, as rolling.py does: it is more than 1 by what the forecast of volatility does not know.
Cost: 500 rows of 20 instruments with 2 000 paths, 15 ms.
"""

from math import isfinite, nan, sqrt
from typing import NamedTuple

import numpy as np

from operators.risk.checked import Floats, checked_matrix, checked_vector
from operators.risk.cornish_fisher import cornish_fisher, shape
from operators.risk.filtered import WARM_UP_ROWS, ew_volatility, filtered_scenarios
from operators.risk.historical import age_weights, historical, losses, weighted_historical
from operators.risk.monte_carlo import normal_paths, seed_of, student_paths
from operators.risk.parametric import normal, student_t
from operators.risk.student_fit import degrees_of_freedom
from operators.risk.tail import NOT_READY, Tail, tail


class Manner(NamedTuple):
    """How the methods are run."""

    level: float = 0.99
    half_life_rows: float = 60.0  # of volatilities and weights
    horizon_rows: float = 1.0
    paths: int = 2_000  # of each Monte Carlo; 0: none


class Estimates(NamedTuple):
    """What the methods say, quote currency."""

    tails: dict[str, Tail]
    deviation: float  # of the book's profit over the horizon, exponentially weighted

    @property
    def worst(self) -> Tail:
        """The largest VaR and the largest ES of all methods that are ready; NaN where none is."""
        known = [one for one in self.tails.values() if isfinite(one.var) and isfinite(one.es)]
        return Tail(max(one.var for one in known), max(one.es for one in known)) if known else NOT_READY

    @property
    def multiple(self) -> float:
        """The worst VaR per standard deviation; NaN for a book without any."""
        return self.worst.var / self.deviation if self.deviation > 0 else nan


def estimates(returns: Floats, holdings: Floats, manner: Manner) -> Estimates:
    """All methods on rows by instruments of simple returns, oldest first, and signed notionals."""
    holdings = checked_vector("holdings", holdings)
    returns = checked_matrix("returns", returns, len(holdings))
    level, half_life = manner.level, manner.half_life_rows
    scenarios = filtered_scenarios(returns, half_life_rows=half_life) if len(returns) > WARM_UP_ROWS else returns[:0]
    covariance = weighted_covariance(returns, half_life)
    deviation = sqrt(max(float(holdings @ covariance @ holdings), 0.0))
    found = {
        "historical": historical(returns, holdings, level),
        "weighted_historical": weighted_historical(returns, holdings, level, half_life_rows=half_life),
        "filtered": historical(scenarios, holdings, level) if len(scenarios) else NOT_READY,
        "normal": normal(0.0, deviation, level),
        "student_t": NOT_READY,
        "cornish_fisher": NOT_READY,
    }
    seed = seed_of(returns, holdings)
    if manner.paths:
        found["monte_carlo"] = tail(-(normal_paths(covariance, manner.paths, seed) @ holdings), level)
    profits = -losses(returns, holdings)
    if len(profits) > WARM_UP_ROWS:
        standard = _standardised(profits, half_life)
        spread, degrees = float(np.std(standard)), degrees_of_freedom(standard)
        found["cornish_fisher"] = cornish_fisher(0.0, deviation * spread, *shape(standard), level)
        if isfinite(degrees):
            found["student_t"] = student_t(0.0, deviation * spread, degrees, level)
        if isfinite(degrees) and manner.paths:
            paths = student_paths(covariance * spread**2, degrees, manner.paths, seed)
            found["monte_carlo_t"] = tail(-(paths @ holdings), level)
    stretch = sqrt(manner.horizon_rows)
    stretched = {name: Tail(one.var * stretch, one.es * stretch) for name, one in found.items()}
    return Estimates(stretched, deviation * stretch)


def weighted_covariance(returns: Floats, half_life_rows: float) -> Floats:
    """About zero, weights halved every `half_life_rows`; positive semi-definite as a sum of squares."""
    weights = age_weights(len(returns), half_life_rows)
    weighed = returns * np.sqrt(weights / weights.sum())[:, None]
    return np.asarray(weighed.T @ weighed, np.float64)


def _standardised(profits: Floats, half_life_rows: float) -> Floats:
    """Profits over the volatility known before each, from the end of its warm-up on; 0 where nothing ever moved."""
    volatility = ew_volatility(profits[:, None], half_life_rows)[WARM_UP_ROWS:-1, 0]
    floor = 0.1 * float(np.sqrt(np.mean(profits * profits)))
    scale = np.maximum(volatility, floor)
    return np.divide(profits[WARM_UP_ROWS:], scale, out=np.zeros_like(scale), where=scale > 0)
