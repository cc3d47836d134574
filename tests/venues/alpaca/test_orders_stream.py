"""The user stream of Alpaca: login, and what its binary frames say."""

import json
from decimal import Decimal
from typing import Any

import pytest

from market.errors import FrameError
from market.messages import Fill, OrderState, OrderUpdate, Side
from tests.venues.alpaca.broker import Broker
from tests.venues.alpaca.case import NOW_MS, NOW_NS, venue_at
from tests.venues.alpaca.stub import KEY, SECRET, Stub

# docs.alpaca.markets, "Websocket Streaming" (2026-01), the example, with the symbol as it was written in 2022.
DOCUMENTED = b"""{"stream":"trade_updates","data":{"event":"fill","execution_id":"2f63ea93-423d-4169-b3f6-3fdafc10c418",
"order":{"asset_class":"crypto","asset_id":"1cf35270-99ee-44e2-a77f-6fab902c7f80","cancel_requested_at":null,
"canceled_at":null,"client_order_id":"4642fd68-d59a-47d7-a9ac-e22f536828d1","created_at":"2022-04-19T13:45:04.981350886-04:00",
"expired_at":null,"extended_hours":false,"failed_at":null,"filled_at":"2022-04-19T17:45:05.024916716Z",
"filled_avg_price":"105.8988475","filled_qty":"1790.86","hwm":null,"id":"a5be8f5e-fdfa-41f5-a644-7a74fe947a8f",
"legs":null,"limit_price":null,"notional":null,"order_class":"","order_type":"market","qty":"1790.86",
"replaced_at":null,"replaced_by":null,"replaces":null,"side":"sell","status":"filled","stop_price":null,
"submitted_at":"2022-04-19T13:45:04.980944666-04:00","symbol":"SOLUSD","time_in_force":"gtc","trail_percent":null,
"trail_price":null,"type":"market","updated_at":"2022-04-19T13:45:05.027690731-04:00"},"position_qty":"0",
"price":"105.8988475","qty":"1790.86","timestamp":"2022-04-19T17:45:05.024916716Z"}}"""
ORDER = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "limit", "time_in_force": "day", "limit_price": "128.4"}


def heard(*scripts: Any) -> list[Any]:
    """What the adapter makes of the broker's updates of one order."""
    broker, venue = Broker(), venue_at()
    said: list[Any] = []
    broker.listeners.append(lambda update: said.extend(venue.stream_said(json.dumps(update).encode(), NOW_NS)))
    broker.submit({**ORDER, "client_order_id": "bg-1"})
    said.clear()
    for script in scripts:
        script(broker, broker.named("bg-1"))
    return said


def test_login_and_subscription_are_those_that_alpaca_s_own_stream_sends() -> None:
    login, listen = (json.loads(sent) for sent in venue_at().stream_hello(NOW_MS))
    assert login == {"action": "authenticate", "data": {"key_id": KEY, "secret_key": SECRET}}
    assert listen == {"action": "listen", "data": {"streams": ["trade_updates"]}}
    said, authorized = Stub.control(login, authorized=False)
    assert venue_at().stream_ready(json.dumps(said).encode()) is None
    said, _ = Stub.control(listen, authorized)
    assert venue_at().stream_ready(json.dumps(said).encode()) is True


@pytest.mark.parametrize(
    ("frame", "ready"),
    [
        (b'{"stream":"authorization","data":{"status":"unauthorized","action":"authenticate"}}', False),
        (b'{"stream":"authorization","data":{"status":"unauthorized","action":"listen"}}', False),
        (b'{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}', None),
        (b'{"stream":"listening","data":{"streams":[]}}', False),
        (b'{"stream":"listening","data":{"error":"unknown stream"}}', False),
        (b'{"stream":"listening","data":{"streams":["trade_updates"]}}', True),
        (DOCUMENTED, None),
        (b"\x82\xa6stream", None),
    ],
)
def test_a_frame_says_whether_the_stream_holds(frame: bytes, ready: bool | None) -> None:
    assert venue_at().stream_ready(frame) is ready


def test_the_documented_fill_is_a_fill_and_the_end_of_its_order() -> None:
    fill, update = venue_at().stream_said(DOCUMENTED, NOW_NS)
    assert isinstance(fill, Fill)
    assert (fill.instrument, fill.side, fill.price, fill.size, fill.fee) == (
        "SOL/USD",
        Side.SELL,
        105.8988475,
        1790.86,
        0,
    )
    assert fill.fill_id == "a5be8f5e-fdfa-41f5-a644-7a74fe947a8f:1790.86"
    assert isinstance(update, OrderUpdate)
    assert (update.state, update.filled, update.origin) == (OrderState.FILLED, 1790.86, "stream")
    assert update.client_order_id == fill.client_order_id == "4642fd68-d59a-47d7-a9ac-e22f536828d1"


