"""Every venue for orders keeps to the contract of all."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from market.errors import FrameError
from tests.venues import orders_contract as contract
from tests.venues.alpaca.stub import KEY, SECRET
from tests.venues.alpaca.test_orders_stream import DOCUMENTED
from tests.venues.orders_contract import JSON, Case
from venues.alpaca.orders import paper
from venues.binance.orders import usd_m
from venues.orders import Verdict

BINANCE_KEY, BINANCE_SECRET = "k" * 20 + "Key1", "s" * 20 + "Secret1"
# binance-docs, USDⓈ-M Futures, "New Order" and "Event: Order Update", shortened.
BINANCE_ORDER = b"""{"clientOrderId":"testOrder","cumQty":"0","executedQty":"0","orderId":22542179,"avgPrice":"0.0",
"origQty":"10","price":"0","reduceOnly":false,"side":"BUY","status":"NEW","symbol":"BTCUSDT","timeInForce":"GTC",
"type":"LIMIT","updateTime":1566818724722}"""
BINANCE_UPDATE = b"""{"e":"ORDER_TRADE_UPDATE","E":1568879465651,"T":1568879465650,"o":{"s":"BTCUSDT","c":"TEST",
"S":"SELL","o":"LIMIT","f":"GTC","q":"0.001","p":"7103.04","ap":"0","x":"NEW","X":"NEW","i":8886774,"l":"0","z":"0","L":"0",
"T":1568879465650,"t":0,"m":false,"R":false}}"""
# binance-docs, "Account Trade List".
BINANCE_TRADES = b"""[{"buyer":false,"commission":"-0.07819010","commissionAsset":"USDT","id":698759,"maker":false,
"orderId":25851813,"price":"7819.01","qty":"0.002","quoteQty":"15.63802","realizedPnl":"-0.91539999","side":"SELL",
"positionSide":"SHORT","symbol":"BTCUSDT","time":1569514978020}]"""
# docs.alpaca.markets, "Account Activities".
ALPACA_TRADES = b"""[{"activity_type":"FILL","cum_qty":"1","leaves_qty":"0","price":"1.63","qty":"1","side":"sell",
"id":"20190524113406977::8efc7b9a-8b2b-4000-9955-d36e7db0df74","symbol":"AAPL","type":"fill",
"order_id":"904837e3-3b76-47ec-b432-046db621571b","transaction_time":"2019-05-24T15:34:06.977Z"}]"""
ALPACA_ORDER = DOCUMENTED.partition(b'"order":')[2].partition(b',"position_qty"')[0]

CASES = (
    Case(
        name="alpaca",
        make=lambda: paper("alpaca-iex", "main", KEY, SECRET, instruments=("AAPL", "BTC/USD")),
        secrets=(KEY, SECRET),
        instruments=("AAPL", "BTC/USD"),
        answers=(ALPACA_ORDER, b"[" + ALPACA_ORDER + b"]", b'{"code":40310000,"message":"insufficient buying power"}'),
        frames=(DOCUMENTED, b'{"stream":"listening","data":{"streams":["trade_updates"]}}'),
        trades=ALPACA_TRADES,
        order_id="904837e3-3b76-47ec-b432-046db621571b",
    ),
    Case(
        name="binance",
        make=lambda: usd_m("main", BINANCE_KEY, BINANCE_SECRET, ("BTCUSDT",)),
        secrets=(BINANCE_KEY, BINANCE_SECRET),
        instruments=("BTCUSDT",),
        answers=(BINANCE_ORDER, b"[" + BINANCE_ORDER + b"]", b'{"code":-2019,"msg":"Margin is insufficient."}'),
        frames=(BINANCE_UPDATE, b'{"e":"listenKeyExpired","E":1,"listenKey":"x"}'),
        trades=BINANCE_TRADES,
        order_id="25851813",
    ),
)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
@pytest.mark.parametrize("check", contract.WITHOUT_LUCK, ids=lambda check: check.__name__)
def test_a_venue_keeps_to_the_contract(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


@each_case
@pytest.mark.parametrize("check", contract.WITH_GARBAGE, ids=lambda check: check.__name__)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(garbage=JSON)
def test_a_venue_stands_whatever_comes(case: Case, check: Callable[[Case, Any], None], garbage: Any) -> None:
    check(case, garbage)


@pytest.mark.parametrize("time", [b"1568879465650123", b"-1", b"0", b"99999999999999999999"])
def test_a_time_that_is_none_is_no_word_of_the_venue(time: bytes) -> None:
    venue = usd_m("main", BINANCE_KEY, BINANCE_SECRET, ("BTCUSDT",))
    with pytest.raises(FrameError, match="no time between 2000 and 2100"):
        venue.stream_said(BINANCE_UPDATE.replace(b"1568879465650,", time + b","), 0)
    asked, body = venue.open_orders(0), b"[" + BINANCE_ORDER.replace(b"1566818724722", time) + b"]"
    assert venue.answered(asked, 200, body, 0).verdict is Verdict.IN_DOUBT
