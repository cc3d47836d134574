"""The stub is Alpaca as far as alpaca-py can tell: its own client and its own stream are driven against it."""

import asyncio
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of websockets.legacy, which alpaca-py's stream uses
    from alpaca.common.exceptions import APIError
    from alpaca.trading.client import TradingClient
    from alpaca.trading.enums import OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
    from alpaca.trading.models import AccountConfiguration, TradeActivity, TradeUpdate
    from alpaca.trading.requests import ClosePositionRequest, GetOrdersRequest, LimitOrderRequest
    from alpaca.trading.stream import TradingStream

from tests.venues.alpaca.stub import KEY, SECRET, Faults, Stub, served


@pytest.fixture
def stub() -> Iterator[Stub]:
    with served() as found:
        yield found


@pytest.fixture
def client(stub: Stub) -> Iterator[Any]:
    with client_of(stub) as found:
        yield found


@contextmanager
def client_of(stub: Stub, key: str = KEY) -> Iterator[Any]:
    """alpaca-py's client."""
    client = TradingClient(key, SECRET, paper=True, url_override=stub.url)
    client._retry_wait = 0
    try:
        yield client
    finally:
        client._session.close()


def limit(name: str | None = "bg-1", symbol: str = "AAPL", size: float = 10, price: float = 128.4) -> LimitOrderRequest:
    return LimitOrderRequest(
        symbol=symbol,
        qty=size,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.GTC if "/" in symbol else TimeInForce.DAY,
        limit_price=price,
        client_order_id=name,
    )


def test_its_orders_positions_and_account_are_read_by_alpaca_s_own_models(stub: Stub, client: Any) -> None:
    placed = client.submit_order(limit())
    assert (placed.client_order_id, placed.status, placed.limit_price) == ("bg-1", OrderStatus.PENDING_NEW, "128.4")
    found = client.get_order_by_client_id("bg-1")
    assert (found.id, found.status) == (placed.id, OrderStatus.NEW)
    stub.broker.fill(stub.broker.named("bg-1"), Decimal(4), Decimal("128.3"))
    (working,) = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN))
    assert (working.status, working.filled_qty) == (OrderStatus.PARTIALLY_FILLED, "4")
    (position,) = client.get_all_positions()
    assert (position.symbol, position.qty, position.avg_entry_price) == ("AAPL", "4", "128.3")
    account = client.get_account()
    assert (account.account_number, Decimal(account.cash)) == ("PA3TEST00001", Decimal("99486.8"))
    (row,) = client.get("/account/activities/FILL")
    activity = TradeActivity(**row)
    assert (activity.cum_qty, activity.leaves_qty, activity.order_id) == (4, 6, placed.id)


def test_its_cancellations_and_closings_are_alpaca_s(stub: Stub, client: Any) -> None:
    first = client.submit_order(limit("bg-1"))
    client.submit_order(limit("bg-2", "BTC/USD", 0.5, 61_000.5))
    client.cancel_order_by_id(first.id)
    with pytest.raises(APIError, match="already in") as again:
        client.cancel_order_by_id(first.id)
    assert again.value.status_code == 422
    (cancelled,) = client.cancel_orders()
    assert cancelled.status == 200
    client.submit_order(limit("bg-3", "BTC/USD", 0.5, 61_000.5))
    stub.broker.fill(stub.broker.named("bg-3"), Decimal("0.5"), Decimal(61_000))
    (position,) = client.get_all_positions()
    assert (position.symbol, position.asset_class.value) == ("BTCUSD", "crypto")
    with pytest.raises(APIError, match="insufficient qty"):
        client.close_position("BTCUSD", ClosePositionRequest(qty="0.6"))
    closed = client.close_position("BTCUSD", ClosePositionRequest(qty="0.5"))
    assert closed.symbol == "BTC/USD"
    assert client.get_all_positions() == []


