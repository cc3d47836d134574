"""What weights use of each named limit, what they break, and how they shrink until they break nothing that protects.

Every limit that protects capital (inputs.PROTECTIVE) holds for all positions at 0, and `shrunk` only ever moves
positions towards 0; so there is always an answer that keeps them.
"""

from collections.abc import Iterator
from math import inf

import numpy as np

from operators.portfolio.optimizer.inputs import Floats, Inputs, volatility_of

EXACT = 1e-12  # relative; what rounding of floats may add to a limit that protects
KEPT = 1e-7  # share of equity; by how much an interior point may miss `turnover` and `invested`


def uses(weights: Floats, inputs: Inputs, *, protective: bool = False) -> Iterator[tuple[str, float, float]]:
    """(name, measured, limit) of each limit in force: measured must be at most the limit.

    Names: gross, net, cluster:NAME, volatility, instrument:NAME (of the largest excess), turnover, invested.
    """
    yield from _instrument(weights, inputs)
    gross = np.abs(weights)
    if inputs.gross < inf:
        yield "gross", float(gross.sum()), inputs.gross
    if inputs.cluster < inf:
        yield from (
            (f"cluster:{name}", float(members @ gross), inputs.cluster)
            for name, members in zip(inputs.group_names, inputs.groups, strict=True)
        )
    if inputs.net < inf:
        yield "net", abs(float(weights.sum())), inputs.net
    if inputs.volatility < inf:
        yield "volatility", volatility_of(weights, inputs), inputs.volatility
    if protective:
        return
    if inputs.turnover < inf:
        yield "turnover", float(np.abs(weights - inputs.current).sum()), inputs.turnover
    if inputs.invested > -inf:
        yield "invested", -float(weights.sum()), -inputs.invested


def _instrument(weights: Floats, inputs: Inputs) -> Iterator[tuple[str, float, float]]:
    if not weights.size:
        return
    over = np.maximum(weights - inputs.upper, inputs.lower - weights)
    worst = int(np.argmax(over))
    limit = inputs.upper[worst] if weights[worst] >= 0 else -inputs.lower[worst]
    yield f"instrument:{inputs.names[worst]}", float(abs(weights[worst])), float(limit)


def broken(weights: Floats, inputs: Inputs, *, protective: bool = False) -> dict[str, float]:
    """By how much each limit that is not kept is broken; those that protect hold exactly, but for float rounding."""
    found = {}
    for name, measured, limit in uses(weights, inputs, protective=protective):
        spare = KEPT if name in ("turnover", "invested") else EXACT * max(1.0, abs(limit))
        if not measured - limit <= spare:
            found[name] = measured - limit
    return found


def shrunk(weights: Floats, inputs: Inputs) -> Floats:
    """The weights moved towards 0 until they keep every limit that protects; none grows and none changes sign."""
    found: Floats = np.clip(weights, inputs.lower, inputs.upper)
    if inputs.cluster < inf:
        for members in inputs.groups:
            found = np.where(members > 0, found * _factor(float(members @ np.abs(found)), inputs.cluster), found)
    found = found * _factor(float(np.abs(found).sum()), inputs.gross)
    net = float(found.sum())
    if abs(net) > inputs.net:
        heavy = found * np.sign(net) > 0
        side = float(np.abs(found[heavy]).sum())
        found = np.where(heavy, found * max(1.0 - (abs(net) - inputs.net) / side, 0.0), found)
    return found * _factor(volatility_of(found, inputs), inputs.volatility)


def _factor(measured: float, limit: float) -> float:
    return limit / measured if measured > limit else 1.0
