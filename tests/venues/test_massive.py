"""Massive's connections: what is subscribed to, how answers read, where instruments come from."""

import json

import pytest

from market.calendar import ALWAYS
from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from venues.massive import CRYPTO, STOCKS
from venues.rows import Rows
from venues.venue import Channel, Reply, Seen


def test_one_socket_carries_all_streams_of_a_cluster() -> None:
    (route,) = STOCKS.routes(["AAPL", "BRK.A"])
    assert route.url == "wss://socket.massive.com/stocks"
    assert {"T.AAPL", "Q.AAPL", "LULD.BRK.A", "AM.BRK.A"} <= set(route.streams)
    assert route.channels == {Channel.DEPTH, Channel.TRADE, Channel.STATUS} == STOCKS.carries("stream")
    (route,) = CRYPTO.routes(["BTC-USD"])
    assert (route.url, route.streams) == (
        "wss://socket.massive.com/crypto",
        ("XT.BTC-USD", "XQ.BTC-USD", "XA.BTC-USD"),
    )
    with pytest.raises(VenueError, match=r"12000 streams of massive-stocks"):
        STOCKS.routes([f"S{number}" for number in range(3000)])


def test_quotes_and_books_are_depth_and_what_is_rare_is_status() -> None:
    assert STOCKS.channel_of("Q.AAPL") is CRYPTO.channel_of("XQ.A-B") is CRYPTO.channel_of("XL2.A-B") is Channel.DEPTH
    assert STOCKS.channel_of("T.AAPL") is CRYPTO.channel_of("XT.A-B") is Channel.TRADE
    assert STOCKS.channel_of("LULD.AAPL") is CRYPTO.channel_of("XA.A-B") is Channel.STATUS
    assert STOCKS.symbol_of("T.BRK.A") == "BRK.A"


def test_one_connection_is_allowed_and_no_loss_can_be_seen() -> None:
    for venue in (STOCKS, CRYPTO):
        assert not venue.limits.may_overlap
        assert venue.capability.detection == "none"
        assert venue.snapshot_request("A") is None
    assert (STOCKS.calendar, CRYPTO.calendar) == ("XNYS", ALWAYS)


def test_login_is_the_key() -> None:
    assert [json.loads(message) for message in STOCKS.login({"massive_key": "K"}, 0)] == [
        {"action": "auth", "params": "K"}
    ]
    assert STOCKS.headers({"massive_key": "K"}) == {"Authorization": "Bearer K"}
    with pytest.raises(VenueError, match="wants massive_key"):
        STOCKS.login({}, 0)


def test_requests_join_streams_with_commas_and_are_split_at_the_limit() -> None:
    streams = [f"T.S{number}" for number in range(501)]
    (first, message, part), (second, _, rest) = STOCKS.requests("SUBSCRIBE", streams, 3)
    assert (first, second, len(part), rest) == (3, 4, 500, ("T.S500",))
    assert json.loads(message) == {"action": "subscribe", "params": ",".join(streams[:500])}


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b'[{"ev":"status","status":"connected","message":"Connected Successfully"}]', None),
        (b'[{"ev":"status","status":"auth_success","message":"authenticated"}]', Reply("login", text="authenticated")),
        (b'[{"ev":"status","status":"auth_failed","message":"authentication failed"}]', "refused"),
        (b'[{"ev":"status","status":"auth_timeout","message":"x"}]', "error"),
        (b'[{"ev":"status","status":"max_connections","message":"x"}]', Reply("error", text="x (max_connections)")),
        (b'[{"ev":"status","status":"error","message":"not authorized"}]', "error"),
        (
            b'[{"ev":"status","status":"success","message":"subscribed to: T.AAPL"},'
            b'{"ev":"status","status":"success","message":"subscribed to: Q.AAPL"}]',
            Reply("ack", streams=("T.AAPL", "Q.AAPL")),
        ),
        (
            b'[{"ev":"status","status":"success","message":"unsubscribed to: T.AAPL"}]',
            Reply("ack", streams=("T.AAPL",)),
        ),
        (
            b'[{"ev":"status","status":"success","message":"subscribed to: T.AAPL"},'
            b'{"ev":"status","status":"error","message":"not authorized"}]',
            "error",
        ),
        (b'[ {"status":"auth_success","ev":"status"}]', "login"),
        (b'[{"ev":"T","sym":"A","x":1,"p":1,"s":1,"t":1}]', None),
        (b'[{"sym":"A","ev":"T","x":1,"p":1,"s":1,"t":1}]', None),
        *((frame, None) for frame in (b"", b"[]", b"{}", b"\xff", b"[" * 10_000, b'[{"ev":"status"}]', b'[{"ev":7}]')),
    ],
)
def test_statuses_say_what_to_do(frame: bytes, expected: Reply | str | None) -> None:
    found = STOCKS.reply(frame)
    assert found == expected if not isinstance(expected, str) else found is not None and found.kind == expected