@pytest.mark.parametrize(
    ("asked", "status", "code", "words"),
    [
        (limit("bg-1"), 422, 40010001, "client_order_id must be unique"),
        (limit("bg-2", price=290.123), 422, 42210000, "sub-penny increment"),
        (limit("bg-2", size=1e6), 403, 40310000, "insufficient buying power"),
        (limit("bg-2", "NOSUCH"), 422, 42210000, "not found"),
        (limit("bg-2").model_copy(update={"qty": 0.5, "time_in_force": TimeInForce.GTC}), 422, 42210000, "DAY orders"),
        (limit("bg-2", "BTC/USD").model_copy(update={"time_in_force": TimeInForce.DAY}), 422, 42210000, "crypto"),
    ],
)
def test_it_refuses_what_alpaca_refuses(
    stub: Stub, client: Any, asked: LimitOrderRequest, status: int, code: int, words: str
) -> None:
    client.submit_order(limit("bg-1"))
    with pytest.raises(APIError, match=words) as refused:
        client.submit_order(asked)
    assert (refused.value.status_code, refused.value.code) == (status, code)
    assert len(stub.broker.orders) == 1


def test_an_id_is_not_free_again_after_a_cancellation_and_a_missing_order_is_missing(client: Any) -> None:
    first = client.submit_order(limit("bg-1"))
    client.cancel_order_by_id(first.id)
    with pytest.raises(APIError, match="must be unique"):
        client.submit_order(limit("bg-1"))
    with pytest.raises(APIError, match="order not found") as missing:
        client.get_order_by_client_id("bg-9")
    assert missing.value.status_code == 404


def test_a_suspended_account_takes_no_order_until_it_is_lifted(client: Any) -> None:
    settings = client.get_account_configurations()
    assert isinstance(settings, AccountConfiguration)
    settings.suspend_trade = True
    assert client.set_account_configurations(settings).suspend_trade is True
    with pytest.raises(APIError, match="by user request"):
        client.submit_order(limit())
    settings.suspend_trade = False
    client.set_account_configurations(settings)
    client.submit_order(limit())


def test_a_wrong_key_is_refused(stub: Stub) -> None:
    with client_of(stub, "PKOTHER") as client, pytest.raises(APIError, match="not authorized"):
        client.get_account()


def test_alpaca_s_own_transport_places_an_order_twice_after_a_504(stub: Stub, client: Any) -> None:
    """Why it is not ours: alpaca.common.rest sends a POST again after a 504, and without an id there are two orders."""
    stub.faults.next = [("POST", "504 after")]
    client.submit_order(limit(None))
    assert len(stub.broker.orders) == 2


@contextmanager
def listening(stub: Stub) -> Iterator[list[TradeUpdate]]:
    """What alpaca-py's stream hears."""
    heard: list[TradeUpdate] = []
    stream: Any = TradingStream(KEY, SECRET, paper=True, url_override=stub.url.replace("http", "ws") + "/stream")

    async def handler(update: TradeUpdate) -> None:
        heard.append(update)

    stream.subscribe_trade_updates(handler)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(stream._run_forever(),), daemon=True)
    thread.start()
    waited(lambda: bool(stub.broker.listeners))
    try:
        yield heard
    finally:
        asyncio.run_coroutine_threadsafe(stream.stop_ws(), loop).result(5)
        asyncio.run_coroutine_threadsafe(stream._ws.close(), loop)
        thread.join(8)
        loop.close()


def waited(done: Any, limit_s: float = 8.0) -> None:
    event = threading.Event()
    for _ in range(round(limit_s / 0.01)):
        if done():
            return
        event.wait(0.01)
    pytest.fail("it never came")


def test_alpaca_s_own_stream_reads_its_binary_updates() -> None:
    with served(faults=Faults()) as stub, client_of(stub) as client, listening(stub) as heard:
        client.submit_order(limit("bg-1"))
        broker = stub.broker
        broker.fill(broker.named("bg-1"), Decimal(4), Decimal("128.3"))
        broker.fill(broker.named("bg-1"), Decimal(6), Decimal("128.2"))
        client.submit_order(limit("bg-2", "BTC/USD", 0.5, 61_000.5))
        broker.end(broker.named("bg-2"), "rejected")
        waited(lambda: len(heard) == 7)
    events = [str(getattr(update.event, "value", update.event)) for update in heard]
    assert events == ["pending_new", "new", "partial_fill", "fill", "pending_new", "new", "rejected"]
    whole = heard[3]
    assert (whole.order.filled_qty, whole.qty, whole.price, whole.position_qty) == ("10", 6, 128.2, 10)
    assert whole.execution_id is not None
