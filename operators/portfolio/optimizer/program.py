"""The convex program of the optimiser, built once per shape and solved again and again with other numbers.

    minimise   λ/2 w'Σw − μ'w + Σ half_spread t + Σ impact u          over w, a, t, u
    such that  lower ≤ w ≤ upper             |w| ≤ a,  Σa ≤ gross,  members·a ≤ cluster
               |Σw| ≤ net,  Σw ≥ invested    |w − current| ≤ t,  Σt ≤ turnover
               u ≥ t^1.5 (power cones)           √(w'Σw) ≤ volatility (a second-order cone on the axes F'w, Σ = FF')

Everything but Σ is a cvxpy parameter, and the problem is DPP (checked when it is built), so that a warm solve compiles
nothing. Σ goes in as the solver's own matrix, P of the objective, or F' of the axes where volatility is limited
(standard_form.py says why).

The objective is divided by λ × the mean variance, so that tolerances mean the same for all horizons. `elastic` programs
have room in `turnover` and `invested`, at a price, and nothing else to pay.
"""

from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from operators.portfolio.optimizer.errors import SolveError
from operators.portfolio.optimizer.inputs import Floats, Inputs, sqrt_of
from operators.portfolio.optimizer.standard_form import NAME, Axes, Limit, cvxpy, solved

TRADE_UNIT = 0.1  # share of equity that power cones count in: with numbers near 1 they are solved 10 × nearer
SPARE = 1.0  # by how much a limit that is not in force lies beyond what could ever be reached
PRICES = {"invested": 1.0, "turnover": 1e3}  # of room, in elastic programs: the order of RELAXED_IN_ORDER


class Shape(NamedTuple):
    """What decides which program it is."""

    instruments: int
    groups: int  # 0 where clusters have no limit
    gross: bool  # gross or clusters limited
    trades: bool  # turnover limited, or trades cost
    impact: bool
    volatility: bool
    budget: bool  # invested and net are one number: an equation
    elastic: bool = False


class Answer(NamedTuple):
    """What a solve found. Duals and objective are of the scaled program; `unit` takes them back."""

    weights: Floats
    sizes: Floats  # a: |w| at least; empty where the program has none
    trades: Floats  # t: |w − current| at least; empty where the program has none
    duals: dict[str, Floats]  # by constraint: upper, lower, long, short, gross, cluster, net_high, net_low, invested, …
    room: dict[str, float]  # taken in elastic programs
    unit: float
    aversion: float  # the λ it was solved with
    solver: str
    iterations: int


def shape_of(inputs: Inputs, *, elastic: bool = False) -> Shape:
    """The shape of the program for these inputs."""
    clustered = len(inputs.groups) if np.isfinite(inputs.cluster) else 0
    costly = bool(inputs.half_spread.any() or inputs.impact.any()) and not elastic
    return Shape(
        instruments=len(inputs.names),
        groups=clustered,
        gross=bool(clustered or np.isfinite(inputs.gross)),
        trades=bool(costly or np.isfinite(inputs.turnover)),
        impact=bool(inputs.impact.any()) and not elastic,
        volatility=bool(np.isfinite(inputs.volatility)),
        budget=bool(np.isfinite(inputs.net) and inputs.invested == inputs.net) and not elastic,
        elastic=elastic,
    )


def unit_of(inputs: Inputs, aversion: float) -> float:
    """λ × the mean variance: what the objective is divided by."""
    return aversion * _mean_variance(inputs)


def factor_of(covariance: Floats) -> Floats:
    """F' with FF' = Σ: the Cholesky factor, or that of the eigenvalues where Σ is singular."""
    try:
        return np.asarray(np.linalg.cholesky(covariance).T, np.float64)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        return (vectors * sqrt_of(values)).T


def _mean_variance(inputs: Inputs) -> float:
    mean = float(np.mean(np.diag(inputs.covariance)))
    return mean if mean > 0 else 1.0


