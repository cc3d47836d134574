"""Alpaca's connections: what is subscribed to, how answers read, where instruments come from."""

import json

import pytest

from market.calendar import ALWAYS
from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from venues.alpaca import CRYPTO, IEX, SIP
from venues.rows import Rows
from venues.venue import Channel, Reply, Seen

SECRETS = {"alpaca_key": "K", "alpaca_secret": "S"}


def test_one_socket_carries_all_streams_of_a_feed() -> None:
    (route,) = SIP.routes(["AAPL", "BRK.B"])
    assert route.url == "wss://stream.data.alpaca.markets/v2/sip"
    assert {"trades:AAPL", "quotes:AAPL", "statuses:BRK.B", "lulds:BRK.B"} <= set(route.streams)
    assert route.channels == {Channel.DEPTH, Channel.TRADE, Channel.STATUS} == SIP.carries("stream")
    (route,) = CRYPTO.routes(["BTC/USD"])
    assert route.url.endswith("/v1beta3/crypto/us")
    assert {"orderbooks:BTC/USD", "trades:BTC/USD", "quotes:BTC/USD"} <= set(route.streams)


def test_the_free_feed_has_thirty_symbols_and_none_of_the_channels_of_the_sips() -> None:
    symbols = [f"S{number}" for number in range(31)]
    with pytest.raises(VenueError, match=r"31 symbols of alpaca-iex, the plan allows 30"):
        IEX.routes(symbols)
    (route,) = IEX.routes(symbols[:30])
    assert {stream.partition(":")[0] for stream in route.streams} == {"trades", "quotes", "bars", "updatedBars"}


def test_best_quotes_are_the_book_of_stocks_and_a_word_beside_the_book_of_crypto() -> None:
    assert SIP.channel_of("quotes:AAPL") is IEX.channel_of("quotes:AAPL") is Channel.DEPTH
    assert CRYPTO.channel_of("quotes:BTC/USD") is Channel.TICKER
    assert CRYPTO.channel_of("orderbooks:BTC/USD") is Channel.DEPTH
    assert SIP.channel_of("corrections:AAPL") is SIP.channel_of("bars:AAPL") is Channel.STATUS
    assert SIP.symbol_of("trades:BRK.B") == "BRK.B"


def test_one_connection_is_allowed_and_no_loss_can_be_seen() -> None:
    for venue in (SIP, IEX, CRYPTO):
        assert not venue.limits.may_overlap
        assert venue.capability.detection == "none"
        assert venue.snapshot_request("A") is None
    assert (SIP.calendar, CRYPTO.calendar) == ("XNYS", ALWAYS)


def test_login_is_key_and_secret_and_says_what_is_missing() -> None:
    assert [json.loads(message) for message in SIP.login(SECRETS, 0)] == [{"action": "auth", "key": "K", "secret": "S"}]
    assert SIP.headers(SECRETS) == {"APCA-API-KEY-ID": "K", "APCA-API-SECRET-KEY": "S"}
    with pytest.raises(VenueError, match="wants alpaca_secret"):
        SIP.login({"alpaca_key": "K"}, 0)


def test_requests_name_symbols_by_channel_and_fit_the_limit_of_bytes() -> None:
    (_, message, streams), *_ = SIP.requests("SUBSCRIBE", ["trades:A", "trades:B", "quotes:A"], 1)
    assert json.loads(message) == {"action": "subscribe", "trades": ["A", "B"], "quotes": ["A"]}
    assert streams == ("trades:A", "trades:B", "quotes:A")
    longest = [stream for number in range(1000) for stream in SIP.routes([f"LONGEST.{number:04}.WS.A"])[0].streams]
    requests = SIP.requests("UNSUBSCRIBE", longest, 7)
    assert [number for number, _, _ in requests] == list(range(7, 7 + len(requests)))
    assert sum((part for _, _, part in requests), ()) == tuple(longest)
    assert max(len(message) for _, message, _ in requests) <= SIP.limits.request_bytes == 32768


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b'[{"T":"success","msg":"connected"}]', None),
        (b'[{"T":"success","msg":"authenticated"}]', Reply("login")),
        (b'[{"T":"error","code":403,"msg":"already authenticated"}]', "login"),
        (b'[{"T":"error","code":402,"msg":"auth failed"}]', Reply("refused", text="auth failed (code 402)")),
        (b'[{"T":"error","code":409,"msg":"insufficient subscription"}]', "refused"),
        (b'[{"T":"error","code":410,"msg":"invalid subscribe action for this feed"}]', "refused"),
        (b'[{"T":"error","code":411,"msg":"insufficient scope"}]', "refused"),
        (b'[{"T":"error","code":406,"msg":"connection limit exceeded"}]', "error"),
        (b'[{"T":"error","code":407,"msg":"slow client"}]', "error"),
        (b'[{"T":"error","code":405,"msg":"symbol limit exceeded"}]', "error"),
        (b'[{"T":"error"}]', "error"),
        (
            b'[{"T":"subscription","trades":["A","B"],"quotes":["A"],"bars":[],"corrections":["A"],"cancelErrors":["A"]}]',
            Reply("ack", streams=("trades:A", "trades:B", "quotes:A"), whole=True),
        ),
        (b'[{"T":"t","S":"A","i":1,"x":"K","p":1,"s":1,"z":"C","t":"2023-04-06T11:54:26Z"}]', None),
        *((frame, None) for frame in (b"", b"[]", b"{}", b"\xff", b"[" * 10_000, b'[{"T":"zz"}]', b'[{"T":7}]')),
    ],
)
def test_control_frames_say_what_to_do(frame: bytes, expected: Reply | str | None) -> None:
    found = SIP.reply(frame)
    assert found == expected if not isinstance(expected, str) else found is not None and found.kind == expected


