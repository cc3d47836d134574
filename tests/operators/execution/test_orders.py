import pytest

from market.messages import Order, OrderState, Refused, Side
from operators.execution.orders import LEGAL, IllegalTransitionError, WorkingOrder, is_open, moved, submit
from operators.risk.gate import Limits, assess
from tests.operators.risk.test_gate import ORDER, STANDING

APPROVED = assess(ORDER, STANDING, Limits())
ENDS = {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED}


def test_every_pair_of_states_is_legal_or_refused():
    for state in OrderState:
        for after in OrderState:
            working = WorkingOrder(APPROVED, state, 0)
            if after in LEGAL[state]:
                assert moved(working, after).state is after
            else:
                with pytest.raises(IllegalTransitionError, match=f"from {state} to {after}"):
                    moved(working, after)


def test_an_end_is_an_end():
    assert {state for state in OrderState if not is_open(WorkingOrder(APPROVED, state, 0))} == ENDS


def test_nothing_follows_from_nothing_to_filled():
    assert OrderState.FILLED not in LEGAL[OrderState.SUBMITTED]
    assert all(OrderState.SUBMITTED not in after for after in LEGAL.values())


@pytest.mark.parametrize(
    "bare",
    [ORDER, Refused(venue="v", instrument="i", time_ns=1, order=ORDER, reason="no", checks={}), None, {"order": ORDER}],
)
def test_execution_takes_nothing_but_approved_orders(bare):
    with pytest.raises(TypeError, match="Approved orders only"):
        submit(bare, 0)


def test_an_approved_order_begins_as_submitted():
    working = submit(APPROVED, 7)
    assert (working.state, working.submitted_ns, working.filled) == (OrderState.SUBMITTED, 7, 0.0)
    assert isinstance(working.order, Order)
    assert working.order.side is Side.BUY
