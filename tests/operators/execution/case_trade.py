import polars as pl

from market.decisions import Decisions
from operators.execution import trade
from operators.execution.ledger import SCHEMAS
from operators.execution.paper import Venue
from operators.execution.terms import Terms
from operators.risk.gate import Limits
from operators.risk.measure import Measurement
from operators.risk.moving_limits import Movement
from operators.risk.reserve import Reserve
from operators.risk.risk_rows import LIMIT, PART
from operators.risk.risk_rows import RISK as RISK_ROW
from tests.contract import Case, Tables
from tests.operators.execution.slow_account import SlowAccount
from tests.operators.portfolio.decision_stream import empty, spread_out, trades

# Risk on the scale of the stream's two minutes: gaps of half a hundredth, a window of a minute. Without Monte Carlo,
# whose draws rest on the last bits of what is held.
RISK = Measurement(
    level=0.95, horizon_s=4.0, step_s=1.0, every_s=20.0, window_rows=60, least_rows=20, half_life_rows=20.0, paths=0,
    reserve=Reserve(use_share=0.9, least_gap=0.004, deviations=1.0, worst_multiple=0.5, cost=5e-4),
    movement=Movement(hold_s=15.0),
)  # fmt: skip
MEASURED = {"risk": RISK_ROW, "risk_parts": PART, "limits": LIMIT}
TERMS = Terms(
    risk=RISK,
    limits=Limits(max_drawdown=0.004, max_gross_notional=50_000.0, max_quote_age_s=2.0),
    venue=Venue(latency_ms=400.0),  # longer than the 250 ms between two rows, so that a quote can come too early
)
UNTESTED = ("checks", "values")  # what the gate measured; tests/operators/risk


def output(items: list[Decisions]) -> Tables:
    found = {}
    for name, schema in (SCHEMAS | MEASURED).items():
        rows = [item.tables[name] for item in items if name in item.tables]
        found[name] = pl.concat([pl.DataFrame(schema=schema), *rows]).drop(UNTESTED, strict=False)
    return found


def oracle(items: list[Decisions]) -> Tables:
    slow = SlowAccount(TERMS)
    for item in items:
        slow.take(item)
    measured = {
        name: pl.concat([pl.DataFrame(schema=schema), *(one[name] for one in slow.measured)])
        for name, schema in MEASURED.items()
    }
    return measured | {
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