def test_streams_of_a_frame_are_those_of_its_messages_each_once() -> None:
    frame = (
        b'[{"T":"t","S":"AAPL"},{"T":"t","i":96921,"S":"AAPL"},{"T":"q","S":"AMD"},{"S":"EEM","T":"c"},{"T":"x","S":"GOOGL"},'
        b'{"T":"o","S":"BTC/USD"},{"T":"s","S":"A"},{"T":"l","S":"A"},{"T":"u","S":"A"},{"T":"d","S":"A"},{"T":"b","S":"A"}]'
    )
    assert SIP.streams_of(frame) == (
        *("trades:AAPL", "quotes:AMD", "corrections:EEM", "cancelErrors:GOOGL", "orderbooks:BTC/USD", "statuses:A"),
        *("lulds:A", "updatedBars:A", "dailyBars:A", "bars:A"),
    )
    for other in (
        b"",
        b"[]",
        b"no json",
        b'[{"T":"success","msg":"x"}]',
        b'[{"T":"t"}]',
        b'[{"T":"zz","S":"A"}]',
        b"[7]",
    ):
        assert SIP.streams_of(other) == ()


def test_base_urls_can_be_replaced() -> None:
    moved = CRYPTO.at(stream_url="ws://127.0.0.1:1/", rest_url="http://127.0.0.1:2/")
    assert moved.routes(["BTC/USD"])[0].url == "ws://127.0.0.1:1/v1beta3/crypto/us"
    (request,) = moved.metadata_requests(["BTC/USD"])
    assert request.url == "http://127.0.0.1:2/v2/assets?status=active&asset_class=crypto"


ASSETS = b"""[
 {"id":"904837e3","class":"us_equity","exchange":"NASDAQ","symbol":"AAPL","status":"active","tradable":true},
 {"id":"276e2673","class":"crypto","symbol":"BTC/USD","status":"active","min_order_size":"0.0001",
  "min_trade_increment":"0.0001","price_increment":"1"},
 {"id":"x","class":"crypto","symbol":"SHIB/USD","status":"active","min_trade_increment":"10","price_increment":"1e-10"}]"""


def test_stocks_have_the_steps_of_the_tape() -> None:
    assert SIP.read_metadata([ASSETS], ["AAPL"]) == [
        InstrumentDefined(
            "AAPL", "0.000001", "1", base="AAPL", quote="USD", kind="equity", status="active", stable_id="904837e3"
        )
    ]


def test_crypto_has_steps_as_fine_as_its_data_and_not_as_coarse_as_its_orders() -> None:
    bitcoin, shiba = CRYPTO.read_metadata([ASSETS], ["BTC/USD", "SHIB/USD"])
    assert (bitcoin.tick_size, bitcoin.lot_size, bitcoin.base, bitcoin.quote, bitcoin.kind) == (
        *("0.000000001", "0.000000001"),
        *("BTC", "USD", "spot"),
    )
    assert shiba.tick_size == "0.0000000001"


def test_unlisted_symbols_and_odd_lists_are_told() -> None:
    with pytest.raises(VenueError, match=r"does not list XYZ; .* such as AAPL"):
        SIP.read_metadata([ASSETS], ["XYZ", "AAPL"])
    with pytest.raises(VenueError, match="something else"):
        SIP.read_metadata([b'{"message":"forbidden."}'], ["AAPL"])
    with pytest.raises(VenueError, match="step 'one'"):
        CRYPTO.read_metadata([b'[{"symbol":"A/B","price_increment":"one"}]'], ["A/B"])


def test_an_import_takes_its_steps_from_the_texts() -> None:
    seen = Seen("0.01", "1", 2, 0)
    assert SIP.infer("AMD", seen) == InstrumentDefined("AMD", "0.01", "1", base="AMD", quote="USD", kind="equity")
    assert CRYPTO.infer("ETH/USDT", seen).quote == "USDT"
    book = (
        b'[{"T":"o","S":"A/B","b":[{"p":1.50,"s":2}],"a":[{"p":3,"s":4.5}]},'
        b'{"T":"q","S":"C","bp":1e-08,"bs":2,"ap":0,"as":0}]'
    )
    assert CRYPTO.texts(book) == (("A/B", ("1.50", "3"), ("2", "4.5")), ("C", ("1e-08", "0"), ("2", "0")))
    for poison in (b"", b"7", b"{}", b"[7]", b'[{"T":'):
        with pytest.raises(FrameError):
            CRYPTO.texts(poison)


def test_no_book_comes_over_rest() -> None:
    with pytest.raises(FrameError, match="no book of AAPL over REST"):
        SIP.read_snapshot(b"{}", "AAPL", 0, 0, {}, Rows())