def test_two_fills_of_the_same_size_and_price_are_two_and_one_told_twice_is_one() -> None:
    half = Decimal(5)
    said = heard(*[lambda broker, order: broker.fill(order, half, Decimal("128.3"))] * 2)
    first, second = (message for message in said if isinstance(message, Fill))
    assert first.fill_id != second.fill_id
    assert (first.price, first.size) == (second.price, second.size) == (128.3, 5.0)
    assert [message.state for message in said if isinstance(message, OrderUpdate)] == [
        OrderState.PARTIALLY_FILLED,
        OrderState.FILLED,
    ]
    venue = venue_at()
    assert venue.stream_said(DOCUMENTED, NOW_NS)[0] == venue.stream_said(DOCUMENTED, NOW_NS)[0]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("canceled", OrderState.CANCELLED),
        ("expired", OrderState.EXPIRED),
        ("rejected", OrderState.REJECTED),
        ("replaced", OrderState.CANCELLED),
    ],
)
def test_ends_of_orders_are_ends(event: str, state: OrderState) -> None:
    (update,) = heard(lambda broker, order: broker.end(order, event, replaced_by="another"))
    assert update.state is state
    assert ("another" in update.reason) == (event == "replaced")


@pytest.mark.parametrize("status", ["pending_cancel", "done_for_day", "stopped", "suspended", "calculated", "held"])
def test_states_between_leave_the_order_working(status: str) -> None:
    def moved(broker: Broker, order: dict[str, Any]) -> None:
        order["status"] = status
        broker.tell(status, order)

    (update,) = heard(moved)
    assert (update.state, update.reason) == (OrderState.ACCEPTED, status)


def test_a_refused_cancellation_is_told_and_the_order_works_on() -> None:
    (update,) = heard(lambda broker, order: broker.tell("order_cancel_rejected", order))
    assert (update.state, update.reason) == (OrderState.ACCEPTED, "order_cancel_rejected")


@pytest.mark.parametrize("event", ["trade_bust", "trade_correct"])
def test_an_execution_taken_back_is_told_with_the_order_and_invents_no_fill(event: str) -> None:
    def taken_back(broker: Broker, order: dict[str, Any]) -> None:
        broker.fill(order, Decimal(10), Decimal("128.3"))
        order |= {"filled_qty": "0", "status": "canceled"}
        broker.tell(event, order, execution_id="2f63ea93-423d-4169-b3f6-3fdafc10c418", price="128.3", qty="10")

    update = heard(taken_back)[-1]
    assert isinstance(update, OrderUpdate)
    assert (update.state, update.filled, update.reason) == (OrderState.CANCELLED, 0.0, event)


def test_a_word_that_we_do_not_know_is_unknown_and_never_an_end() -> None:
    def moved(broker: Broker, order: dict[str, Any]) -> None:
        order["status"] = "liquidated_by_moon"
        broker.tell("novel", order, position_intent="sideways")

    (update,) = heard(moved)
    assert update.state is OrderState.UNKNOWN
    assert "liquidated_by_moon" in update.reason


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"null",
        b'{"stream":"trade_updates"}',
        DOCUMENTED[:-3],
        DOCUMENTED.replace(b'"price":"105.8988475"', b'"price":null'),
        DOCUMENTED.replace(b'"qty":"1790.86","timestamp"', b'"qty":"NaN","timestamp"'),
        DOCUMENTED.replace(b'"qty":"1790.86","timestamp"', b'"qty":"-1","timestamp"'),
        DOCUMENTED.replace(b'"filled_qty":"1790.86"', b'"filled_qty":"Infinity"'),
        DOCUMENTED.replace(b'"side":"sell"', b'"side":"both"'),
    ],
)
def test_a_frame_that_cannot_be_read_is_no_fill(broken: bytes) -> None:
    with pytest.raises(FrameError):
        venue_at().stream_said(broken, NOW_NS)


def test_other_streams_say_nothing_of_orders() -> None:
    assert venue_at().stream_said(b'{"stream":"listening","data":{"streams":["trade_updates"]}}', NOW_NS) == ()
    assert venue_at().stream_said(b'{"stream":"account_updates","data":[1,2]}', NOW_NS) == ()
