"""The rungs below the best weights, none of which needs a solver: risk parity, hold, reduce.

- risk_parity: equal risk contributions on the sides that the expected returns point to (where they are no use: the
  sides held now), at most `fallback_share` of every limit that protects, as far as `turnover` lets it go.
- hold: what is held now, if it keeps every limit that protects.
- reduce: what is held now, moved towards 0 until it keeps them. It always works: positions that are not known are asked
  to be 0, limits that are not known count as 0.
"""

from collections.abc import Mapping
from math import inf
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from operators.portfolio.optimizer.errors import RiskParityError
from operators.portfolio.optimizer.inputs import Floats, Inputs, Wrong
from operators.portfolio.optimizer.limits import broken, shrunk
from operators.portfolio.optimizer.lots import rounded
from operators.portfolio.optimizer.preferences import Preferences
from operators.portfolio.optimizer.risk_parity import risk_parity

Rung = Literal["optimal", "relaxed", "risk_parity", "hold", "reduce"]


class Step(NamedTuple):
    """One rung taken, and why not the ones above."""

    rung: Rung
    weights: Floats
    reasons: list[str]
    duals: Mapping[str, float] = MappingProxyType({})
    solver: str = ""


def fallback(inputs: Inputs, wrong: Wrong, preferences: Preferences, reasons: list[str]) -> Step:
    """The first rung below the solver that can be taken; `reasons` say why not the ones above."""
    reasons = list(reasons)
    try:
        if wrong.standing:
            raise RiskParityError(wrong.standing[0])
        return Step("risk_parity", _risk_parity(inputs, wrong, preferences), reasons)
    except RiskParityError as error:
        reasons.append(f"no risk parity: {error}")
    over = broken(inputs.current, inputs, protective=True)
    if not over and not wrong.standing:
        return Step("hold", inputs.current, reasons)
    reasons.append("not held: " + (", ".join(f"{name} by {value:.3g}" for name, value in over.items()) or "not known"))
    return Step("reduce", reduced(inputs), reasons)


def reduced(inputs: Inputs) -> Floats:
    """What is held, moved towards 0 until every limit that protects is kept, in whole lots."""
    smaller = shrunk(inputs.current, inputs)
    return rounded(smaller, inputs._replace(turnover=inf, invested=-inf)).weights


def _risk_parity(inputs: Inputs, wrong: Wrong, preferences: Preferences) -> Floats:
    """Raises RiskParityError where there is none, or it cannot be reached within `turnover`."""
    if not np.diag(inputs.covariance).any():
        raise RiskParityError("the covariance is no use")
    sides = np.sign(inputs.current if wrong.returns or not inputs.expected.any() else inputs.expected)
    sides = np.where(sides > 0, sides * (inputs.upper > 0), sides * (inputs.lower < 0))
    chosen = sides != 0
    if not chosen.any():
        raise RiskParityError("no instrument has a side")
    signed = inputs.covariance * np.outer(sides, sides)
    weights = np.zeros(len(sides))
    weights[chosen] = risk_parity(signed[np.ix_(chosen, chosen)]) * sides[chosen]
    share = preferences.fallback_share
    most = float(np.maximum(inputs.upper, -inputs.lower).sum())
    weights *= share * min(inputs.gross, most)
    scaled = {name: getattr(inputs, name) * share for name in ("lower", "upper", "cluster", "net", "volatility")}
    wanted = shrunk(weights, inputs._replace(**scaled))
    trade = float(np.abs(wanted - inputs.current).sum())
    if trade > inputs.turnover:
        wanted = inputs.current + (wanted - inputs.current) * (inputs.turnover / trade)
    kept = inputs._replace(invested=-inf)
    found = rounded(wanted, kept, band=preferences.no_trade_band).weights
    if over := broken(found, kept):
        raise RiskParityError("it breaks " + ", ".join(f"{name} by {value:.3g}" for name, value in over.items()))
    return found
