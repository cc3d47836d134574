"""What is known of the instruments at one moment as arrays over the horizon, and the Problem message made of them.

An instrument is known if its covariance is ready and its variance above 0. One that is held but not known is in the
problem too, so that it can be sold: nothing expected, uncorrelated, as volatile as the most volatile that is known and
at least √UNKNOWN_VARIANCE. What is not known or has no good book now may not grow: its cap is what is held.

    half_spread = (ask − bid) / (2 mid) + fee,   impact = half spread × √(equity / displayed)

so that trading what is displayed (the mean of both sides' best sizes, its running mean) costs another half spread, and
more by the square-root law (operators/impact/square_root.py has the measured one, which trading does not hear of).
A part of `portfolio.propose`.
"""

from collections.abc import Mapping, Sequence
from math import inf, isfinite, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.messages import Problem, Quote, Solution, Target
from operators.portfolio import worth

Vector = NDArray[np.float64]
LEAST = 1e-6  # quote currency; nothing that is displayed is worth less
TOLERATED = 1.1  # of a limit: solvers go up to limits, and prices then carry positions a little beyond
UNKNOWN_VARIANCE = 0.01  # of the return over the horizon: 10 % up or down


class Book(NamedTuple):
    """The account as it stands, from whoever keeps it."""

    equity: float  # quote currency
    held: Mapping[str, float]  # signed notional by "venue|instrument", quote currency; zeros may be left out
    risk: float = 0.0  # over its limit, as operators/risk measures it; NaN: not known
    limits: Mapping[str, float] = {}  # in force, by the names of optimizer/inputs.py
    caps: Mapping[str, float] = {}  # largest absolute share of single instruments, beside the cap of all


class Facts(NamedTuple):
    """What a problem rests on; n each, over the horizon, shares of equity."""

    names: tuple[str, ...]
    known: NDArray[np.bool_]  # n, whether the covariance is
    expected: Vector
    confidence: Vector
    covariance: Vector  # n by n
    current: Vector
    half_spread: Vector
    impact: Vector
    lot: Vector
    caps: Vector


def facts_of(
    names: Sequence[str], quotes: Mapping[str, Quote], displayed: Mapping[str, float], covariance: Vector,
    expected: Vector, confidence: Vector, book: Book, *, live: NDArray[np.bool_], fee: NDArray[np.float64], cap: float,
) -> Facts | None:  # fmt: skip
    """The arrays of those that are known or held; covariance over the horizon, NaN where not ready.

    live: whether the book of an instrument is good; fee: as share of notional. None where there is nothing to ask, and
    where a position or a cost is not finite: who does not know what is held cannot ask for better.
    """
    variances = np.diagonal(covariance)
    known = np.isfinite(variances) & (np.nan_to_num(variances) > 0)
    held = np.array([book.held.get(name, 0.0) for name in names])
    chosen = np.flatnonzero((known & live) | (held != 0))
    if not len(chosen):
        return None
    asked = tuple(names[int(place)] for place in chosen)
    with np.errstate(over="ignore"):
        sure, current = known[chosen], held[chosen] / book.equity
    costs = np.array([_costs(quotes[name], displayed[name], book.equity) for name in asked])
    most = np.array([min(book.caps.get(name, cap), cap) for name in asked])
    if not (np.isfinite(current).all() and np.isfinite(costs).all()):
        return None
    return Facts(
        names=asked,
        known=sure,
        expected=np.where(sure, expected[chosen], 0.0),
        confidence=np.where(sure, confidence[chosen], 0.0),
        covariance=_completed(covariance[np.ix_(chosen, chosen)], sure),
        current=current,
        half_spread=costs[:, 0] + fee[chosen],
        impact=costs[:, 1],
        lot=costs[:, 2],
        caps=np.where(sure & live[chosen], most, np.minimum(np.abs(current), most)),
    )


def wanted(facts: Facts, aversion: float, gross: float) -> Vector:
    """Weights that mean and variance alone would have, w = Σ⁻¹ μ / γ, Markowitz (1952), within caps and gross.

    Cut at the caps or scaled down alike until they hold, whichever is worth more: a guess of what a solver would find.
    """
    free = np.nan_to_num(np.linalg.lstsq(facts.covariance, facts.expected, rcond=1e-10)[0] / aversion)
    cut = np.clip(free, -facts.caps, facts.caps)
    over = np.abs(free) > facts.caps
    share = float((facts.caps[over] / np.abs(free[over])).min(initial=1.0))
    guesses = [_within(weights, gross) for weights in (cut, share * free)]
    return max(guesses, key=lambda weights: gain_and_cost(facts, weights, aversion)[0])


def _within(weights: Vector, gross: float) -> Vector:
    total = float(np.abs(weights).sum())
    return weights * (gross / total) if total > gross else weights


