import pytest

from tests.captures import real
from tests.contract import Case, same
from tests.operators.features import (
    case_depth,
    case_micro_price,
    case_moments,
    case_spreads,
    case_trade_flow,
    case_volatility,
)

FRAMES = [  # as many as the oracle bears
    (case_depth.CASE, 3_000),
    (case_micro_price.CASE, 6_000),
    (case_moments.CASE, 6_000),
    (case_spreads.CASE, 1_500),
    (case_trade_flow.CASE, 3_000),
    (case_volatility.CASE, 6_000),
]


@pytest.mark.parametrize("capture", real.PAIRS)
@pytest.mark.parametrize(("case", "frames"), FRAMES, ids=[case.name for case, _ in FRAMES])
def test_features_of_real_captures_equal_their_oracles(case: Case, frames: int, capture: str) -> None:
    items = case.fed(real.batches(capture, limit=frames))
    found = case.output(case.stage().run(items))
    same(found, case.oracle(items), case.tolerance)
    assert any(column.is_finite().any() for column in found["ticks"])
