"""Requests to Alpaca's trading API: what stands on the wire, and what never leaves."""

import json
import logging
import pickle
import re
import traceback
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import OddAnswerError, VenueError
from market.messages import Side, encode
from tests.venues.alpaca.case import NOW_MS, NOW_NS, approved, venue_at
from tests.venues.alpaca.stub import KEY, SECRET
from venues.alpaca.order_texts import FINEST, Spelling, Steps, price_text, read_steps, size_text
from venues.alpaca.orders import LIVE, live, paper
from venues.orders import OrderRequest, Verb

VENUE = venue_at()


def body(request: OrderRequest) -> dict[str, Any]:
    return dict(json.loads(request.body))


def test_an_order_is_a_limit_order_with_our_id_and_decimal_texts() -> None:
    request = VENUE.place(approved(), NOW_MS)
    assert (request.verb, request.method, request.url) == (
        Verb.PLACE,
        "POST",
        "https://paper-api.alpaca.markets/v2/orders",
    )
    assert body(request) == {
        "symbol": "AAPL",
        "qty": "10",
        "side": "buy",
        "type": "limit",
        "time_in_force": "day",
        "limit_price": "128.4",
        "extended_hours": False,
        "client_order_id": "bg-1",
    }
    assert (request.client_order_id, request.instrument) == ("bg-1", "AAPL")


@pytest.mark.parametrize(
    ("symbol", "size", "asked", "sent"),
    [
        ("AAPL", 10.0, "gtc", "day"),
        ("AAPL", 10.0, "ioc", "ioc"),
        ("AAPL", 0.5, "gtc", "day"),
        ("BTC/USD", 0.5, "gtc", "gtc"),
        ("BTC/USD", 2.0, "ioc", "ioc"),
    ],
)
def test_time_in_force_is_what_the_class_of_asset_allows(
    symbol: str, size: float, asked: Literal["gtc", "ioc"], sent: str
) -> None:
    assert body(VENUE.place(approved(symbol=symbol, size=size, in_force=asked), NOW_MS))["time_in_force"] == sent


def test_whole_shares_rest_beyond_the_day_where_that_is_asked_for_and_fractions_never_do() -> None:
    longer = replace(VENUE, rest="gtc")
    assert body(longer.place(approved(), NOW_MS))["time_in_force"] == "gtc"
    assert body(longer.place(approved(size=0.25), NOW_MS))["time_in_force"] == "day"


def test_a_fraction_at_once_or_never_cannot_be_asked_for_and_is_not_sent() -> None:
    with pytest.raises(VenueError, match="a fraction, for the day only, not ioc"):
        VENUE.place(approved(size=0.5, in_force="ioc"), NOW_MS)


@pytest.mark.parametrize(
    ("price", "side", "text"),
    [
        (128.41, Side.BUY, "128.41"),
        (128.419, Side.BUY, "128.41"),
        (128.411, Side.SELL, "128.42"),
        (100.00999999999999, Side.BUY, "100.01"),
        (100.01000000000002, Side.SELL, "100.01"),
        (1.0, Side.BUY, "1"),
        (0.99995, Side.SELL, "1"),
        (0.12345, Side.BUY, "0.1234"),
        (0.12341, Side.SELL, "0.1235"),
        (250_000.0, Side.BUY, "250000"),
    ],
)
def test_prices_of_stocks_keep_the_sub_penny_rule_and_are_never_worse_than_asked(
    price: float, side: Side, text: str
) -> None:
    assert price_text("AAPL", price, side) == text


@given(st.floats(1e-4, 1e6), st.sampled_from(Side))
def test_no_price_of_a_stock_is_refused_for_its_decimals(price: float, side: Side) -> None:
    try:
        text = price_text("AAPL", price, side)
    except VenueError:
        assert price < 0.00011
        return
    sent = Decimal(text)
    assert sent % (Decimal("0.01") if sent >= 1 else Decimal("0.0001")) == 0
    assert (sent - Decimal(price)) * side <= FINEST, "worse than asked"


@given(st.floats(1e-9, 1e9))
def test_sizes_are_plain_decimal_texts_of_nine_places_at_most(size: float) -> None:
    text = size_text("BTC/USD", size)
    assert re.fullmatch(r"[0-9]+(\.[0-9]{1,9})?", text)
    assert abs(Decimal(text) - Decimal(repr(size))) <= FINEST / 2


