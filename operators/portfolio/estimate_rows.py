"""Rows of the tables `rebalances` and `correlations`: what was decided, and what blocks of returns said.

A part of `portfolio.propose`.
"""

from collections.abc import Iterable
from typing import Any

import polars as pl

from operators.portfolio.breaks import Verdict
from operators.portfolio.clusters import Clusters
from operators.portfolio.problem import Book
from operators.portfolio.triggers import Decision

REBALANCE: dict[str, Any] = {
    "account": pl.String,
    "time": pl.Int64,  # ns
    "receive_time": pl.Int64,  # ns
    "trigger": pl.String,
    "decision": pl.String,  # trade or hold
    "reason": pl.String,
    "regime": pl.String,
    "drift": pl.Float64,
    "risk": pl.Float64,
    "gain_bps": pl.Float64,
    "cost_bps": pl.Float64,
    "equity": pl.Float64,
    "instruments": pl.Int32,
    "offset": pl.Int64,
    "row": pl.Int32,
}
CORRELATION: dict[str, Any] = {
    "account": pl.String,
    "time": pl.Int64,  # ns
    "receive_time": pl.Int64,  # ns
    "concentration": pl.Float64,
    "distance": pl.Float64,
    "p_value": pl.Float64,
    "alarm": pl.Boolean,
    "changed": pl.Boolean,
    "instruments": pl.Int32,
    "clusters": pl.List(pl.Struct({"key": pl.String, "value": pl.String})),
    "offset": pl.Int64,
    "row": pl.Int32,
}


def rebalance_rows(
    decision: Decision, book: Book, *, account: str, instruments: int, receive_time: int, offset: int
) -> pl.DataFrame:
    """A decision as a row of table `rebalances`; instruments: how many the problem has, 0 where there is none."""
    facts = decision.facts
    row = (
        account, facts.time_ns, receive_time, decision.trigger, "trade" if decision.trades else "hold", decision.reason,
        facts.regime, facts.drift, facts.risk, 1e4 * facts.gain, 1e4 * facts.cost, book.equity, instruments, offset, 0,
    )  # fmt: skip
    return pl.DataFrame([row], schema=REBALANCE, orient="row")


def correlation_rows(
    verdicts: Iterable[Verdict], clusters: Clusters, *, account: str, receive_time: int, offset: int
) -> pl.DataFrame:
    """The verdicts of one row of the trading journal as rows of table `correlations`."""
    groups = [{"key": name, "value": ", ".join(sorted(members))} for name, members in sorted(clusters.members.items())]
    rows = [
        (account, one.time_ns, receive_time, one.concentration, one.distance, one.p_value, one.alarm, one.changed,
         one.instruments, groups, offset, number)
        for number, one in enumerate(verdicts)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=CORRELATION, orient="row")
