"""Residuals of the conditions of Karush, Kuhn and Tucker, from the answer's numbers alone; no solver has a say.

With the program of program.py and costs differentiated (d/dt of impact t^1.5 is 1.5 impact √t), in units of the scaled
objective:

    weights  (λΣw − μ)/unit + upper − lower + long − short + bought − sold + net_high − net_low − invested + budget = 0
    (+ volatility Σw / √(w'Σw), where that is limited)
    sizes    gross + members'cluster − long − short = 0
    trades   half_spread/unit + 1.5 impact √t/unit + turnover − bought − sold = 0

Sizes and trades are the program's own variables, at least |w| and |w − current|. The
slope of t^1.5 is steep at 0, where 1e-10 of a share is 1e-5 of a slope; there the trade that has the right slope is
compared instead, as a share of equity.
"""

from math import inf
from typing import NamedTuple

import numpy as np

from operators.portfolio.optimizer.inputs import Floats, Inputs, volatility_of
from operators.portfolio.optimizer.program import Answer

NONE = np.zeros(1)


class Residuals(NamedTuple):
    """Largest violations; all 0 at the optimum."""

    stationarity: float  # of the scaled objective, per share
    complementarity: float  # multiplier × spare, scaled objective
    feasibility: float  # shares of equity by which a limit is missed
    sign: float  # of multipliers below 0

    @property
    def worst(self) -> float:
        """The largest."""
        return max(self)


def residuals(inputs: Inputs, answer: Answer) -> Residuals:
    """How far an answer of a program that is not elastic is from optimal."""
    duals, weights = answer.duals, answer.weights
    trades, sizes = answer.trades, answer.sizes

    def of(name: str) -> Floats:
        return duals.get(name, NONE)

    slopes = (answer.aversion * (inputs.covariance @ weights) - inputs.expected) / answer.unit
    slopes = slopes + of("upper") - of("lower") + of("long") - of("short") + of("bought") - of("sold")
    slopes = slopes + of("net_high") - of("net_low") - of("invested") + of("budget")
    if "volatility" in duals and (volatility := volatility_of(weights, inputs)) > 0:
        slopes = slopes + duals["volatility"] * (inputs.covariance @ weights) / volatility
    stationary = [float(np.max(np.abs(slopes), initial=0.0))]
    if "gross" in duals:
        inner = of("gross") - of("long") - of("short")
        if "cluster" in duals:
            inner = inner + inputs.groups.T @ of("cluster")
        stationary.append(float(np.max(np.abs(inner), initial=0.0)))
    if "turnover" in duals:
        stationary.append(_trading(inputs, answer, of("bought") + of("sold") - of("turnover")))
    net = float(weights.sum())
    spare = {
        "upper": inputs.upper - weights,
        "lower": weights - inputs.lower,
        "net_high": np.array([inputs.net - net]),
        "net_low": np.array([inputs.net + net]),
        "invested": np.array([net - inputs.invested]),
    }
    if "gross" in duals:
        spare |= {"long": sizes - weights, "short": sizes + weights, "gross": np.array([inputs.gross - sizes.sum()])}
    if "volatility" in duals:
        spare["volatility"] = np.array([inputs.volatility - volatility_of(weights, inputs)])
    if "cluster" in duals:
        spare["cluster"] = inputs.cluster - inputs.groups @ sizes
    if "turnover" in duals:
        moved = weights - inputs.current
        spare |= {"bought": trades - moved, "sold": trades + moved}
        spare["turnover"] = np.array([inputs.turnover - trades.sum()])
    if "budget" in duals:
        spare["budget"] = -np.abs(spare.pop("net_high"))
        del spare["net_low"], spare["invested"]
    present = {name: left for name, left in spare.items() if name in duals}
    products = [_product(duals[name], left) for name, left in present.items() if name != "budget"]
    return Residuals(
        stationarity=max(stationary),
        complementarity=max(products, default=0.0),
        feasibility=max((float(np.max(-left, initial=0.0)) for left in present.values()), default=0.0),
        sign=max((float(np.max(-duals[name], initial=0.0)) for name in present if name != "budget"), default=0.0),
    )


def _trading(inputs: Inputs, answer: Answer, paid: Floats) -> float:
    """The residual of trades: of the slope or, where impact makes it steep, of the trade whose slope is paid for."""
    trades = np.maximum(answer.trades, 0.0)
    steep = 1.5 * inputs.impact / answer.unit
    beyond = paid - inputs.half_spread / answer.unit
    slope = np.abs(beyond - steep * np.sqrt(trades))
    wanted = np.divide(np.maximum(beyond, 0.0), steep, out=np.full_like(trades, inf), where=steep > 0) ** 2
    return float(np.max(np.minimum(slope, np.abs(wanted - trades)), initial=0.0))


def _product(dual: Floats, spare: Floats) -> float:
    """Of a limit that is not in force the multiplier itself, which must be 0."""
    return float(np.max(np.abs(dual * np.where(np.isfinite(spare), spare, 1.0)), initial=0.0))


def explained(inputs: Inputs, answer: Answer, *, least: float = 1e-7) -> dict[str, float]:
    """What one unit more of each binding limit is worth (expected utility, share of equity), by name.

    Below 0 where a limit asks for more than is good: `invested`, and `net` where both are one number. Names as of
    limits.uses; `instrument:NAME` for every instrument at its cap or short limit. Multipliers below `least`
    of the scaled objective are rounding.
    """
    found: dict[str, float] = {}

    def tell(name: str, dual: float) -> None:
        if abs(dual) > least:
            found[name] = dual * answer.unit

    duals = answer.duals
    for name, sign in (("gross", 1.0), ("turnover", 1.0), ("invested", -1.0), ("volatility", 1.0)):
        if name in duals and _limit(inputs, name):
            tell(name, sign * float(duals[name][0]))
    if inputs.net < inf:
        tell("net", float((duals.get("net_high", NONE) + duals.get("net_low", NONE))[0]))
    if "budget" in duals:
        tell("net", float(duals["budget"][0]))
    if "cluster" in duals:
        for name, dual in zip(inputs.group_names, duals["cluster"], strict=True):
            tell(f"cluster:{name}", float(dual))
    for name, high, low in zip(inputs.names, duals["upper"], duals["lower"], strict=True):
        tell(f"instrument:{name}", float(high + low))
    return found


def _limit(inputs: Inputs, name: str) -> bool:
    return bool(np.isfinite(getattr(inputs, name)))