def test_small_numbers_are_written_without_exponent_in_the_body() -> None:
    sent = VENUE.place(approved(symbol="BTC/USD", size=1e-5, price=1e-5), NOW_MS).body
    assert b'"qty":"0.00001"' in sent
    assert b'"limit_price":"0.00001"' in sent


def test_crypto_keeps_the_steps_of_its_pair() -> None:
    steps = read_steps(
        b'[{"symbol":"BTC/USD","min_trade_increment":"0.0001","price_increment":"1"},{"symbol":"X/USD"}]'
    )
    assert steps == {"BTC/USD": Steps(Decimal(1), Decimal("0.0001")), "X/USD": Steps()}
    venue = replace(VENUE, steps=steps)
    sent = body(venue.place(approved(symbol="BTC/USD", size=0.12344, price=61_000.7), NOW_MS))
    assert (sent["qty"], sent["limit_price"]) == ("0.1234", "61000")
    with pytest.raises(VenueError, match=r"below the smallest step 0\.0001"):
        venue.place(approved(symbol="BTC/USD", size=0.00001, price=61_000.0), NOW_MS)
    for odd in (
        b"<html>",
        b"{}",
        b'[{"symbol":"X","price_increment":"NaN"}]',
        b'[{"symbol":"X","price_increment":"0"}]',
    ):
        with pytest.raises(OddAnswerError):
            read_steps(odd)


@pytest.mark.parametrize("number", [0.0, -1.0, float("nan"), float("inf"), 1e-12])
def test_an_order_without_a_size_or_a_price_is_not_sent(number: float) -> None:
    for wrong in (approved(size=number), approved(price=number)):
        with pytest.raises(VenueError, match=r"size of AAPL|limit price"):
            VENUE.place(wrong, NOW_MS)


@pytest.mark.parametrize("name", ["", "x" * 49])
def test_an_id_that_alpaca_would_change_or_refuse_is_not_sent(name: str) -> None:
    with pytest.raises(VenueError, match="has not 1 to 48 letters"):
        VENUE.place(approved(name), NOW_MS)


def test_the_other_requests_are_those_of_the_documentation() -> None:
    base = "https://paper-api.alpaca.markets"
    asked = [
        VENUE.query("AAPL", "bg-1", NOW_MS),
        VENUE.cancel("AAPL", "bg-1", NOW_MS),
        *VENUE.cancel_all(NOW_MS),
        VENUE.open_orders(NOW_MS),
        *VENUE.account_state(NOW_MS),
        VENUE.fills_since(NOW_MS, NOW_MS),
        VENUE.suspend(on=True, now_ms=NOW_MS),
        VENUE.close("BTC/USD", -0.5, "bg-2", NOW_MS),
    ]
    listed = f"{base}/v2/orders?status=open&limit=500&direction=desc"
    assert [(request.method, request.url) for request in asked if request] == [
        ("GET", f"{base}/v2/orders:by_client_order_id?client_order_id=bg-1"),
        ("GET", f"{base}/v2/orders:by_client_order_id?client_order_id=bg-1"),
        ("DELETE", f"{base}/v2/orders"),
        ("GET", listed),
        ("GET", listed),
        ("GET", f"{base}/v2/positions"),
        ("GET", f"{base}/v2/account"),
        ("GET", f"{base}/v2/account/activities/FILL?after=2025-11-24T15%3A59%3A59.999Z&direction=asc&page_size=100"),
        ("PATCH", f"{base}/v2/account/configurations"),
        ("DELETE", f"{base}/v2/positions/BTCUSD"),
    ]


def test_an_order_whose_id_is_remembered_is_cancelled_at_once() -> None:
    venue = venue_at()
    venue.ids.learn("bg-1", "61e69015-8549-4bfd-b9c3-01e75843f47d")
    request = venue.cancel("AAPL", "bg-1", NOW_MS)
    assert (request.method, request.url.rpartition("/")[2]) == ("DELETE", "61e69015-8549-4bfd-b9c3-01e75843f47d")


