"""Kraken's connections: what is subscribed to, how answers read, where instruments come from."""

import json

import msgspec
import pytest

from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from tests.venues.kraken_frames import (
    ACK,
    BOOK,
    HEARTBEAT,
    INSTRUMENTS,
    OURS,
    PONG,
    RATE,
    REFUSAL,
    STATUS,
    TICKER,
    TRADES,
)
from venues.kraken import KRAKEN, KRAKEN_V1
from venues.kraken.metadata import step_of
from venues.rows import Rows
from venues.venue import Channel, Reply, Seen


def test_one_socket_carries_all_streams() -> None:
    (route,) = KRAKEN.routes(["BTC/USD"])
    assert route.url == "wss://ws.kraken.com/v2"
    assert route.streams == ("instrument", "book:BTC/USD", "trade:BTC/USD", "ticker:BTC/USD")
    assert route.channels >= {Channel.DEPTH, Channel.TRADE, Channel.TICKER}
    with pytest.raises(VenueError, match=r"304 streams .* limit is 301"):
        KRAKEN.routes([f"S{number}/USD" for number in range(101)])


def test_requests_are_of_one_channel_and_ask_for_snapshots() -> None:
    (route,) = KRAKEN.routes(["BTC/USD", "ETH/USD"])
    requests = KRAKEN.requests("SUBSCRIBE", route.streams, 7)
    symbols = ["BTC/USD", "ETH/USD"]
    assert [json.loads(message) for _, message, _ in requests] == [
        {"method": "subscribe", "params": {"channel": "instrument", "snapshot": True}, "req_id": 7},
        {
            "method": "subscribe",
            "params": {"channel": "book", "symbol": symbols, "depth": 10, "snapshot": True},
            "req_id": 8,
        },
        {"method": "subscribe", "params": {"channel": "trade", "symbol": symbols, "snapshot": True}, "req_id": 9},
        {
            "method": "subscribe",
            "params": {"channel": "ticker", "symbol": symbols, "event_trigger": "bbo", "snapshot": True},
            "req_id": 10,
        },
    ]
    ((number, message, streams),) = KRAKEN.requests("UNSUBSCRIBE", ["book:BTC/USD"], 1)
    assert (number, streams) == (1, ("book:BTC/USD",))
    assert json.loads(message)["params"] == {"channel": "book", "symbol": ["BTC/USD"], "depth": 10}


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (ACK, Reply("ack", 1, streams=("ticker:BTC/USD",))),
        (
            b'{"method":"subscribe","req_id":2,"result":{"channel":"instrument","snapshot":true},"success":true}',
            Reply("ack", 2, streams=("instrument",)),
        ),
        (
            REFUSAL,
            Reply(
                "error",
                3,
                "Currency pair not supported XBT/USD",
                ("book:XBT/USD", "trade:XBT/USD", "ticker:XBT/USD"),
            ),
        ),
        (
            b'{"error":"Depth not supported","method":"subscribe","success":false,"symbol":"BTC/USD","req_id":5}',
            Reply("error", 5, "Depth not supported"),
        ),
        (
            b'{"error":"Already subscribed","method":"subscribe","success":false,"req_id":6}',
            Reply("ack", 6),
        ),
        (RATE, None),  # it is asked again when the answer is overdue
        (PONG, Reply("pong", 42)),
        (STATUS, Reply("maintenance", text="online", back=True)),
        (STATUS.replace(b'"online"', b'"maintenance"'), Reply("maintenance", text="maintenance")),
        (HEARTBEAT, None),
        (BOOK, None),
        (TRADES, None),
        (INSTRUMENTS, None),
    ],
)
def test_replies(frame: bytes, reply: Reply | None) -> None:
    assert KRAKEN.reply(frame) == reply


def test_streams_of_frames() -> None:
    assert KRAKEN.streams_of(BOOK) == ("book:MATIC/USD",)
    assert KRAKEN.streams_of(BOOK.replace(b"MATIC/USD", rb"MATIC\/USD")) == ("book:MATIC/USD",)
    assert KRAKEN.streams_of(TRADES) == ("trade:ETH/USDT",)
    assert KRAKEN.streams_of(INSTRUMENTS) == ("instrument",)
    for frame in (HEARTBEAT, STATUS, ACK, PONG, REFUSAL):
        assert KRAKEN.streams_of(frame) == ()
    assert [KRAKEN.symbol_of(stream) for stream in ("book:BTC/USD", "instrument")] == ["BTC/USD", ""]
    assert [KRAKEN.channel_of(stream) for stream in ("book:A", "ticker:A", "trade:A", "instrument", "level3:A")] == [
        *(Channel.DEPTH, Channel.TICKER, Channel.TRADE, Channel.STATUS, Channel.TRADE)
    ]


