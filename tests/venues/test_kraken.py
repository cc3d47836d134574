"""Kraken's WebSocket v2, message by message."""

import pytest

from market.schema import NO_SEQUENCE, NO_TIME, Kind
from tests.venues.kraken_frames import (
    ACK,
    BOOK,
    HEARTBEAT,
    INSTRUMENTS,
    OHLC,
    OURS,
    PONG,
    RATE,
    REFUSAL,
    STATUS,
    TICKER,
    TRADES,
    read,
)
from tests.venues.mutations import key_twice, refused
from venues.kraken import KRAKEN
from venues.kraken.control import word_of
from venues.kraken.read import READERS
from venues.reading import keys_in
from venues.rows import Rows
from venues.times import from_rfc3339


def test_changes_have_the_checksum_of_the_book_after_them() -> None:
    rows = read(BOOK)
    (header,) = rows.headers
    assert (header.kind, header.sequence, header.previous, header.price) == (Kind.DEPTH, 0, NO_SEQUENCE, 2114181697)
    assert header.exchange_time == from_rfc3339("2023-10-06T17:35:55.440295Z")
    assert (rows.level_prices, rows.level_sizes, header.bids) == ([5657, 5660, 5661], [1098.3947558, 1e-08, 0.0], 1)
    assert rows.numbers == []


def test_snapshots_have_one_too() -> None:
    (header,) = read(BOOK.replace(b'"update"', b'"snapshot"')).headers
    assert (header.kind, header.price) == (Kind.SNAPSHOT, 2114181697)


@pytest.mark.parametrize("text", [b"0.5657", b"0.56570000", b"5657e-4", b"5.657E-1"])
def test_prices_are_exact_however_they_are_written(text: bytes) -> None:
    assert read(BOOK.replace(b'"price":0.5657', b'"price":' + text)).level_prices[0] == 5657


def test_entries_of_one_level_keep_their_order() -> None:
    rows = read(BOOK.replace(b'{"price":0.5661,"qty":0}', b'{"price":0.5660,"qty":0},{"price":0.566,"qty":3}'))
    assert (rows.level_prices[1:], rows.level_sizes[1:]) == ([5660, 5660, 5660], [1e-08, 0.0, 3.0])


def test_trades_have_the_side_of_the_taker() -> None:
    rows = read(TRADES)
    assert [(row.sequence, row.price, row.side) for row in rows.headers] == [
        (4665906, 51170, -1),
        (9007199254740993, 51170, 1),
    ]
    assert rows.header_sizes == [40.0, 7.0]
    assert rows.headers[1].exchange_time == from_rfc3339("2023-09-25T07:49:37.708707Z")


def test_ticker_is_the_best_bid_and_ask_with_or_without_a_time() -> None:
    rows = read(TICKER)
    assert (rows.headers[0].kind, rows.headers[0].exchange_time) == (Kind.TICKER, NO_TIME)
    assert (rows.level_prices, rows.level_sizes) == ([10025, 10035], [740.0, 741.5])
    timed = TICKER.replace(b'"change_pct"', b'"timestamp":"2023-09-25T09:04:31.742599Z","change_pct"')
    assert read(timed).headers[0].exchange_time == from_rfc3339("2023-09-25T09:04:31.742599Z")


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        *(("online", "open"), ("post_only", "limited"), ("limit_only", "limited"), ("reduce_only", "limited")),
        *(("cancel_only", "halted"), ("maintenance", "halted"), ("delisted", "delisted"), ("a new word", "unknown")),
    ],
)
def test_states_of_our_pairs_are_phases(word: str, phase: str) -> None:
    (row,) = read(INSTRUMENTS.replace(b'"online"', f'"{word}"'.encode(), 1)).statuses
    assert (row.instrument, row.phase, row.code, row.reason, row.exchange_time) == ("BTC/USD", phase, word, "", NO_TIME)


def test_a_price_step_that_is_not_the_defined_one_is_told() -> None:
    (row,) = read(INSTRUMENTS.replace(b'"price_increment":0.1', b'"price_increment":1e-02')).statuses
    assert row.reason == "price step 1e-02, defined is 0.1"