def test_streams_of_a_frame_are_those_of_its_messages_each_once() -> None:
    frame = (
        b'[{"ev":"T","sym":"AAPL"},{"ev":"T","sym":"AAPL"},{"ev":"Q","sym":"AMD"},{"ev":"LULD","T":"MSFT"},'
        b'{"pair":"A-B","ev":"XT"}]'
    )
    assert STOCKS.streams_of(frame) == ("T.AAPL", "Q.AMD", "LULD.MSFT", "XT.A-B")
    for other in (b"", b"[]", b"no json", b'[{"ev":"status","status":"success"}]', b'[{"ev":"T"}]', b"[7]"):
        assert STOCKS.streams_of(other) == ()


def test_base_urls_can_be_replaced() -> None:
    moved = STOCKS.at(stream_url="wss://delayed.massive.com/", rest_url="http://127.0.0.1:2")
    assert moved.routes(["A"])[0].url == "wss://delayed.massive.com/stocks"


def test_steps_are_those_of_the_market_as_the_venue_lists_none() -> None:
    assert STOCKS.metadata_requests(["AAPL"]) == ()
    assert STOCKS.read_metadata([], ["AAPL"]) == [
        InstrumentDefined("AAPL", "0.000001", "1", base="AAPL", quote="USD", kind="equity")
    ]
    pair, book = CRYPTO.read_metadata([], ["BTC-USD", "BTC-USD@1"])
    assert (pair.base, pair.quote, pair.kind) == (book.base, book.quote, book.kind) == ("BTC", "USD", "spot")


def test_an_import_takes_its_steps_from_the_texts() -> None:
    assert CRYPTO.infer("A-B", Seen("0.01", "0.1", 2, 1)).lot_size == "0.1"
    frame = (
        b'[{"ev":"XQ","pair":"A-B","bp":1.50,"bs":2,"ap":3,"as":4.5},{"ev":"XL2","pair":"A-B","x":7,"b":[[1e-08,2]],"a":[]},'
        b'{"ev":"T","sym":"C","p":1.25,"s":3,"ds":"0.5"},{"ev":"LULD","T":"C","h":2,"l":1},{"ev":"FMV","sym":"X:A-B","fmv":1.12345}]'
    )
    assert CRYPTO.texts(frame) == (
        ("A-B", ("1.50", "3"), ("2", "4.5")),
        ("A-B@7", ("1e-08",), ("2",)),
        ("C", ("1.25",), ("3", "0.5")),
        ("C", ("2", "1"), ()),
        ("", (), ()),
    )
    for poison in (b"", b"7", b"{}", b"[7]", b'[{"ev":'):
        with pytest.raises(FrameError):
            CRYPTO.texts(poison)


def test_no_book_comes_over_rest() -> None:
    with pytest.raises(FrameError, match="no book of AAPL over REST"):
        STOCKS.read_snapshot(b"{}", "AAPL", 0, 0, {}, Rows())
