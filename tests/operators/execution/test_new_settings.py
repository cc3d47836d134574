"""What a person changes in the settings counts from the next start on, whatever state the account goes on from."""

from dataclasses import replace
from typing import Any

import pytest

from operators.execution import trade
from operators.risk.measure import Measurement
from tests.operators.execution.outside_desk import TERMS, Desk

RISK = Measurement(step_s=1.0, every_s=10.0, window_rows=50, paths=0)
LOOSE = replace(TERMS, risk=RISK, limits=replace(TERMS.limits, max_order_notional=1e6))


def begun_again(desk: Desk, **changes: Any) -> Desk:
    """The same account after a start with other terms."""
    desk.stage = trade.stage(terms=replace(LOOSE, **changes))
    desk.restart()
    return desk


@pytest.mark.parametrize("name", ["max_order_notional", "max_position_notional", "max_gross_notional"])
def test_a_limit_that_was_tightened_holds_from_the_next_start_on(name: str) -> None:
    desk = Desk(LOOSE)
    begun_again(desk, limits=replace(LOOSE.limits, **{name: 6_000.0})).after(1).quote()
    desk.target(40_000.0)
    assert 0.0 < sum(order.size for order in desk.sent) * 50.0 <= 6_000.0


def test_a_drawdown_that_was_tightened_leaves_less_to_lose() -> None:
    desk = Desk(LOOSE)
    begun_again(desk, limits=replace(LOOSE.limits, max_drawdown=0.01)).after(20).quote()
    [*_, row] = desk.rows["risk"]
    assert row["budget"] == pytest.approx(1_000.0)


def test_how_risk_is_measured_is_as_it_is_set_now() -> None:
    desk = Desk(LOOSE)
    begun_again(desk, risk=replace(RISK, level=0.95, horizon_s=60.0)).after(20).quote()
    [*_, row] = desk.rows["risk"]
    assert (row["level"], row["horizon_s"]) == (0.95, 60.0)
