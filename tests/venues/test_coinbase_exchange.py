"""Coinbase Exchange, once Pro and GDAX, message by message."""

from math import isnan

import pytest

from market.schema import NO_SEQUENCE, NO_TIME, Kind
from tests.venues.coinbase_frames import OURS, read
from tests.venues.mutations import key_twice, refused
from venues.coinbase import COINBASE_EXCHANGE
from venues.coinbase.control import word_of
from venues.coinbase.read import EXCHANGE
from venues.reading import keys_in
from venues.rows import Rows

UPDATE = (
    b'{"type":"l2update","product_id":"SKL-BTC","changes":[["sell","0.00001306","660.5"],["buy","0.00001305","0"]]%s}'
)
MATCH = (
    b'{"type":"match","trade_id":280232,"maker_order_id":"2a0da34e-61f7-4c36-88e5-c9dd15927b16","taker_order_id":'
    b'"3c82abaa-c01e-4608-be59-6a1e69742891","side":"sell","size":"985","price":"0.00001305","product_id":"SKL-BTC",'
    b'"sequence":177100030,"time":"2021-04-17T16:43:37.089723Z"}'
)
SNAPSHOT = b'{"type":"snapshot","product_id":"SKL-BTC","asks":[["0.00001306","1"]],"bids":[["0.00001305","2"]]}'
OLD_TICKER = (
    b'{"type":"ticker","product_id":"SKL-BTC","price":"0.00001305","best_bid":"0.00001305","best_ask":"0.00001306"%s}'
)


def test_changes_of_exchange_have_no_number_and_maybe_no_time() -> None:
    rows = read(UPDATE % b',"time":"2021-04-17T16:43:37.075687Z"', COINBASE_EXCHANGE)
    (header,) = rows.headers
    assert (header.kind, header.sequence, header.previous, header.bids) == (Kind.DEPTH, 0, NO_SEQUENCE, 1)
    assert (rows.level_prices, rows.level_sizes, rows.numbers) == ([1305, 1306], [0.0, 660.5], [])
    assert read(UPDATE % b"", COINBASE_EXCHANGE).headers[0].exchange_time == NO_TIME


def test_snapshot_of_exchange() -> None:
    rows = read(SNAPSHOT, COINBASE_EXCHANGE)
    assert (rows.headers[0].kind, rows.level_prices, rows.level_sizes) == (Kind.SNAPSHOT, [1305, 1306], [2.0, 1.0])


@pytest.mark.parametrize("kind", [b"match", b"last_match"])
def test_match_of_exchange_has_the_side_of_its_maker(kind: bytes) -> None:
    rows = read(MATCH.replace(b'"match"', b'"' + kind + b'"'), COINBASE_EXCHANGE)
    assert (rows.headers[0].sequence, rows.headers[0].side, rows.headers[0].price) == (280232, 1, 1305)


def test_ticker_of_exchange_has_sizes_of_late() -> None:
    assert all(map(isnan, read(OLD_TICKER % b"", COINBASE_EXCHANGE).level_sizes))
    sized = OLD_TICKER % b',"best_bid_size":"3","best_ask_size":"4.5"'
    assert read(sized, COINBASE_EXCHANGE).level_sizes == [3.0, 4.5]


def test_other_frames_of_exchange() -> None:
    heartbeat = (
        b'{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD","time":"2014-11-07T08:19:28Z"}'
    )
    assert read(heartbeat, COINBASE_EXCHANGE) == Rows()
    assert COINBASE_EXCHANGE.streams_of(heartbeat) == ("heartbeat:BTC-USD",)
    status = b'{"type":"status","products":[{"id":"BTC-USD","status":"online","status_message":null,"post_only":true}]}'
    assert [row.phase for row in read(status, COINBASE_EXCHANGE).statuses] == ["limited"]
    refused(COINBASE_EXCHANGE, b'{"type":"open","order_id":"x"}', OURS, "no reader for open")
    for frame in (UPDATE % b"", MATCH, SNAPSHOT, OLD_TICKER % b"", status):
        for twice in key_twice(frame):
            refused(COINBASE_EXCHANGE, twice, OURS, "comes twice")


def test_frames_as_the_venue_writes_them_need_no_search_for_keys_that_come_twice() -> None:
    for frame in (SNAPSHOT, UPDATE % b"", MATCH, OLD_TICKER % b""):
        reader = EXCHANGE[word_of(frame)]
        assert keys_in(frame) == reader.keys(reader.decode(frame))
