"""Rows of the tables `problems` and `solutions`: what was asked and what was answered, one row for each message."""

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Any

import polars as pl

from market.messages import Problem, Solution
from market.pairs import PAIRS, pairs

MEMBERS = pl.List(pl.Struct({"key": pl.String, "value": pl.List(pl.String)}))
SOLUTION: dict[str, Any] = {
    "account": pl.String,
    "time": pl.Int64,  # ns, data time of the problem
    "receive_time": pl.Int64,  # ns
    "request": pl.Int64,
    "rung": pl.String,
    "reason": pl.String,
    "refused": pl.String,  # why it is not followed; empty where it is
    "weights": PAIRS,
    "duals": PAIRS,
    "slack": PAIRS,
    "solver": pl.String,
    "elapsed_ms": pl.Float64,
    "offset": pl.Int64,
    "row": pl.Int32,
}
PROBLEM: dict[str, Any] = {
    "account": pl.String,
    "time": pl.Int64,
    "receive_time": pl.Int64,
    "request": pl.Int64,
    "regime": pl.String,
    "limits": PAIRS,
    "expected": PAIRS,
    "confidence": PAIRS,
    "volatility": PAIRS,
    "current": PAIRS,
    "half_spread": PAIRS,
    "impact": PAIRS,
    "caps": PAIRS,
    "clusters": MEMBERS,
    "equity": pl.Float64,
    "offset": pl.Int64,
    "row": pl.Int32,
}


def solution_rows(solutions: Iterable[tuple[Solution, str]], receive_time: int, offset: int) -> pl.DataFrame:
    """Rows of `solutions` for the answers in one row of the trading journal, in order, and why each is not followed."""
    rows = [
        (
            one.account, one.time_ns, receive_time, one.request, one.rung, one.reason, refused,
            pairs(dict(zip(one.names, one.weights, strict=False))), pairs(one.duals), pairs(one.slack), one.solver,
            one.elapsed_ms, offset, place,
        )
        for place, (one, refused) in enumerate(solutions)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SOLUTION, orient="row")


def problem_rows(problems: Iterable[Problem], receive_time: int, offset: int) -> pl.DataFrame:
    """Rows of `problems` for those asked on one row of the trading journal, in order."""
    rows = [
        (
            one.account, one.time_ns, receive_time, one.request, one.regime, pairs(one.limits),
            *(_named(one, values) for values in (one.expected, one.confidence, _volatilities(one), one.current,
                                                 one.half_spread, one.impact, one.caps)),
            [{"key": name, "value": [one.names[at] for at in members if 0 <= at < len(one.names)]}
             for name, members in one.groups.items()],
            one.equity, offset, place,
        )
        for place, one in enumerate(problems)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=PROBLEM, orient="row")


def _volatilities(problem: Problem) -> list[float]:
    """Roots of the diagonal of the packed covariance; NaN where it is no variance."""
    places = [number * (number + 3) // 2 for number in range(len(problem.names))]
    found = [problem.covariance[place] if place < len(problem.covariance) else -1.0 for place in places]
    return [sqrt(value) if value >= 0 else float("nan") for value in found]


def _named(problem: Problem, values: Sequence[float]) -> list[dict[str, Any]]:
    return pairs(dict(zip(problem.names, values, strict=False)))
