"""Two other wishes than mean and variance, of fully invested portfolios: the least CVaR, and the most diversification.

CVaR (expected shortfall) at level β over S scenarios of returns r_s, as Rockafellar and Uryasev (2000), Optimization of
conditional value-at-risk, doi 10.21314/JOR.2000.038, write it:

    minimise  v + Σ_s max(−r_s'w − v, 0) / ((1 − β) S) + half_spread'|w − current|     over w and v

Diversification ratio (Choueifaty and Coignard 2008, Toward maximum diversification, doi 10.3905/JPM.2008.35.1.40) is
σ'w / √(w'Σw). It does not change with the size of w, so y = w / (σ'w) has the least y'Σy with σ'y = 1, and the bounds
become lower Σy ≤ y ≤ upper Σy.

Both problems are built once per shape and are DPP. Both raise InfeasibleError where the bounds leave nothing,
SolveError where the solver gives no answer, ValueError for input that is not finite or of the wrong size.
"""

from math import inf, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from operators.portfolio.optimizer.errors import SolveError
from operators.portfolio.optimizer.inputs import Floats
from operators.portfolio.optimizer.standard_form import Limit, cvxpy, solved


class Bounds(NamedTuple):
    """What fully invested weights (Σw = 1) must keep."""

    lower: Floats
    upper: Floats
    current: Floats
    turnover: float = inf  # Σ|w − current|


class Best(NamedTuple):
    """Weights, and what was wished for: CVaR as a loss, or the ratio of diversification."""

    weights: Floats
    value: float


def long_only(instruments: int, *, most: float = 1.0) -> Bounds:
    """0 ≤ w ≤ most."""
    return Bounds(np.zeros(instruments), np.full(instruments, most), np.zeros(instruments))


class MinimumCvar:
    """The portfolio of least CVaR over so many scenarios of so many instruments."""

    def __init__(self, scenarios: int, instruments: int, *, trades: bool = False) -> None:
        cp = cvxpy()
        self._returns = cp.Parameter((scenarios, instruments))
        self._tail = cp.Parameter(nonneg=True)
        self._weights, level, excess = cp.Variable(instruments), cp.Variable(), cp.Variable(scenarios, nonneg=True)
        self._bounds = _Given(cp, instruments, trades=trades)
        wish = level + self._tail * cp.sum(excess)
        limits = [-(self._returns @ self._weights) - level <= excess, cp.sum(self._weights) == 1.0]
        cost, more = self._bounds.limits(cp, self._weights, 1.0)
        self._problem = _built(cp, wish + cost, [*limits, *more])

    def solve(
        self,
        returns: ArrayLike,
        bounds: Bounds,
        *,
        level: float = 0.95,
        half_spread: ArrayLike = 0.0,
        limit: Limit = Limit(),  # noqa: B008 frozen
    ) -> Best:
        """Weights of least CVaR at `level` over `returns` (scenarios by instruments), and that CVaR, without costs."""
        scenarios = _finite(returns, "returns", self._returns.shape)
        if not 0 < level < 1:
            raise ValueError(f"level must be between 0 and 1, got {level}")
        self._returns.value, self._tail.value = scenarios, 1.0 / ((1.0 - level) * len(scenarios))
        self._bounds.set(bounds, half_spread)
        found = solved(self._problem, limit)
        weights = np.asarray(found.primal_vars[self._weights.id], np.float64)
        return Best(weights, cvar(scenarios @ weights, level))


class MaximumDiversification:
    """The portfolio of the highest ratio of diversification of so many instruments."""

    def __init__(self, instruments: int, *, trades: bool = False) -> None:
        cp = cvxpy()
        self._scaled, self._deviations = cp.Variable(instruments), cp.Parameter(instruments, nonneg=True)
        self._bounds = _Given(cp, instruments, trades=trades)
        cost, limits = self._bounds.limits(cp, self._scaled, cp.sum(self._scaled))
        one = self._deviations @ self._scaled == 1.0
        self._problem = _built(cp, cp.sum_squares(self._scaled) + cost, [one, cp.sum(self._scaled) >= 0, *limits])

    def solve(self, covariance: ArrayLike, bounds: Bounds, *, limit: Limit = Limit()) -> Best:  # noqa: B008 frozen
        """Weights of the highest ratio for `covariance` (n by n), and the ratio."""
        count = self._scaled.shape[0]
        matrix = _finite(covariance, "covariance", (count, count))
        deviations = np.sqrt(np.diag(matrix))
        if not (deviations > 0).all():
            raise ValueError("variances must be above 0")
        unit = float(np.mean(deviations))
        self._deviations.value = deviations / unit
        self._bounds.set(bounds, 0.0)
        found = solved(self._problem, limit, quadratic=(self._scaled, matrix / unit**2))
        scaled = np.asarray(found.primal_vars[self._scaled.id], np.float64)
        weights = scaled / scaled.sum()
        return Best(weights, float(deviations @ weights) / sqrt(float(weights @ matrix @ weights)))


def cvar(returns: Floats, level: float) -> float:
    """Mean loss of the worst (1 − level) of equally likely returns, the one at the border in part.

    >>> cvar(np.array([-0.04, -0.02, 0.01, 0.03]), 0.5)
    0.03
    """
    losses = np.sort(-returns)[::-1]
    tail = (1.0 - level) * losses.size
    whole = int(tail)
    part = (tail - whole) * losses[whole] if whole < losses.size else 0.0
    return float((losses[:whole].sum() + part) / tail)


class _Given:
    """Parameters of the bounds, of weights as such or of weights that are to be divided by `total`."""

    def __init__(self, cp: Any, instruments: int, *, trades: bool) -> None:
        self._trades = trades
        self._lower, self._upper, self._current, self._half_spread = (cp.Parameter(instruments) for _ in range(4))
        self._turnover = cp.Parameter(nonneg=True)

    def limits(self, cp: Any, weights: Any, total: Any) -> tuple[Any, list[Any]]:
        """The cost of trades, and the constraints."""
        kept = [weights <= self._upper * total, self._lower * total <= weights]
        if not self._trades:
            return 0.0, kept
        trade, moved = cp.Variable(weights.shape[0]), weights - self._current * total
        kept += [moved <= trade, -moved <= trade, cp.sum(trade) <= self._turnover * total]
        return self._half_spread @ trade, kept

    def set(self, bounds: Bounds, half_spread: ArrayLike) -> None:
        """Give the parameters their values."""
        count = self._lower.shape
        self._lower.value = _finite(bounds.lower, "lower", count)
        self._upper.value = _finite(bounds.upper, "upper", count)
        self._current.value = _finite(bounds.current, "current", count)
        self._half_spread.value = _finite(np.broadcast_to(half_spread, count), "half_spread", count)
        reach = float(np.abs(bounds.upper).sum() + np.abs(bounds.lower).sum() + np.abs(bounds.current).sum())
        self._turnover.value = min(bounds.turnover, reach + 1.0)
        if not self._trades and (np.isfinite(bounds.turnover) or self._half_spread.value.any()):
            raise ValueError("turnover and costs need a program built with trades=True")


def _built(cp: Any, wish: Any, limits: list[Any]) -> Any:
    problem = cp.Problem(cp.Minimize(wish), limits)
    if not problem.is_dcp(dpp=True):
        raise SolveError("the program is not DPP")
    return problem


def _finite(values: ArrayLike, name: str, shape: tuple[int, ...]) -> Floats:
    array = np.asarray(values, np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} is {array.shape}, expected {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return array
