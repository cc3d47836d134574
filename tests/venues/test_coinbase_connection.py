"""Coinbase's connections: what is subscribed to, how answers read, where instruments come from."""

import json

import msgspec
import pytest

from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from tests.venues.coinbase_frames import (
    BOOK,
    CHANGE,
    FAILED,
    HEARTBEAT,
    OURS,
    STATUS,
    SUBSCRIPTIONS,
    TICKER,
    TRADES,
)
from venues.coinbase import COINBASE, COINBASE_EXCHANGE
from venues.coinbase.control import authorised
from venues.rows import Rows
from venues.venue import Channel, Reply, Seen


def test_one_socket_carries_all_streams_and_heartbeats() -> None:
    (route,) = COINBASE.routes(["BTC-USD", "ETH-USD"])
    assert route.url == "wss://advanced-trade-ws.coinbase.com"
    assert route.streams[:3] == ("heartbeats", "level2:BTC-USD", "market_trades:BTC-USD")
    assert {Channel.DEPTH, Channel.TRADE, Channel.TICKER} <= route.channels == COINBASE.carries("anything")
    with pytest.raises(VenueError, match=r"125 streams .* limit is 121"):
        COINBASE.routes([f"S{number}-USD" for number in range(31)])


def test_a_request_is_of_one_channel() -> None:
    (route,) = COINBASE.routes(["BTC-USD", "ETH-USD"])
    requests = COINBASE.requests("SUBSCRIBE", route.streams, 5)
    assert [number for number, _, _ in requests] == [5, 6, 7, 8, 9]
    assert [json.loads(message) for _, message, _ in requests[:2]] == [
        {"type": "subscribe", "channel": "heartbeats"},
        {"type": "subscribe", "product_ids": ["BTC-USD", "ETH-USD"], "channel": "level2"},
    ]
    assert requests[1][2] == ("level2:BTC-USD", "level2:ETH-USD")
    ((_, message, _),) = COINBASE.requests("UNSUBSCRIBE", ["level2:BTC-USD"], 1)
    assert json.loads(message) == {"type": "unsubscribe", "product_ids": ["BTC-USD"], "channel": "level2"}
    ((_, message, _),) = COINBASE_EXCHANGE.requests("SUBSCRIBE", ["level2_batch:BTC-USD"], 1)
    assert json.loads(message) == {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["level2_batch"]}
    assert COINBASE.requests("SUBSCRIBE", [], 1) == []


def test_many_products_are_spread_over_requests() -> None:
    streams = [f"level2:S{number}-USD" for number in range(40)]
    assert [len(part) for _, _, part in COINBASE.requests("SUBSCRIBE", streams, 1)] == [30, 10]


def test_a_message_can_carry_a_token() -> None:
    ((_, message, _),) = COINBASE.requests("SUBSCRIBE", ["heartbeats"], 1)
    assert json.loads(authorised(message, "XYZ")) == {"type": "subscribe", "channel": "heartbeats", "jwt": "XYZ"}


def test_ack_lists_the_whole_set() -> None:
    streams = ("market_trades:ETH-USDT", "level2:BTC-USD", "level2:ETH-USDT", "heartbeats")
    assert COINBASE.reply(SUBSCRIPTIONS) == Reply("ack", streams=streams, whole=True)
    exchange = b'{"type":"subscriptions","channels":[{"name":"level2","product_ids":["A-B","C-D"]},{"name":"status"}]}'
    assert COINBASE_EXCHANGE.reply(exchange) == Reply("ack", streams=("level2:A-B", "level2:C-D"), whole=True)
    assert COINBASE.reply(SUBSCRIPTIONS.replace(b'["ETH-USDT"]', b"7")) is None


def test_other_frames_are_no_replies() -> None:
    assert COINBASE.reply(FAILED) == Reply("error", text="Failed to subscribe: level2 now requires authentication.")
    assert COINBASE.reply(b'{"type":"error","message":"authentication failure"}') == Reply(
        "error", text="authentication failure"
    )
    for frame in (BOOK, CHANGE, TRADES, TICKER, HEARTBEAT % b"1", STATUS):
        assert COINBASE.reply(frame) is None