def gain_and_cost(facts: Facts, weights: Vector, aversion: float) -> tuple[float, float]:
    """What these weights are worth in place of the present ones, and what the trades cost."""
    gain = worth.gain(facts.current, weights, facts.expected, facts.covariance, aversion)
    return gain, worth.cost(facts.current, weights, facts.half_spread, facts.impact)


def usage(facts: Facts, limits: Mapping[str, float]) -> float:
    """How much of its limits the portfolio takes, over TOLERATED: the largest of gross, net, instrument, volatility.

    Limits that are not named do not count; a limit that is not finite or not above 0 is broken by any position.
    """
    weights = facts.current
    with np.errstate(over="ignore", invalid="ignore"):
        measured = {
            "gross": float(np.abs(weights).sum()),
            "net": abs(float(weights.sum())),
            "instrument": float(np.abs(weights).max(initial=0.0)),
            "volatility": sqrt(max(float(weights @ facts.covariance @ weights), 0.0)),
        }
    found = [_over(value, limits[name]) for name, value in measured.items() if name in limits]
    return max(found, default=0.0) / TOLERATED


def _over(value: float, limit: float) -> float:
    if value == 0:
        return 0.0
    return value / limit if isfinite(limit) and limit > 0 else inf


def flaw(solution: Solution) -> str:
    """What speaks against a solution as such; empty where nothing does."""
    if not solution.names:
        return "it asks for nothing"
    if len(solution.weights) != len(solution.names) or len(set(solution.names)) != len(solution.names):
        return "names and weights do not agree"
    if not all("|" in name for name in solution.names):
        return "a name is no venue|instrument"
    if not all(map(isfinite, solution.weights)):
        return "a weight is not finite"
    if not (isfinite(solution.equity) and solution.equity > 0):
        return f"its equity is {solution.equity}"
    return ""


def targets_of(solution: Solution, life_ns: int) -> list[Target]:
    """Where a solution without flaw wants to be: its weights of its equity, quote currency.

    life_ns: data time from the problem on after which no order is made for them.
    """
    reason = f"{solution.rung} of row {solution.request}" + (f": {solution.reason}" if solution.reason else "")
    return [
        Target(
            venue=name.partition("|")[0],
            instrument=name.partition("|")[2],
            time_ns=solution.time_ns,
            notional=weight * solution.equity,
            reason=reason,
            request=solution.request,
            until_ns=solution.time_ns + life_ns,
        )
        for name, weight in zip(solution.names, solution.weights, strict=True)
    ]


def problem_of(
    facts: Facts, book: Book, *, account: str, request: int, time_ns: int, regime: str, min_notional: float,
    groups: Mapping[str, tuple[int, ...]],
) -> Problem:  # fmt: skip
    """The message; min_notional: quote currency."""
    return Problem(
        venue="",
        instrument="",
        time_ns=time_ns,
        account=account,
        request=request,
        names=facts.names,
        expected=_tuple(facts.expected),
        confidence=_tuple(facts.confidence),
        covariance=_tuple(facts.covariance[np.tril_indices(len(facts.names))]),
        current=_tuple(facts.current),
        half_spread=_tuple(facts.half_spread),
        impact=_tuple(facts.impact),
        lot=_tuple(facts.lot),
        min_notional=_tuple(np.full(len(facts.names), min_notional / book.equity)),
        regime=regime,
        limits=dict(book.limits),
        caps=_tuple(facts.caps),
        groups=dict(groups),
        equity=book.equity,
    )


def _costs(quote: Quote, displayed: float, equity: float) -> tuple[float, float, float]:
    """Half spread, impact and lot, as shares; a size that was never displayed costs as if one lot were."""
    half = 0.5 * (quote.ask_price - quote.bid_price) / _mid(quote)
    lot = worth_of(quote, quote.lot_size)
    return half, half * sqrt(equity / max(displayed, lot, LEAST)), lot / equity


def worth_of(quote: Quote, size: float) -> float:
    """Notional of a size at the mid, quote currency; of an inverse contract by its face value."""
    return size * quote.contract_size * (1.0 if quote.inverse else _mid(quote))


def _mid(quote: Quote) -> float:
    return 0.5 * (quote.bid_price + quote.ask_price)


def _completed(covariance: Vector, known: NDArray[np.bool_]) -> Vector:
    """Covariances with the rows of those not known filled in."""
    found = np.where(np.outer(known, known), covariance, 0.0)
    largest = max(float(np.diagonal(found).max(initial=0.0)), UNKNOWN_VARIANCE)
    unknown = np.flatnonzero(~known)
    found[unknown, unknown] = largest
    return found


def _tuple(values: Vector) -> tuple[float, ...]:
    return tuple(values.tolist())
