"""What the tests of orders at Alpaca share."""

from typing import Any, Literal

from market.messages import Approved, Order, Side
from tests.venues.alpaca.stub import KEY, SECRET
from venues.alpaca.orders import AlpacaOrders, paper

NOW_MS = 1_764_000_000_000
NOW_NS = NOW_MS * 1_000_000


def venue_at(url: str = "https://paper-api.alpaca.markets", **changed: Any) -> AlpacaOrders:
    return paper("alpaca-iex", "main", KEY, SECRET, instruments=("AAPL", "BTC/USD"), rest_url=url, **changed)


def approved(
    name: str = "bg-1",
    symbol: str = "AAPL",
    size: float = 10.0,
    price: float = 128.4,
    side: Side = Side.BUY,
    in_force: Literal["gtc", "ioc"] = "gtc",
) -> Approved:
    order = Order(
        venue="alpaca-iex",
        instrument=symbol,
        time_ns=NOW_NS,
        client_order_id=name,
        side=side,
        size=size,
        limit_price=price,
        reason="test",
        time_in_force=in_force,
    )
    return Approved(venue=order.venue, instrument=symbol, time_ns=NOW_NS, order=order, checks={})
