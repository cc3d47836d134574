"""Kraken's WebSocket v1, message by message, as recordings have it."""

import json
from decimal import Decimal

import pytest

from market.instrument import Instrument
from market.schema import NO_CHECKSUM, NO_SEQUENCE, NO_TIME, Kind
from tests.venues.mutations import key_twice, refused
from venues.kraken import KRAKEN_V1
from venues.rows import Rows
from venues.times import from_seconds
from venues.venue import Reply, listing

OURS = {
    symbol: listing(number, Instrument("kraken-v1", symbol, Decimal(tick), Decimal("1e-8")))
    for number, (symbol, tick) in enumerate({"XMR/USD": "0.01", "SC/EUR": "0.00001"}.items())
}
SNAPSHOT = (
    b'[992,{"as":[["354.16000000","5.00000000","1618678133.365913"]],"bs":[["354.15000000","2.5","1618678133.365914"],'
    b'["354.14000000","1","1618678130.1"]]},"book-1000","XMR/USD"]'
)
CHANGE = b'[992,{"b":[["354.15000000","0.00000000","1618678133.365913"]],"c":"2583817756"},"book-1000","XMR/USD"]'
BOTH = (
    b'[1920,{"a":[["0.042990","364630.28272081","1618678145.920470","r"]]},{"b":[["0.042990","0.00000000",'
    b'"1618678145.920708"]],"c":"4105471083"},"book-1000","SC/EUR"]'
)
TRADES = (
    b'[993,[["354.11000000","0.89594024","1618678142.557535","s","l",""],["354.11000000","0.89594024","1618678142.557535",'
    b'"s","l",""],["354.12000000","1","1618678142.557536","b","m",""]],"trade","XMR/USD"]'
)
TICKER = (
    b'[1668,{"a":["354.16000000",35,"35.72892241"],"b":["354.15000000",185,"185.18432037"],"c":["354.15000000",'
    b'"3.71672000"],"v":["26560.85364463","72035.05488104"],"t":[640,1353]},"ticker","XMR/USD"]'
)
SPREAD = b'[0,["354.15000000","354.16000000","1542057299.545897","1.01234567","0.98765432"],"spread","XMR/USD"]'
OHLC = (
    b'[42,["1542057314.748456","1542057360.435743","3586.7","3586.7","3586.6","3586.6","3586.6","0.03",2],"ohlc-5","X"]'
)
ACK = (
    b'{"channelID":1665,"channelName":"trade","event":"subscriptionStatus","pair":"XMR/USD","status":"subscribed",'
    b'"subscription":{"name":"trade"}}'
)
REFUSAL = (
    b'{"errorMessage":"Currency pair not supported FOO/USD","event":"subscriptionStatus","pair":"FOO/USD","reqid":3,'
    b'"status":"error","subscription":{"name":"trade"}}'
)
SYSTEM = b'{"connectionID":18239578009413566319,"event":"systemStatus","status":"online","version":"1.8.3"}'
HEARTBEAT = b'{"event":"heartbeat"}'


def read(frame: bytes) -> Rows:
    rows = Rows()
    KRAKEN_V1.read(frame, 7, 3, OURS, rows)
    return rows


def test_snapshot_has_no_checksum_and_the_time_of_its_newest_level() -> None:
    rows = read(SNAPSHOT)
    (header,) = rows.headers
    assert (header.kind, header.price, header.previous) == (Kind.SNAPSHOT, NO_CHECKSUM, NO_SEQUENCE)
    assert header.exchange_time == from_seconds("1618678133.365914")
    assert (rows.level_prices, rows.level_sizes, header.bids) == ([35415, 35414, 35416], [2.5, 1.0, 5.0], 2)


def test_changes_have_one() -> None:
    rows = read(CHANGE)
    assert (rows.headers[0].kind, rows.headers[0].price, rows.headers[0].sequence) == (Kind.DEPTH, 2583817756, 0)
    assert (rows.level_prices, rows.level_sizes) == ([35415], [0.0])


def test_two_payloads_are_one_message() -> None:
    rows = read(BOTH)
    (header,) = rows.headers
    assert (header.kind, header.price, header.bids, header.levels) == (Kind.DEPTH, 4105471083, 1, 2)
    assert (rows.level_prices, rows.level_sizes) == ([4299, 4299], [0.0, 364630.28272081])
    assert header.exchange_time == from_seconds("1618678145.920708")


def test_equal_trades_of_one_message_are_told_apart_and_come_again_as_the_same() -> None:
    rows = read(TRADES)
    assert [(row.price, row.side) for row in rows.headers] == [(35411, -1), (35411, -1), (35412, 1)]
    ids = [row.sequence for row in rows.headers]
    assert len(set(ids)) == 3
    assert all(0 <= number < 2**63 for number in ids)
    assert [row.sequence for row in read(TRADES).headers] == ids


