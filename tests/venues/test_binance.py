import json

import msgspec
import pytest

import venues
from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from venues.venue import Channel

SPOT, USDM, COINM = (venues.get(f"binance-{name}") for name in ("spot", "usdm", "coinm"))


def test_unknown_venue_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(VenueError, match=r"there are alpaca-crypto, .*binance-spot, binance-usdm, .*okx"):
        venues.get("binance")


def test_futures_need_two_sockets_and_spot_one() -> None:
    public, market = USDM.routes(["BTCUSDT", "ETHUSDT"])
    assert public.url == "wss://fstream.binance.com/public/stream"
    assert public.streams == ("btcusdt@depth@100ms", "btcusdt@bookTicker", "ethusdt@depth@100ms", "ethusdt@bookTicker")
    assert market.url.endswith("/market/stream")
    assert market.channels == {Channel.TRADE, Channel.MARK}
    (only,) = SPOT.routes(["BTCUSDT"])
    assert only.channels == {Channel.DEPTH, Channel.TICKER, Channel.TRADE}


def test_more_streams_than_a_connection_may_carry_are_refused() -> None:
    with pytest.raises(VenueError, match=r"202 streams .* allows 200"):
        USDM.routes([f"S{number}USDT" for number in range(101)])


def test_requests_are_split_at_the_limit_and_numbered() -> None:
    streams = [f"s{number}@depth" for number in range(150)]
    (first, message, part), (second, _, rest) = USDM.requests("SUBSCRIBE", streams, 7)
    assert (first, second, len(part), len(rest)) == (7, 8, 100, 50)
    assert json.loads(message) == {"method": "SUBSCRIBE", "params": streams[:100], "id": 7}


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (b'{"result":null,"id":1}', "ack"),
        (b'{"code":2,"msg":"Invalid request","id":1}', "error"),
        (b'{"error":{"code":2,"msg":"Invalid request"},"id":1}', "error"),
        (b'{"e":"serverShutdown","E":1770123456789}', "shutdown"),
        (b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}', "shutdown"),
    ],
)
def test_control_frames_are_told_apart(frame: bytes, kind: str) -> None:
    reply = USDM.reply(frame)
    assert reply is not None
    assert reply.kind == kind


@pytest.mark.parametrize(
    "frame", [b'{"stream":"btcusdt@trade","data":{}}', b"", b"\xff", b"[" * 10_000, b'{"lastUpdateId":1}', b'{"id":1}']
)
def test_other_frames_are_no_control_frames(frame: bytes) -> None:
    assert USDM.reply(frame) is None


def test_stream_is_found_wherever_its_key_stands() -> None:
    assert USDM.streams_of(b'{"stream":"btcusdt@depth@100ms","data":{}}') == ("btcusdt@depth@100ms",)
    assert USDM.streams_of(b'{"data":{"u":1}, "stream":"btcusdt@trade"}') == ("btcusdt@trade",)
    for frame in (b"", b'{"stream":"cut', b"no json", b'{"result":null,"id":1}', b"[" * 10_000):
        assert USDM.streams_of(frame) == ()


def test_unknown_streams_are_never_shed() -> None:
    assert USDM.channel_of("btcusdt@forceOrder") is Channel.TRADE
    assert USDM.channel_of("btcusdt@depth@100ms") is Channel.DEPTH
    assert USDM.symbol_of("btcusdt@depth@100ms") == "BTCUSDT"


def test_base_urls_can_be_replaced() -> None:
    moved = USDM.at(stream_url="ws://127.0.0.1:1/", rest_url="http://127.0.0.1:2")
    assert moved.routes(["BTCUSDT"])[0].url == "ws://127.0.0.1:1/public/stream"
    assert moved.snapshot_request("BTCUSDT").url == "http://127.0.0.1:2/fapi/v1/depth?symbol=BTCUSDT&limit=1000"
    assert moved.metadata_requests(["A"])[0].url == "http://127.0.0.1:2/fapi/v1/exchangeInfo"


INFO = msgspec.json.encode(
    {
        "symbols": [
            {
                "symbol": symbol,
                "contractSize": 100,
                "filters": [
                    {"filterType": "PRICE_FILTER", "tickSize": "0.10", "minPrice": "1"},
                    {"filterType": "LOT_SIZE", "stepSize": "1"},
                    {"filterType": "NEW"},
                ],
            }
            for symbol in ("BTCUSD_PERP", "ETHUSD_PERP")
        ]
    }
)


def test_definitions_come_from_exchange_info() -> None:
    assert COINM.read_metadata([INFO], ["ETHUSD_PERP"]) == [InstrumentDefined("ETHUSD_PERP", "0.10", "1", "100", True)]


def test_unlisted_symbols_are_named() -> None:
    with pytest.raises(VenueError, match=r"does not list XYZ, ABC; .* such as BTCUSD_PERP"):
        COINM.read_metadata([INFO], ["XYZ", "ETHUSD_PERP", "ABC"])
    with pytest.raises(VenueError, match="something else"):
        COINM.read_metadata([b"<html>"], ["XYZ"])


def test_texts_of_every_kind_of_frame_are_found() -> None:
    depth = b'{"data":{"e":"depthUpdate","s":"A","b":[["1.0","2"]],"a":[["3","4.5"]]}}'
    assert USDM.texts(depth) == (("A", ("1.0", "3"), ("2", "4.5")),)
    assert USDM.texts(b'{"u":1,"s":"A","b":"1","B":"2","a":"3","A":"4"}') == (("A", ("1", "3"), ("2", "4")),)
    assert USDM.texts(b'{"e":"trade","s":"A","t":1,"p":"1","q":"2","b":88,"a":50}') == (("A", ("1",), ("2",)),)
    assert USDM.texts(b'{"lastUpdateId":1,"bids":[["1","2"]],"asks":[]}') == (("", ("1",), ("2",)),)
    assert USDM.texts(b'{"result":null,"id":1}') == (("", (), ()),)
    for poison in (b"", b"7", b'{"data":7}', b'{"b":[[1]],"a":[]}'):
        with pytest.raises(FrameError):
            USDM.texts(poison)
