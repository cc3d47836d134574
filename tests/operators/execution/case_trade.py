import polars as pl

from market.decisions import Decisions
from operators.execution import trade
from operators.execution.ledger import SCHEMAS
from operators.execution.paper import Venue
from operators.execution.trade import Terms
from operators.risk.gate import Limits
from tests.contract import Case, Tables
from tests.operators.execution.slow_account import SlowAccount
from tests.operators.portfolio.decision_stream import empty, spread_out, trades

TERMS = Terms(
    limits=Limits(max_drawdown=0.004, max_gross_notional=50_000.0, max_quote_age_s=2.0),
    venue=Venue(latency_ms=400.0),  # longer than the 250 ms between two rows, so that a quote can come too early
)
UNTESTED = ("checks", "values")  # what the gate measured; tests/operators/risk


def output(items: list[Decisions]) -> Tables:
    found = {}
    for name, schema in SCHEMAS.items():
        rows = [item.tables[name] for item in items if name in item.tables]
        found[name] = pl.concat([pl.DataFrame(schema=schema), *rows]).drop(UNTESTED, strict=False)
    return found


def oracle(items: list[Decisions]) -> Tables:
    slow = SlowAccount(TERMS)
    for item in items:
        slow.take(item)
    return {
        name: pl.DataFrame(
            rows, schema={key: kind for key, kind in SCHEMAS[name].items() if key not in UNTESTED}, orient="row"
        )
        for name, rows in slow.rows.items()
    }


CASE = Case(
    "execution.trade",
    lambda: trade.stage(terms=TERMS),
    trades,
    spread_out,
    output,
    oracle,
    empty,
    tolerance=1e-9,
)
