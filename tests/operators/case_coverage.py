import polars as pl

from market.batch import Batch
from operators import coverage, decode
from operators.book import rebuild
from tests import tape
from tests.contract import Case, Tables
from tests.market_case import cut, outputs
from tests.operators.slow_coverage import slow_coverage

STALE_S = 4.0
LATER_NS = 6_100 * 10**9  # the tape begins at 22:13:20; with this, its fifth minute is the first of a day


def items(seed: int, length: int) -> list[Batch]:
    """The tape with every trouble, over midnight."""
    received = [(time + LATER_NS, frame) for time, frame in tape.tape(seed, messages=1_500 * length)]
    return tape.cut(received)


def oracle(batches: list[Batch]) -> Tables:
    return {"coverage": slow_coverage(batches, int(STALE_S * 10**9))}


CASE = Case(
    "coverage",
    lambda: coverage.stage(stale_s=STALE_S),
    items,
    cut,
    outputs(tables=["coverage"]),
    oracle,
    tape.empty,
    (decode.stage, rebuild.stage),
    ready=lambda found: {("coverage", "share"): pl.Series([True] * len(found["coverage"]))},
    tolerance=1e-12,
)
