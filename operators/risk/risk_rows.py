"""Rows of the tables risk, risk_parts and limits: what was measured of an account at one moment of data time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from market.pairs import PAIRS, pairs
from operators.risk.attribution import Attribution
from operators.risk.estimates import Estimates
from operators.risk.exposure import Exposure
from operators.risk.moving_limits import Change

RISK: dict[str, Any] = {
    "account": pl.String,
    "time": pl.Int64,  # ns, data time
    "receive_time": pl.Int64,  # ns
    "state": pl.String,
    "equity": pl.Float64,  # quote currency, as all money here
    "peak_equity": pl.Float64,
    "drawdown": pl.Float64,
    "worst_drawdown": pl.Float64,
    "day_loss": pl.Float64,
    "gross": pl.Float64,
    "net": pl.Float64,
    "long": pl.Float64,
    "short": pl.Float64,
    "largest": pl.Float64,
    "leverage": pl.Float64,
    "effective": pl.Float64,
    "level": pl.Float64,
    "horizon_s": pl.Float64,
    "scenarios": pl.Int64,
    "deviation": pl.Float64,
    "volatility_ratio": pl.Float64,
    "var": PAIRS,
    "es": PAIRS,
    "stress": PAIRS,
    "reverse_distance": pl.Float64,
    "budget": pl.Float64,
    "gap_loss": pl.Float64,
    "drawdown_scale": pl.Float64,
    "offset": pl.Int64,
}
PART: dict[str, Any] = {
    "account": pl.String,
    "time": pl.Int64,
    "receive_time": pl.Int64,
    "measure": pl.String,  # var, es
    "dimension": pl.String,  # instrument, strategy, regime
    "name": pl.String,
    "amount": pl.Int64,  # millionths of the quote currency
    "offset": pl.Int64,
}
LIMIT: dict[str, Any] = {
    "account": pl.String,
    "venue": pl.String,  # "" where the whole account is meant
    "instrument": pl.String,
    "time": pl.Int64,
    "receive_time": pl.Int64,
    "limit": pl.String,
    "value": pl.Float64,
    "previous": pl.Float64,
    "fixed": pl.Float64,
    "reason": pl.String,
    "factors": PAIRS,
    "offset": pl.Int64,
}


class Stamp(NamedTuple):
    """Whose rows these are, and of when."""

    account: str
    time_ns: int
    receive_time: int
    offset: int


class Taken(NamedTuple):
    """Everything measured at one moment; what is not ready is NaN or empty."""

    state: str
    equity: float
    peak_equity: float
    drawdown: float
    worst_drawdown: float
    day_loss: float
    exposure: Exposure
    level: float
    horizon_s: float
    scenarios: int
    volatility_ratio: float
    estimates: Estimates | None
    stress: Mapping[str, float]
    reverse_distance: float
    budget: float
    gap_loss: float
    drawdown_scale: float


def risk_row(stamp: Stamp, taken: Taken) -> pl.DataFrame:
    """One row of the table risk."""
    found = taken.estimates
    tails = found.tails if found is not None else {}
    row = {
        "account": stamp.account,
        "time": stamp.time_ns,
        "receive_time": stamp.receive_time,
        **{name: getattr(taken, name) for name in RISK if name in Taken._fields and name != "stress"},
        **taken.exposure._asdict(),
        "deviation": found.deviation if found is not None else float("nan"),
        "var": pairs({name: one.var for name, one in tails.items()}),
        "es": pairs({name: one.es for name, one in tails.items()}),
        "stress": pairs(taken.stress),
        "offset": stamp.offset,
    }
    return pl.DataFrame([tuple(row[name] for name in RISK)], schema=RISK, orient="row")


def part_rows(
    stamp: Stamp, parts: Mapping[str, Attribution], instruments: Sequence[str], strategies: Sequence[str],
    regimes: Sequence[str],
) -> pl.DataFrame:  # fmt: skip
    """Rows of risk_parts; the amounts of one measure and dimension sum to the measure, to the millionth."""
    rows = []
    for measure, found in parts.items():
        for dimension, names, amounts in (
            ("instrument", instruments, found.by_instrument),
            ("strategy", strategies, found.by_strategy),
            ("regime", regimes, found.by_regime),
        ):
            rows += [
                (stamp.account, stamp.time_ns, stamp.receive_time, measure, dimension, name, int(amount), stamp.offset)
                for name, amount in zip(names, amounts, strict=False)  # regimes of no scenario have no part
            ]
    return pl.DataFrame(rows, schema=PART, orient="row")


def limit_rows(stamp: Stamp, changes: Iterable[Change]) -> pl.DataFrame:
    """Rows of the table limits."""
    rows = [
        (stamp.account, *one.key, stamp.time_ns, stamp.receive_time, one.limit, one.value, one.previous, one.fixed,
         one.reason, pairs(one.factors), stamp.offset)
        for one in changes
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=LIMIT, orient="row")