def test_a_ping_keeps_the_connection() -> None:
    assert KRAKEN.keepalive is not None
    assert json.loads(KRAKEN.keepalive.message) == {"method": "ping"}
    assert KRAKEN.keepalive.every_s < 60


def test_a_rest_book_fits_nowhere_in_the_stream() -> None:
    assert KRAKEN.snapshot_request("BTC/USD") is None
    with pytest.raises(FrameError, match="nothing tells where in the stream of kraken it belongs"):
        KRAKEN.read_snapshot(b"{}", "BTC/USD", 1, 0, OURS, Rows())


PAIRS = {
    "XXBTZUSD": {"altname": "XBTUSD", "wsname": "XBT/USD", "pair_decimals": 1, "lot_decimals": 8, "status": "online"},
    "XDGUSD": {"wsname": "XDG/USD", "pair_decimals": 7, "lot_decimals": 8, "tick_size": "0.0000005", "status": "new"},
    "XBTUSD.d": {"altname": "XBTUSD.d", "pair_decimals": 1, "lot_decimals": 8},
}
ASSET_PAIRS = msgspec.json.encode({"error": [], "result": PAIRS})


def test_definitions_come_from_the_list_of_pairs_in_the_names_of_v2() -> None:
    assert KRAKEN.metadata_requests(["BTC/USD"])[0].url == "https://api.kraken.com/0/public/AssetPairs"
    names = {"quote": "USD", "kind": "spot"}
    doge, btc = KRAKEN.read_metadata([ASSET_PAIRS], ["DOGE/USD", "BTC/USD"])
    assert doge == InstrumentDefined(
        *("DOGE/USD", "0.0000005", "0.00000001"),
        **(names | {"base": "DOGE", "status": "new", "stable_id": "XDGUSD"}),  # type: ignore[arg-type]
        price_decimals=7,
        size_decimals=8,
    )
    assert (btc.tick_size, btc.price_decimals, btc.base, btc.stable_id) == ("0.1", 1, "BTC", "XXBTZUSD")


def test_pairs_that_are_not_there_are_named() -> None:
    with pytest.raises(VenueError, match=r"does not list XBT/USD, A; spell symbols as it does, such as BTC/USD"):
        KRAKEN.read_metadata([ASSET_PAIRS], ["XBT/USD", "BTC/USD", "A"])
    with pytest.raises(VenueError, match="something else"):
        KRAKEN.read_metadata([b"<html>"], ["BTC/USD"])
    with pytest.raises(VenueError, match="EGeneral:Temporary lockout"):
        KRAKEN.read_metadata([b'{"error":["EGeneral:Temporary lockout"]}'], ["BTC/USD"])
    with pytest.raises(VenueError, match="not from 0 to 18"):
        step_of(99)


def test_v1_is_for_recordings() -> None:
    with pytest.raises(VenueError, match="capture from kraken"):
        KRAKEN_V1.read_metadata([ASSET_PAIRS], ["XBT/USD"])


def test_what_a_recording_shows_becomes_a_definition() -> None:
    assert KRAKEN.texts(BOOK) == [("MATIC/USD", ("0.5657", "0.5660", "0.5661"), ("1098.3947558", "1e-08", "0"))]
    assert KRAKEN.texts(TRADES)[1] == ("ETH/USDT", ("0.51170",), ("7",))
    assert KRAKEN.texts(TICKER) == [("ETH/USDT", ("0.10025", "0.10035"), ("740.0", "741.5"))]
    assert KRAKEN.texts(ACK) == []
    said = KRAKEN.infer("XBT/EUR", Seen("0.1", "0.00000001", 1, 8))
    assert (said.base, said.quote, said.price_decimals, said.size_decimals) == ("BTC", "EUR", 1, 8)