def test_ticker_and_spread_are_the_best_bid_and_ask() -> None:
    rows = read(TICKER)
    assert (rows.level_prices, rows.level_sizes) == ([35415, 35416], [185.18432037, 35.72892241])
    assert rows.headers[0].exchange_time == NO_TIME
    rows = read(SPREAD)
    assert (rows.headers[0].kind, rows.level_prices, rows.level_sizes) == (
        *(Kind.TICKER, [35415, 35416], [1.01234567, 0.98765432]),
    )


def test_state_of_the_exchange_is_one_of_every_pair() -> None:
    assert [(row.instrument, row.phase) for row in read(SYSTEM).statuses] == [("XMR/USD", "open"), ("SC/EUR", "open")]


@pytest.mark.parametrize("frame", [HEARTBEAT, ACK, OHLC, b'{"event":"pong","reqid":42}'])
def test_frames_that_say_nothing_of_the_market_are_known(frame: bytes) -> None:
    assert read(frame) == Rows()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"354.15000000", b"354.15100000", "not a multiple"),
        (b"354.15000000", b"-1", "decimal number"),
        (b"0.00000000", b"NaN", "finite"),
        (b"0.00000000", b"-1", "at least 0"),
        (b'"1618678133.365913"', b"1618678133", "Expected `str`"),
        (b"1618678133.365913", b"1618678133365", "time in seconds"),
        (b'"2583817756"', b'"4294967296"', "32 bits"),
        (b'"2583817756"', b'"-1"', "32 bits"),
        (b'"b"', b'"bs":[],"b"', "or with both"),
        (b'"b"', b'"x"', "neither levels nor changes"),
        (b"XMR/USD", b"XYZ/USD", "no instrument is defined for 'XYZ/USD'"),
        (b"book-1000", b"orders", "no reader for orders"),
        (b'992,{"b"', b'{"b"', "no message"),
    ],
)
def test_frame_that_is_wrong_is_refused_whole_with_the_reason(old: bytes, new: bytes, reason: str) -> None:
    assert old in CHANGE
    refused(KRAKEN_V1, CHANGE.replace(old, new, 1), OURS, reason)


def test_side_that_is_not_known_is_refused() -> None:
    refused(KRAKEN_V1, TRADES.replace(b'"s"', b'"x"'), OURS, "Invalid enum value 'x'")


def test_key_that_comes_twice_is_refused() -> None:
    for frame in (CHANGE, BOTH, ACK, SYSTEM, HEARTBEAT):
        for twice in key_twice(frame):
            refused(KRAKEN_V1, twice, OURS, "comes twice")


@pytest.mark.parametrize(
    "poison", [b"", b"7", b"null", b"[]", b"{}", b"\xff", b"[" * 10_000, b"[1,2,3,4]", b'{"event":7}']
)
def test_poison_is_refused(poison: bytes) -> None:
    refused(KRAKEN_V1, poison, OURS, ".")
    assert KRAKEN_V1.reply(poison) is None
    assert KRAKEN_V1.streams_of(poison) == ()


def test_errors_of_the_venue_are_dead_letters() -> None:
    refused(KRAKEN_V1, REFUSAL, OURS, "refused request 3: Currency pair not supported FOO/USD")


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (ACK, Reply("ack", None, streams=("trade:XMR/USD",))),
        (
            REFUSAL,
            Reply(
                "error", 3, "Currency pair not supported FOO/USD", ("book:FOO/USD", "trade:FOO/USD", "ticker:FOO/USD")
            ),
        ),
        (b'{"errorMessage":"Exceeded msg rate","event":"subscriptionStatus","status":"error"}', None),
        (b'{"errorMessage":"Malformed request","event":"error"}', Reply("error", None, "Malformed request")),
        (b'{"event":"pong","reqid":42}', Reply("pong", 42)),
        (SYSTEM, Reply("maintenance", text="online", back=True)),
        (HEARTBEAT, None),
        (CHANGE, None),
    ],
)
def test_replies(frame: bytes, reply: Reply | None) -> None:
    assert KRAKEN_V1.reply(frame) == reply


def test_streams_and_requests() -> None:
    assert KRAKEN_V1.streams_of(BOTH) == ("book:SC/EUR",)
    assert KRAKEN_V1.streams_of(TRADES) == ("trade:XMR/USD",)
    assert KRAKEN_V1.streams_of(ACK) == ()
    ((_, message, _),) = KRAKEN_V1.requests("SUBSCRIBE", ["book:XBT/USD"], 4)
    assert json.loads(message) == {
        "event": "subscribe",
        "reqid": 4,
        "pair": ["XBT/USD"],
        "subscription": {"name": "book", "depth": 10},
    }


def test_texts_of_every_kind_of_frame_are_found() -> None:
    assert KRAKEN_V1.texts(BOTH) == [
        ("SC/EUR", ("0.042990",), ("364630.28272081",)),
        ("SC/EUR", ("0.042990",), ("0.00000000",)),
    ]
    assert KRAKEN_V1.texts(TRADES)[0].sizes == ("0.89594024", "0.89594024", "1")
    assert KRAKEN_V1.texts(TICKER)[0].prices == KRAKEN_V1.texts(SPREAD)[0].prices == ("354.15000000", "354.16000000")
    assert KRAKEN_V1.texts(ACK) == []
