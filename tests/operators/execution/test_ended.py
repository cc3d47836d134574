"""Ended orders are remembered as they ended, no more of them than said, and a snapshot that holds them stays small."""

import pickle

import msgspec
import pytest

from market.messages import Approved, Order, OrderState, Side
from operators.execution.ended import EndedOrders
from operators.execution.orders import WorkingOrder


def ended(number, state=OrderState.FILLED):
    order = Order(
        venue="v", instrument="i", time_ns=number, client_order_id=f"bg-{number:024}", side=Side.SELL, size=0.3,
        limit_price=60023.7, reason="short −0.0030", time_in_force="ioc",
    )  # fmt: skip
    approved = Approved(venue="v", instrument="i", time_ns=number, order=order, checks={"order_notional": 1.5})
    return WorkingOrder(approved, state, number, filled=0.2, fills=2, cancel_ns=7, told=0.1 + 0.2)


@pytest.mark.parametrize("state", [OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED])
def test_an_order_comes_back_as_it_ended_but_for_its_checks(state):
    orders, one = EndedOrders(), ended(1, state)
    orders.keep(one)
    bare = msgspec.structs.replace(one, approved=msgspec.structs.replace(one.approved, checks={}))
    assert pickle.loads(pickle.dumps(orders)).get(one.order.client_order_id) == bare
    orders.forget(one.order.client_order_id)
    assert orders.get(one.order.client_order_id) is None


def test_the_oldest_is_forgotten():
    orders = EndedOrders(most=2)
    for number in range(3):
        orders.keep(ended(number))
    assert [ended(number).order.client_order_id in orders for number in range(3)] == [False, True, True]
    assert len(orders) == 2


def test_a_snapshot_holds_no_objects_but_bytes():
    orders = EndedOrders()
    for number in range(1_000):
        orders.keep(ended(number))
    assert b"WorkingOrder" not in pickle.dumps(orders)
    assert len(pickle.dumps(orders)) < 1_000 * 500