def test_positions_and_orders_spell_crypto_as_market_data_do() -> None:
    spelling = Spelling(("BTC/USD", "SHIB/USDT"))
    for theirs, kind, ours in [
        ("BTCUSD", "crypto", "BTC/USD"),
        ("BTCUSD", "", "BTC/USD"),
        ("BTC/USD", "", "BTC/USD"),
        ("SHIBUSDT", "crypto", "SHIB/USDT"),
        ("AVAXUSDC", "crypto", "AVAX/USDC"),
        ("ETHBTC", "crypto", "ETH/BTC"),
        ("USD", "crypto", "USD"),
        ("SNTUSD", "", "SNTUSD"),
        ("BTCUSD", "us_equity", "BTCUSD"),
        ("BRK.B", "us_equity", "BRK.B"),
    ]:
        assert spelling.ours(theirs, kind) == ours


def test_paper_is_the_default_and_live_needs_to_be_said_with_the_number_of_the_account() -> None:
    assert (VENUE.live, VENUE.rest_url) == (False, "https://paper-api.alpaca.markets")
    assert VENUE.stream_url() == "wss://paper-api.alpaca.markets/stream"
    named = live("alpaca-sip", "main", KEY, SECRET, account_number="010203ABCD")
    assert (named.live, named.rest_url, named.stream_url()) == (True, LIVE, "wss://api.alpaca.markets/stream")
    with pytest.raises(VenueError, match="paper orders cannot go to https://api"):
        paper("alpaca-sip", "main", KEY, SECRET, rest_url=LIVE)
    with pytest.raises(VenueError, match="BAROGRAPH_ALPACA_KEY and BAROGRAPH_ALPACA_SECRET"):
        paper("alpaca-sip", "main", KEY, "")


def test_a_live_account_without_its_number_takes_no_order_but_can_be_cancelled_and_closed() -> None:
    venue = live("alpaca-sip", "main", KEY, SECRET, account_number="")
    with pytest.raises(VenueError, match="need the number of the account"):
        venue.place(approved(), NOW_MS)
    assert [request.method for request in venue.cancel_all(NOW_MS)] == ["DELETE"]
    assert venue.close("AAPL", 1.0, "bg-2", NOW_MS).url == f"{LIVE}/v2/positions/AAPL"


def test_nothing_that_can_be_printed_holds_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    venue = venue_at()
    request = venue.place(approved(), NOW_MS)
    caplog.set_level(logging.DEBUG)
    logging.getLogger("barograph").debug("%s %r %s", venue, request, request.headers)
    answered = venue.answered(request, 401, b'{"code":40110000,"message":"request is not authorized"}', NOW_NS)
    printed = [repr(venue), str(venue), repr(request), str(request), f"{request.headers}", caplog.text, repr(answered)]
    for wrong in (approved(size=0.0), approved("x" * 99)):
        try:
            venue.place(wrong, NOW_MS)
        except VenueError as error:
            printed += [repr(error), "".join(traceback.format_exception(error))]
    for heard in (b"{", b'{"stream":"trade_updates","data":{}}'):
        try:
            venue.stream_said(heard, NOW_NS)
        except ValueError as error:
            printed += [repr(error), "".join(traceback.format_exception(error))]
    rows = [encode(approved()), *map(encode, answered.said), request.body, request.url.encode()]
    for text in (*printed, *map(repr, rows)):
        assert SECRET not in text
        assert KEY not in text
    assert dict(request.headers)["APCA-API-SECRET-KEY"] == SECRET, "it is sent all the same"


def test_a_place_of_execution_cannot_be_written_to_a_file_with_its_secret() -> None:
    with pytest.raises((TypeError, pickle.PicklingError)):
        pickle.dumps(venue_at())


def test_a_request_is_what_alpaca_s_model_makes_of_it() -> None:
    from alpaca.trading.requests import LimitOrderRequest

    sent = body(VENUE.place(approved(symbol="BTC/USD", size=0.1, price=61_000.5, side=Side.SELL), NOW_MS))
    model = LimitOrderRequest(**sent)
    assert msgspec.json.decode(msgspec.json.encode(model.to_request_fields())) == sent | {
        "qty": 0.1,
        "limit_price": 61_000.5,
    }
