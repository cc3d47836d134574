"""Coinbase Advanced Trade, message by message."""

import json

import pytest

from market.errors import FrameError
from market.schema import NO_SEQUENCE, Kind
from tests.venues.coinbase_frames import (
    BOOK,
    CANDLES,
    CHANGE,
    FAILED,
    HEARTBEAT,
    OURS,
    STATUS,
    SUBSCRIPTIONS,
    TICKER,
    TRADES,
    read,
)
from tests.venues.mutations import key_twice, refused
from venues.coinbase import COINBASE, COINBASE_EXCHANGE
from venues.coinbase.control import word_of
from venues.coinbase.read import ADVANCED_TRADE
from venues.reading import keys_in
from venues.rows import Rows
from venues.times import from_rfc3339


def test_snapshot_is_the_full_book_at_its_number() -> None:
    rows = read(BOOK)
    (header,) = rows.headers
    assert (header.kind, header.sequence, header.previous, header.price) == (Kind.SNAPSHOT, 0, NO_SEQUENCE, 0)
    assert header.exchange_time == from_rfc3339("2026-04-07T14:30:00.123456Z")
    assert (header.receive_time, header.frame, header.instrument) == (7, 3, 0)
    assert (rows.level_prices, rows.level_sizes, header.bids, header.levels) == ([6890000, 6890100], [1.5, 0.5], 1, 2)
    assert rows.numbers == [(3, 0)]


def test_changes_are_bids_first_and_each_side_in_the_order_of_the_array() -> None:
    rows = read(CHANGE)
    (header,) = rows.headers
    assert (header.kind, header.sequence, header.previous, header.bids) == (Kind.DEPTH, 1, NO_SEQUENCE, 1)
    assert (rows.level_prices, rows.level_sizes) == ([6890000, 6890100, 6890100], [2.0, 0.0, 3.0])


def test_trades_are_oldest_first_with_the_side_that_met_the_maker() -> None:
    rows = read(TRADES)
    assert [(header.sequence, header.price, header.side) for header in rows.headers] == [
        (22381690, 237557, 1),  # the maker sold
        (22381691, 237556, -1),
    ]
    assert rows.header_sizes == [0.25, 0.5]
    assert rows.headers[0].exchange_time == from_rfc3339("2024-10-04T07:13:31.084859Z")
    assert rows.numbers == [(3, 2)]


def test_trade_ids_beyond_53_bits_are_exact() -> None:
    rows = read(TRADES.replace(b'"22381691"', b'"9223372036854775807"'))
    assert rows.headers[1].sequence == 9223372036854775807


@pytest.mark.parametrize("text", [b"", b"1_0", b" 1", b"-1", b"1e3", b"1.0", b"9223372036854775808", b"\xd9\xa1"])
def test_trade_id_that_is_no_integer_is_refused(text: bytes) -> None:
    refused(COINBASE, TRADES.replace(b"22381691", text), OURS, "63 bits")


def test_ticker_is_the_best_bid_and_ask() -> None:
    rows = read(TICKER)
    assert (rows.headers[0].kind, rows.headers[0].bids, rows.headers[0].levels) == (Kind.TICKER, 1, 2)
    assert (rows.level_prices, rows.level_sizes) == ([6508366, 6508367], [0.20371215, 0.24290402])


def test_ticker_without_a_quote_says_nothing_but_its_number() -> None:
    batch = TICKER.replace(b'"channel":"ticker"', b'"channel":"ticker_batch"')
    for frame in (
        batch.replace(b',"best_bid":"65083.66","best_ask":"65083.67"', b""),
        TICKER.replace(b'"best_bid":"65083.66"', b'"best_bid":""'),
    ):
        rows = read(frame)
        assert (rows.headers, rows.numbers) == ([], [(3, 6)])


@pytest.mark.parametrize("counter", [b"66987", b'"66987"'])
def test_heartbeats_have_a_number_and_nothing_else(counter: bytes) -> None:
    rows = read(HEARTBEAT % counter)
    assert (rows.headers, rows.numbers) == ([], [(3, 7)])


@pytest.mark.parametrize(("frame", "number"), [(SUBSCRIPTIONS, 1), (CANDLES, 3)])
def test_frames_that_say_nothing_of_the_market_have_a_number(frame: bytes, number: int) -> None:
    rows = read(frame)
    assert (rows.headers, rows.numbers) == ([], [(3, number)])


def test_status_is_told_of_our_products() -> None:
    (row,) = read(STATUS).statuses
    assert (row.instrument, row.phase, row.code, row.reason) == ("BTC-USD", "open", "online", "")
    assert row.exchange_time == from_rfc3339("2023-02-09T20:29:49.753424311Z")