class Program:
    """One cvxpy problem. Making one loads cvxpy."""

    def __init__(self, shape: Shape) -> None:
        cp = cvxpy()
        self.shape = shape
        self._given: dict[str, Any] = {}
        self._named: dict[str, Any] = {}
        self._weights = cp.Variable(shape.instruments)
        self._others: dict[str, Any] = {}
        self._room: dict[str, Any] = {}
        if shape.elastic:
            self._room = {name: cp.Variable(nonneg=True) for name in PRICES}
        cost = self._build(cp)
        squared = self._others["axes"] if shape.volatility else self._weights
        self._problem = cp.Problem(cp.Minimize(cp.sum_squares(squared) + cost), list(self._named.values()))
        if not self._problem.is_dcp(dpp=True):
            raise SolveError(f"the program of {shape} is not DPP")

    def solve(self, inputs: Inputs, *, aversion: float, limit: Limit) -> Answer:
        """The best weights. Raises InfeasibleError where there are none, SolveError where the solver gives none."""
        unit = unit_of(inputs, 1.0 if self.shape.elastic else aversion)
        self._set(inputs, unit)
        if self.shape.volatility:
            mean = _mean_variance(inputs)
            axes = Axes(self._others["axes"], self._weights, factor_of(inputs.covariance / mean))
            identity = np.eye(self.shape.instruments) * (aversion * mean / unit)
            found = solved(self._problem, limit, quadratic=(self._others["axes"], identity), axes=axes)
        else:
            found = solved(self._problem, limit, quadratic=(self._weights, inputs.covariance * (aversion / unit)))

        def value(variable: Any) -> Floats:
            return np.asarray(found.primal_vars[variable.id], np.float64).reshape(-1)

        return Answer(
            weights=value(self._weights),
            sizes=value(self._others["sizes"]) if "sizes" in self._others else np.zeros(0),
            trades=value(self._others["trades"]) if "trades" in self._others else np.zeros(0),
            duals={
                name: np.atleast_1d(np.asarray(found.dual_vars[constraint.id], np.float64))
                for name, constraint in self._named.items()
                if name not in ("power", "axes", "volatility")
            }
            | self._volatility_dual(found, inputs),
            room={name: max(float(found.primal_vars[room.id]), 0.0) for name, room in self._room.items()},
            unit=unit,
            aversion=aversion,
            solver=f"{found.attr[NAME]}: {found.status}",
            iterations=int(found.attr.get("num_iters", 0)),
        )

    def _volatility_dual(self, found: Any, inputs: Inputs) -> dict[str, Floats]:
        """Of the limit on volatility itself, not on its scaled axes."""
        if not self.shape.volatility:
            return {}
        dual = np.asarray(found.dual_vars[self._named["volatility"].id], np.float64).reshape(-1)
        return {"volatility": dual[:1] / sqrt(_mean_variance(inputs))}

    def _build(self, cp: Any) -> Any:
        """Name the constraints; the linear cost."""
        shape, weights = self.shape, self._weights
        upper, lower = self._vector(cp, "upper"), self._vector(cp, "lower")
        cost = self._vector(cp, "minus_expected") @ weights
        self._named |= {"upper": weights <= upper, "lower": lower <= weights}
        if shape.budget:
            self._named["budget"] = cp.sum(weights) == self._number(cp, "net")
        else:
            net = self._number(cp, "net")
            self._named |= {"net_high": cp.sum(weights) <= net, "net_low": -cp.sum(weights) <= net}
            room = self._room.get("invested", 0.0)
            self._named["invested"] = self._number(cp, "invested") - cp.sum(weights) <= room
        if shape.gross:
            size = self._others["sizes"] = cp.Variable(shape.instruments)
            self._named |= {"long": weights <= size, "short": -weights <= size}
            self._named["gross"] = cp.sum(size) <= self._number(cp, "gross")
            if shape.groups:
                members = cp.Parameter((shape.groups, shape.instruments), nonneg=True)
                self._given["groups"] = members
                self._named["cluster"] = members @ size <= self._number(cp, "cluster")
        if shape.volatility:
            axes = self._others["axes"] = cp.Variable(shape.instruments)
            self._named |= {"axes": axes == weights, "volatility": cp.SOC(self._number(cp, "volatility"), axes)}
        if shape.trades:
            cost = cost + self._trades(cp)
        return cost + sum(price * self._room[name] for name, price in PRICES.items() if name in self._room)

    def _trades(self, cp: Any) -> Any:
        shape, weights = self.shape, self._weights
        trade, current = cp.Variable(shape.instruments), self._vector(cp, "current")
        self._others["trades"] = trade
        self._named |= {"bought": weights - current <= trade, "sold": current - weights <= trade}
        self._named["turnover"] = cp.sum(trade) <= self._number(cp, "turnover") + self._room.get("turnover", 0.0)
        cost = self._vector(cp, "half_spread") @ trade
        if shape.impact:
            power, ones = cp.Variable(shape.instruments), np.ones(shape.instruments)
            self._named["power"] = cp.PowCone3D(power, ones, trade / TRADE_UNIT, ones * (2.0 / 3.0))
            cost = cost + self._vector(cp, "impact") @ power * TRADE_UNIT**1.5
        return cost

    def _vector(self, cp: Any, name: str) -> Any:
        return self._given.setdefault(name, cp.Parameter(self.shape.instruments))

    def _number(self, cp: Any, name: str) -> Any:
        return self._given.setdefault(name, cp.Parameter())

    def _set(self, inputs: Inputs, unit: float) -> None:
        """Give the parameters their values; limits that are not in force lie beyond what can be reached."""
        most = np.maximum(inputs.upper, -inputs.lower)
        reach = float(most.sum()) + SPARE
        far = float((most + np.abs(inputs.current)).sum()) + SPARE
        unpriced = 0.0 if self.shape.elastic else 1.0 / unit
        values: dict[str, Any] = {
            "upper": inputs.upper,
            "lower": inputs.lower,
            "minus_expected": -inputs.expected * unpriced,
            "net": min(inputs.net, reach),
            "invested": max(inputs.invested, -reach),
            "gross": min(inputs.gross, reach),
            "cluster": min(inputs.cluster, reach),
            "groups": inputs.groups,
            "volatility": inputs.volatility / sqrt(_mean_variance(inputs)),
            "current": inputs.current,
            "turnover": min(inputs.turnover, far),
            "half_spread": inputs.half_spread * unpriced,
            "impact": inputs.impact * unpriced,
        }
        for name, parameter in self._given.items():
            parameter.value = values[name]