def test_state_of_the_exchange_is_one_of_every_pair() -> None:
    rows = read(STATUS.replace(b'"online"', b'"cancel_only"'))
    assert [(row.instrument, row.phase, row.reason) for row in rows.statuses] == [
        (symbol, "halted", "the whole exchange") for symbol in OURS
    ]


@pytest.mark.parametrize("frame", [HEARTBEAT, OHLC, ACK, PONG])
def test_frames_that_say_nothing_of_the_market_are_known(frame: bytes) -> None:
    assert read(frame) == Rows()


def test_unknown_fields_and_other_orders_of_keys_change_nothing() -> None:
    for frame in (BOOK, TRADES, TICKER, INSTRUMENTS, STATUS, ACK):
        plain = read(frame)
        for odd in (
            frame.replace(b'"type"', b'"new":{"a":[1,{"b":2}]},"type"', 1),
            frame.replace(b'"symbol"', b'"new":null,"symbol"'),
            frame.replace(b'":', b'" :\t').replace(b",", b" ,\n"),
        ):
            assert read(odd) == plain
    turned = b'{"data":' + BOOK.partition(b'"data":')[2][:-1] + b',"type":"update","channel":"book"}'
    assert read(turned) == read(BOOK)


def test_key_that_comes_twice_is_refused_wherever_it_is() -> None:
    for frame in (BOOK, TRADES, TICKER, INSTRUMENTS, STATUS, HEARTBEAT, OHLC, ACK, PONG):
        for twice in key_twice(frame):
            refused(KRAKEN, twice, OURS, "comes twice")
            refused(KRAKEN, twice.replace(b'":', b'" :'), OURS, "comes twice")


def test_frames_as_the_venue_writes_them_need_no_search_for_keys_that_come_twice() -> None:
    for frame in (BOOK, TRADES, TICKER):
        reader = READERS[word_of(frame)]
        assert keys_in(frame) == reader.keys(reader.decode(frame))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"0.5657", b"0.56575", "not a multiple"),
        (b"0.5657", b"-0.5657", "decimal number"),
        (b"0.5657", b'"0.5657"', "decimal number"),
        (b"0.5657", b"NaN", "invalid character"),
        (b"0.5657", b"null", "decimal number"),
        (b"1098.3947558", b"-1", "at least 0"),
        (b"1098.3947558", b'"1"', "Expected `float`"),
        (b"1098.3947558", b"1e999", "out of range"),
        (b"1098.3947558", b"1,2", "malformed"),
        (b"2114181697", b"4294967296", "<= 4294967295"),
        (b"2114181697", b"-1", ">= 0"),
        (b"2114181697", b'"2114181697"', "Expected `int`"),
        (b'"update"', b'"patch"', "Invalid enum value 'patch'"),
        (b'"bids"', b'"buys"', "missing required field `bids`"),
        (b"2023-10-06T", b"2023-10-06 ", "time"),
        (b"MATIC/USD", b"XYZ/USD", "no instrument is defined for 'XYZ/USD'"),
        (b'"book"', b'"level3"', "no reader for level3"),
    ],
)
def test_frame_that_is_wrong_is_refused_whole_with_the_reason(old: bytes, new: bytes, reason: str) -> None:
    assert old in BOOK
    refused(KRAKEN, BOOK.replace(old, new, 1), OURS, reason)


@pytest.mark.parametrize("old", [b'"sell"', b'"buy"'])
def test_side_that_is_not_known_is_refused(old: bytes) -> None:
    refused(KRAKEN, TRADES.replace(old, b'"b"'), OURS, "Invalid enum value 'b'")


@pytest.mark.parametrize("poison", [b"", b"7", b"null", b"[]", b"{}", b"\xff", b"[" * 10_000, b'{"channel":7}'])
def test_poison_is_refused(poison: bytes) -> None:
    refused(KRAKEN, poison, OURS, ".")
    assert KRAKEN.reply(poison) is None
    assert KRAKEN.streams_of(poison) == ()


@pytest.mark.parametrize("frame", [REFUSAL, RATE, b'{"error":"Malformed request","method":"error","success":false}'])
def test_errors_of_the_venue_are_dead_letters(frame: bytes) -> None:
    refused(KRAKEN, frame, OURS, "the venue refused request")