@pytest.mark.parametrize(
    ("said", "phase"),
    [
        (b'"status":"delisted"', "delisted"),
        (b'"status":"offline"', "halted"),
        (b'"status":"new word"', "unknown"),
        (b'"status":"online","trading_disabled":true', "halted"),
        (b'"status":"online","auction_mode":true', "auction"),
        (b'"status":"online","cancel_only":true', "limited"),
    ],
)
def test_status_words_are_phases(said: bytes, phase: str) -> None:
    assert read(STATUS.replace(b'"status":"online"', said, 1)).statuses[0].phase == phase


def test_unknown_fields_and_other_orders_of_keys_change_nothing() -> None:
    for frame in (BOOK, CHANGE, TRADES, TICKER, STATUS):
        plain = read(frame)
        for odd in (
            frame.replace(b'"timestamp"', b'"new":{"a":[1,{"b":2}]},"timestamp"', 1),
            frame.replace(b'"product_id"', b'"new":null,"product_id"'),
            json.dumps(dict(reversed(json.loads(frame).items())), indent=1).encode(),
        ):
            assert read(odd) == plain


def test_key_that_comes_twice_is_refused_wherever_it_is() -> None:
    for frame in (BOOK, CHANGE, TRADES, TICKER, HEARTBEAT % b"1", SUBSCRIPTIONS, STATUS, CANDLES):
        for twice in key_twice(frame):
            refused(COINBASE, twice, OURS, "comes twice")
            refused(COINBASE, twice.replace(b'":', b'" :'), OURS, "comes twice")


def test_frames_as_the_venue_writes_them_need_no_search_for_keys_that_come_twice() -> None:
    for frame in (BOOK, CHANGE, TRADES, TICKER):
        reader = ADVANCED_TRADE[word_of(frame)]
        assert keys_in(frame) == reader.keys(reader.decode(frame))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"bid"', b'"ask"', "Invalid enum value 'ask'"),
        (b'"68900.00"', b'"68900.001"', "not a multiple"),
        (b'"68900.00"', b'"-1"', "decimal number"),
        (b'"68900.00"', b"68900.00", "Expected `str`"),
        (b'"1.50000000"', b'"NaN"', "finite"),
        (b'"1.50000000"', b'"-1.5"', "at least 0"),
        (b'"1.50000000"', b'"1_5"', "Expected `float`"),
        (b'"1.50000000"', b"null", "Expected `float`"),
        (b'"snapshot"', b'"patch"', "Invalid enum value 'patch'"),
        (b'"sequence_num":0', b'"sequence_num":-1', ">= 0"),
        (b'"sequence_num":0,', b"", "sequence_num"),
        (b"T14:30:00.123456Z", b" 14:30", "time"),
        (b"BTC-USD", b"XYZ-USD", "no instrument is defined for 'XYZ-USD'"),
        (b"}]}]}", b"", "truncated"),
        (b"l2_data", b"l9_data", "no reader for l9_data"),
    ],
)
def test_frame_that_is_wrong_is_refused_whole_with_the_reason(old: bytes, new: bytes, reason: str) -> None:
    assert old in BOOK
    refused(COINBASE, BOOK.replace(old, new, 1) if old != b"}]}]}" else BOOK[:-5], OURS, reason)


@pytest.mark.parametrize("poison", [b"", b"7", b"null", b"[]", b"{}", b"\xff", b"[" * 10_000, b'{"channel":7}'])
def test_poison_is_refused(poison: bytes) -> None:
    for venue in (COINBASE, COINBASE_EXCHANGE):
        refused(venue, poison, OURS, ".")
        assert venue.reply(poison) is None
        assert venue.streams_of(poison) == ()


def test_number_of_an_unreadable_frame_counts_unless_a_change_of_a_book_is_lost() -> None:
    for lost, frame in (
        (False, TRADES.replace(b'"0.5"', b'"NaN"')),
        (False, BOOK.replace(b"BTC-USD", b"XYZ-USD")),
        (False, BOOK.replace(b"l2_data", b"new_thing")),
        (True, BOOK.replace(b"68900.00", b"68900.001")),
        (True, BOOK.replace(b"product_id", b"product")),
        (True, TRADES.replace(b'"sequence_num"', b'"sequence_num":1,"sequence_num"')),
    ):
        rows = Rows()
        with pytest.raises(FrameError):
            COINBASE.read(frame, 7, 3, OURS, rows)
        assert (not rows.numbers) == lost


def test_errors_of_the_venue_are_dead_letters() -> None:
    refused(COINBASE, FAILED, OURS, "refused a request: Failed to subscribe: level2 now requires authentication")
    refused(
        COINBASE_EXCHANGE, FAILED, OURS, "refused a request: Failed to subscribe: level2 now requires authentication"
    )
