from typing import Any

import polars as pl

from market.batch import Batch
from operators import decode
from operators.book import rebuild
from operators.frame import frame
from operators.impact import calibrate
from tests import tape
from tests.contract import Case, Tables
from tests.market_case import cut, outputs
from tests.operators.impact.slow_impact import SlowImpact
from tests.rows import concat

LIVES_S, GAP_S = (20.0, 100.0, 1000.0), 0.05
NAMES = calibrate.COLUMNS.names or ()


def items(seed: int, length: int) -> list[Batch]:
    """A longer tape than others take: lambda wants some dozens of orders of each instrument."""
    return tape.cut(tape.tape(seed, messages=4_000 * length))


def oracle(batches: list[Batch]) -> Tables:
    found: dict[int, SlowImpact] = {}
    values: list[dict[str, Any]] = []
    for row in concat(frame(batch) for batch in batches).to_dicts():
        slow = found.setdefault(row["instrument"], SlowImpact(LIVES_S, GAP_S))
        slow.take(row)
        values.append(slow.now)
    return {"ticks": pl.DataFrame(values, schema=dict.fromkeys(NAMES, pl.Float64))}


CASE = Case(
    "impact.calibrate",
    lambda: calibrate.stage(gap_s=GAP_S, half_lives_s=LIVES_S),
    items,
    cut,
    outputs(NAMES),
    oracle,
    tape.empty,
    (decode.stage, rebuild.stage),
    tolerance=1e-6,
)