def test_streams_of_frames() -> None:
    assert COINBASE.streams_of(BOOK) == ("level2:BTC-USD",)
    assert COINBASE.streams_of(TRADES) == ("market_trades:ETH-USDT",)
    assert COINBASE.streams_of(TICKER) == ("ticker:BTC-USD",)
    assert COINBASE.streams_of(HEARTBEAT % b"1") == ("heartbeats",)
    assert COINBASE.streams_of(SUBSCRIPTIONS) == ()
    two = TRADES.replace(b"ETH-USDT", b"BTC-USD", 1)
    assert COINBASE.streams_of(two) == ("market_trades:BTC-USD", "market_trades:ETH-USDT")
    assert COINBASE.streams_of(BOOK + b" " * 100_000) == ("level2:BTC-USD",)
    assert [COINBASE.symbol_of(stream) for stream in ("level2:BTC-USD", "heartbeats")] == ["BTC-USD", ""]
    assert [COINBASE.channel_of(stream) for stream in ("level2:BTC-USD", "ticker:A", "market_trades:A", "user")] == [
        *(Channel.DEPTH, Channel.TICKER, Channel.TRADE, Channel.TRADE)
    ]


def test_a_rest_book_fits_nowhere_in_the_stream() -> None:
    assert COINBASE.snapshot_request("BTC-USD") is None
    with pytest.raises(FrameError, match="nothing tells where in the stream of coinbase it belongs"):
        COINBASE.read_snapshot(b'{"pricebook":{}}', "BTC-USD", 1, 0, OURS, Rows())


def products(**changes: object) -> bytes:
    product = {
        "product_id": "BTC-USD",
        "base_increment": "0.00000001",
        "quote_increment": "0.01",
        "price_increment": "0.01",
        "base_currency_id": "BTC",
        "quote_currency_id": "USD",
        "product_type": "SPOT",
        "status": "online",
        "alias": "",
        "alias_to": ["BTC-USDC"],
        "fcm_trading_session_details": None,
    }
    return msgspec.json.encode({"products": [product | changes], "num_products": 1})


def test_definitions_come_from_the_list_of_products() -> None:
    (request,) = COINBASE.metadata_requests(["BTC-USD", "ETH-USD"])
    assert request.url == (
        "https://api.coinbase.com/api/v3/brokerage/market/products?product_ids=BTC-USD&product_ids=ETH-USD"
    )
    assert COINBASE.read_metadata([products()], ["BTC-USD"]) == [
        InstrumentDefined("BTC-USD", "0.01", "0.00000001", base="BTC", quote="USD", kind="spot", status="online")
    ]


def test_futures_have_their_contract() -> None:
    future = {"contract_size": "0.01", "contract_root_unit": "BTC", "contract_expiry_type": "EXPIRING"}
    changes = {"product_type": "FUTURE", "base_currency_id": "", "price_increment": "5", "base_increment": "1"}
    (said,) = COINBASE.read_metadata([products(**changes, future_product_details=future)], ["BTC-USD"])
    assert (said.tick_size, said.lot_size, said.contract_size, said.base, said.kind) == (
        "5",
        "1",
        "0.01",
        "BTC",
        "future",
    )


def test_products_that_are_not_there_are_named() -> None:
    with pytest.raises(VenueError, match=r"does not list XYZ-USD, A; spell"):
        COINBASE.read_metadata([products()], ["XYZ-USD", "BTC-USD", "A"])
    with pytest.raises(VenueError, match="sends the data of BTC-USDC as those of BTC-USD; ask for that one"):
        COINBASE.read_metadata([products(product_id="BTC-USDC", alias="BTC-USD")], ["BTC-USDC"])
    with pytest.raises(VenueError, match="something else than products"):
        COINBASE.read_metadata([b"<html>"], ["BTC-USD"])


def test_definitions_of_exchange() -> None:
    body = (
        b'[{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","base_increment":'
        b'"0.00000001","display_name":"BTC-USD","status":"online","status_message":""}]'
    )
    assert COINBASE_EXCHANGE.metadata_requests(["BTC-USD"])[0].url == "https://api.exchange.coinbase.com/products"
    assert COINBASE_EXCHANGE.read_metadata([body], ["BTC-USD"]) == COINBASE.read_metadata([products()], ["BTC-USD"])


def test_what_a_recording_shows_becomes_a_definition() -> None:
    assert COINBASE.texts(CHANGE) == [
        ("BTC-USD", ("68901.00", "68900.00", "68901.00"), ("0.00000000", "2.00000000", "3"))
    ]
    assert COINBASE.texts(TRADES)[1] == ("ETH-USDT", ("2375.57",), ("0.25",))
    assert COINBASE.texts(TICKER) == [("BTC-USD", ("65083.66", "65083.67"), ("0.20371215", "0.24290402"))]
    assert COINBASE.texts(SUBSCRIPTIONS) == []
    said = COINBASE.infer("BTC-USD", Seen("0.01", "0.00000001", 2, 8))
    assert (said.tick_size, said.base, said.quote, said.price_decimals) == ("0.01", "BTC", "USD", None)
