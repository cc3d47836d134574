"""Bybit, message by message: the frames of its documentation and of recordings, word for word."""

import json
from decimal import Decimal
from math import isnan

import pytest

from market.errors import FrameError, VenueError
from market.instrument import Instrument
from market.record import InstrumentDefined
from market.schema import NO_CHECKSUM, NO_SEQUENCE, Flag, Kind
from tests.venues.mutations import key_twice, mutated, refused
from tests.venues.soundness import hold
from venues.bybit import INVERSE, LINEAR, SPOT
from venues.ids import number_of
from venues.rows import Mark, Rows
from venues.venue import Channel, Reply, Seen, listing

OURS = {
    symbol: listing(number, Instrument("bybit-linear", symbol, Decimal(tick), Decimal("0.001")))
    for number, (symbol, tick) in enumerate({"BTCUSDT": "0.10", "ETHUSDT": "0.01", "XRPUSDT": "0.0001"}.items())
}
SNAPSHOT = (
    b'{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1672304484978,"data":{"s":"BTCUSDT","b":[["16493.50",'
    b'"0.006"],["16493.00","0.100"]],"a":[["16611.00","0.029"]],"u":18521288,"seq":7961638724},"cts":1672304484976}'
)
DELTA = (
    b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1687940967466,"data":{"s":"BTCUSDT","b":[["30247.20",'
    b'"30.028"],["30240.00","0"]],"a":[["30248.70","0"]],"u":177400507,"seq":66544703342},"cts":1687940967464}'
)
SPOT_DELTA = (
    b'{"topic":"orderbook.200.BTCUSDT","ts":1687940967466,"type":"delta","data":{"s":"BTCUSDT","b":[],"a":[["30248.7",'
    b'"1"]],"u":9,"seq":66544703342},"cts":1687940967464}'
)
BEST = (
    b'{"topic":"orderbook.1.BTCUSDT","ts":1772694601512,"type":"snapshot","data":{"s":"BTCUSDT","b":[["30247.2","2"]],'
    b'"a":[["30247.3","1"]],"u":7,"seq":8},"cts":1772694601510}'
)
TRADE = (
    b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"s":"BTCUSDT",'
    b'"S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,'
    b'"seq":1783284617},{"T":1672304486866,"s":"BTCUSDT","S":"Sell","v":"2","p":"16578.4","i":"2290000000061666327",'
    b'"BT":true,"RPI":false}]}'
)
TICKER = (
    b'{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","tickDirection":"PlusTick","lastPrice":'
    b'"17216.00","markPrice":"17217.33","indexPrice":"17227.36","openInterest":"68744.761","nextFundingTime":'
    b'"1673280000000","fundingRate":"-0.000212","bid1Price":"17215.50","bid1Size":"84.489","ask1Price":"17216.00",'
    b'"ask1Size":"83.020","fundingIntervalHour":"8","curPreListingPhase":""},"cs":24987956059,"ts":1673272861686}'
)
SPOT_TICKER = (
    b'{"topic":"tickers.BTCUSDT","ts":1673853746003,"type":"snapshot","cs":2588407389,"data":{"symbol":"BTCUSDT",'
    b'"lastPrice":"21109.77","volume24h":"6780.866843","usdIndexPrice":"21120.2400136"}}'
)
KLINE = (
    b'{"topic":"kline.5.BTCUSDT","data":[{"start":1672324800000,"end":1672325099999,"interval":"5","open":"16649.5",'
    b'"confirm":false,"timestamp":1672324988882}],"ts":1672324988882,"type":"snapshot"}'
)
ACK = b'{"success":true,"ret_msg":"subscribe","conn_id":"2324d924","req_id":"10001","op":"subscribe"}'
NO_TOPIC = b'{"success":false,"ret_msg":"Invalid topic: orderbook.200.XYZ","conn_id":"c","req_id":"7","op":"subscribe"}'
PONGS = (
    b'{"success":true,"ret_msg":"pong","conn_id":"0970e817-426e-429a-a679-ff7f55e0b16a","op":"ping"}',
    b'{"success":true,"ret_msg":"pong","conn_id":"465772b1-7630-4fdc-a492-e003e6f0f260","req_id":"","op":"ping"}',
    b'{"args":["1672916271846"],"op":"pong"}',
    b'{"req_id":"test","op":"pong","args":["1675418560633"],"conn_id":"cfcb4ocsvfriu23r3er0-1b"}',
)
STATUS = (
    b'{"topic":"system.status","ts":1751858399649,"data":[{"id":"4d95","title":"t06","state":"%s","begin":'
    b'"1751596902000","end":"1751597011000","href":"","serviceTypes":[2,3],"product":[1],"maintainType":1,"env":1}]}'
)
FRAMES = (
    SNAPSHOT,
    DELTA,
    SPOT_DELTA,
    BEST,
    TRADE,
    TICKER,
    SPOT_TICKER,
    KLINE,
    ACK,
    NO_TOPIC,
    *PONGS,
    STATUS % b"ongoing",
)


def read(frame: bytes) -> Rows:
    rows = Rows()
    LINEAR.read(frame, 7, 3, OURS, rows)
    return rows


def changed(frame: bytes, old: bytes, new: bytes) -> bytes:
    assert frame.count(old) == 1
    return frame.replace(old, new)


def test_a_snapshot_is_the_whole_book_at_the_engines_time() -> None:
    rows = read(SNAPSHOT)
    assert rows.headers == [
        (1_672_304_484_976_000_000, 7, 18521288, NO_SEQUENCE, NO_CHECKSUM, 0, 3, Kind.SNAPSHOT, 0, 0, 2, 3)
    ]
    assert rows.level_prices == [164_935, 164_930, 166_110]
    assert rows.level_sizes == [0.006, 0.1, 0.029]


def test_changes_continue_the_id_before_theirs_whatever_the_order_of_keys() -> None:
    (header,) = read(DELTA).headers
    assert (header.kind, header.previous, header.sequence) == (Kind.DEPTH, 177400506, 177400507)
    assert read(DELTA).level_sizes == [30.028, 0.0, 0.0]
    assert read(SPOT_DELTA).headers[0].previous == 8
    shuffled = json.dumps(dict(reversed(json.loads(DELTA).items()))).encode()
    assert read(shuffled) == read(DELTA)


def test_update_id_1_begins_the_book_anew() -> None:
    (header,) = read(changed(DELTA, b'"u":177400507', b'"u":1')).headers
    assert (header.kind, header.previous, header.sequence) == (Kind.SNAPSHOT, NO_SEQUENCE, 1)
    gone = read(b'{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":9,"data":{"s":"BTCUSDT","b":[],"a":[],"u":1}}')
    assert (gone.headers[0].kind, gone.headers[0].levels) == (Kind.SNAPSHOT, 0)


def test_level_1_is_a_picture() -> None:
    (header,) = read(BEST).headers
    assert (header.kind, header.sequence, header.levels) == (Kind.PICTURE, 7, 2)


def test_a_book_without_engine_time_has_the_systems() -> None:
    assert read(changed(DELTA, b',"cts":1687940967464', b"")).headers[0].exchange_time == 1_687_940_967_466_000_000


def test_trades_have_hashed_ids_and_blocks_met_no_book() -> None:
    rows = read(TRADE)
    first, second = rows.headers
    assert (first.kind, first.side, first.price, first.flags) == (Kind.TRADE, 1, 165_785, 0)
    assert (second.side, second.price, second.flags) == (-1, 165_784, Flag.OFF_BOOK)
    assert first.exchange_time == 1_672_304_486_865_000_000
    assert [first.sequence, second.sequence] == [
        number_of("20f43950-d8dd-5b31-9112-a178eb6023af"),
        number_of("2290000000061666327"),
    ]
    assert rows.header_sizes == [0.001, 2.0]


@pytest.mark.parametrize(("text", "number"), [("", 0xCBF29CE484222325), ("a", 0xAF63DC4C8601EC8C)])
def test_ids_are_hashed_as_its_authors_do_but_for_the_highest_bit(text: str, number: int) -> None:
    assert number_of(text) == number & (2**63 - 1)


def test_a_ticker_is_a_quote_and_a_mark() -> None:
    rows = read(TICKER)
    (header,) = rows.headers
    assert (header.kind, header.sequence, rows.level_prices) == (Kind.TICKER, 0, [172_155, 172_160])
    assert rows.level_sizes == [84.489, 83.02]
    time = 1_673_272_861_686_000_000
    assert rows.marks == [Mark(time, 7, 17217.33, 17227.36, -0.000212, 1_673_280_000_000_000_000, 0, 3)]
    assert rows.statuses == []


@pytest.mark.parametrize(
    ("fields", "quotes", "marks"),
    [
        (b'"bid1Price":"17215.50","bid1Size":"84.489"', 0, 0),
        (b'"ask1Price":"17215.50","ask1Size":"1","bid1Price":"","bid1Size":""', 0, 0),
        (b'"bid1Price":"17215.5","bid1Size":"1","ask1Price":"17215.6","ask1Size":"2"', 1, 0),
        (b'"fundingRate":"0.0001"', 0, 1),
        (b'"indexPrice":"17227.36","nextFundingTime":""', 0, 1),
        (b'"lastPrice":"1","newField":[{"a":1}]', 0, 0),
    ],
)
def test_what_a_ticker_leaves_out_has_not_changed(fields: bytes, quotes: int, marks: int) -> None:
    rows = read(
        b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT",%s},"ts":1673272861686}' % fields
    )
    assert (len(rows.headers), len(rows.marks)) == (quotes, marks)
    if marks:
        assert isnan(rows.marks[0].mark_price)


def test_phases_before_a_launch_are_statuses() -> None:
    (status,) = read(changed(TICKER, b'"curPreListingPhase":""', b'"curPreListingPhase":"CallAuction"')).statuses
    assert (status.instrument, status.phase, status.code) == ("BTCUSDT", "auction", "CallAuction")


@pytest.mark.parametrize("frame", [SPOT_TICKER, KLINE, ACK, *PONGS, STATUS % b"scheduled"])
def test_frames_that_say_nothing_of_the_market_have_no_rows(frame: bytes) -> None:
    assert read(frame) == Rows()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (NO_TOPIC, "refused request 7: Invalid topic"),
        (changed(DELTA, b'"BTCUSDT","b"', b'"XYZUSDT","b"'), "no instrument is defined for 'XYZUSDT'"),
        (changed(DELTA, b"30247.20", b"30247.25"), "not a multiple of the tick size"),
        (changed(DELTA, b'"30247.20"', b"30247.20"), "not understood"),
        (changed(DELTA, b"30.028", b"NaN"), "size"),
        (changed(DELTA, b"30.028", b"-30.028"), "size"),
        (changed(DELTA, b'"delta"', b'"change"'), "not understood"),
        (changed(DELTA, b'"u":177400507', b'"u":-1'), "not understood"),
        (changed(DELTA, b"1687940967464", b"99999999999999"), "time"),
        (changed(TRADE, b'"Buy"', b'"buy"'), "not understood"),
        (changed(TRADE, b'"2","p"', b'"inf","p"'), "size inf"),
        (changed(TICKER, b'"17217.33"', b'"1_7"'), "not a decimal number"),
        (DELTA[:-1], "not understood"),
        (b'{"topic":"orderbook.rpi.BTCUSDT","type":"delta","ts":1,"data":{}}', "no reader for orderbook.rpi"),
        (b'{"topic":"trade.linear.BTCUSDT"}', "no reader for trade.linear"),
        (b"{}", "no reader"),
        (b"[]", "not understood"),
    ],
)
def test_what_cannot_be_understood_is_refused_whole(frame: bytes, reason: str) -> None:
    refused(LINEAR, frame, OURS, reason)


@pytest.mark.parametrize("frame", [DELTA, TRADE, TICKER, KLINE, ACK])
def test_a_key_that_comes_twice_is_refused_wherever_it_stands(frame: bytes) -> None:
    for twice in key_twice(frame):
        refused(LINEAR, twice, OURS, "comes twice")


def test_unknown_fields_are_tolerated() -> None:
    for frame in (DELTA, TRADE, TICKER):
        assert read(frame[:-1] + b',"new":{"s":[1,{"u":2}]}}') == read(frame)
        assert read(frame.replace(b'"s":"BTCUSDT"', b'"s":"BTCUSDT","st":"1"')) == read(frame)


def test_fuzzed_frames_are_read_whole_or_refused() -> None:
    assert hold(LINEAR, list(mutated(FRAMES, 20_000, seed=5)), OURS) > 200


def test_topics_are_asked_for_ten_at_a_time_on_spot() -> None:
    (route,) = SPOT.routes(["BTCUSDT", "ETHUSDT"])
    assert route.url == "wss://stream.bybit.com/v5/public/spot"
    assert route.streams[:2] == ("orderbook.200.BTCUSDT", "publicTrade.BTCUSDT")
    assert (route.channels, SPOT.carries("public")) == ({Channel.DEPTH, Channel.TRADE},) * 2
    (first, message, part), (second, _, rest) = SPOT.requests("SUBSCRIBE", [f"publicTrade.S{n}" for n in range(12)], 4)
    assert (first, second, len(part), len(rest)) == (4, 5, 10, 2)
    assert json.loads(message) == {"op": "subscribe", "req_id": "4", "args": list(part)}
    assert LINEAR.carries("public") == {Channel.DEPTH, Channel.TRADE, Channel.TICKER, Channel.MARK}


def test_many_symbols_are_spread_over_sockets_within_the_limit_of_characters() -> None:
    symbols = [f"1000000VERYLONGNAME{number}USDT" for number in range(400)]
    routes = LINEAR.routes(symbols)
    assert [route.name for route in routes] == [f"public-{n}" if n > 1 else "public" for n in range(1, len(routes) + 1)]
    assert sum((route.streams for route in routes), ()) == tuple(
        f"{topic}.{symbol}" for symbol in symbols for topic in LINEAR.topics
    )
    for route in routes:
        assert len(json.dumps(route.streams, separators=(",", ":"))) <= 21_001
    with pytest.raises(VenueError, match="beyond what bybit-linear allows"):
        LINEAR.routes(["X" * 20_000])


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (ACK, Reply("ack", 10001)),
        (NO_TOPIC, Reply("error", 7, "Invalid topic: orderbook.200.XYZ", ("orderbook.200.XYZ",))),
        (
            b'{"success":false,"ret_msg":"error:handler not found","conn_id":"c","req_id":"8","op":"subscribe"}',
            Reply("error", 8, "error:handler not found"),
        ),
        (
            b'{"success":true,"conn_id":"a","data":{"failTopics":["a.b"],"successTopics":[]},"type":"COMMAND_RESP"}',
            Reply("error", None, "", ("a.b",)),
        ),
        (
            b'{"success":true,"conn_id":"a","data":{"failTopics":[],"successTopics":["c.d"]},"type":"COMMAND_RESP"}',
            Reply("ack", None, "", ("c.d",)),
        ),
        *((pong, Reply("pong")) for pong in PONGS),
        (
            b'{"op":"auth","success":false,"retCode":10003,"retMsg":"Invalid apikey"}',
            Reply("refused", None, "Invalid apikey"),
        ),
        (b'{"success":true,"ret_msg":"","op":"auth","conn_id":"c"}', Reply("login")),
        (STATUS % b"ongoing", Reply("maintenance", text="t06")),
        (STATUS % b"completed", Reply("maintenance", text="t06", back=True)),
        (STATUS % b"scheduled", None),
        (DELTA, None),
        (b"", None),
        (b"\xff", None),
        (b"[" * 10_000, None),
    ],
)
def test_control_frames_are_told_apart(frame: bytes, reply: Reply | None) -> None:
    assert LINEAR.reply(frame) == reply


def test_streams_are_topics() -> None:
    assert LINEAR.streams_of(DELTA) == ("orderbook.50.BTCUSDT",)
    assert LINEAR.streams_of(b'{"ts":1,"topic":"publicTrade.A"}') == ("publicTrade.A",)
    for frame in (ACK, *PONGS, STATUS, b"", b'{"topic":"cut', b"[" * 10_000):
        assert LINEAR.streams_of(frame) == ()
    assert LINEAR.symbol_of("orderbook.200.BTC-26DEC25") == "BTC-26DEC25"
    assert LINEAR.channel_of("tickers.A") is Channel.TICKER
    assert LINEAR.channel_of("allLiquidation.A") is Channel.TRADE  # unknown streams are never shed


def test_a_whole_country_is_refused_for_good_and_a_ban_is_not() -> None:
    assert LINEAR.refuses(403, "The Amazon CloudFront distribution is configured to block access from your country.")
    assert LINEAR.refuses(451, "")
    assert not LINEAR.refuses(403, "access too frequent")
    assert not LINEAR.refuses(1006, "")


def info(category: str, **row: object) -> bytes:
    return json.dumps({"retCode": 0, "retMsg": "OK", "result": {"category": category, "list": [row]}}).encode()


BTC = {
    "symbol": "BTCUSD",
    "contractType": "InversePerpetual",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USD",
    "launchTime": "1699980000000",
    "priceFilter": {"minPrice": "1", "tickSize": "0.5"},
    "lotSizeFilter": {"qtyStep": "1"},
    "symbolId": 11,
}


def test_definitions_come_from_instruments_info() -> None:
    moved = INVERSE.at(stream_url="ws://127.0.0.1:1/", rest_url="http://127.0.0.1:2/")
    (request,) = moved.metadata_requests(["BTCUSD"])
    assert request.url == "http://127.0.0.1:2/v5/market/instruments-info?category=inverse&symbol=BTCUSD"
    assert moved.routes(["BTCUSD"])[0].url == "ws://127.0.0.1:1/v5/public/inverse"
    assert INVERSE.read_metadata([info("inverse", **BTC)], ["BTCUSD"]) == [
        InstrumentDefined(
            *("BTCUSD", "0.5", "1"),
            inverse=True,
            base="BTC",
            quote="USD",
            kind="perpetual",
            status="Trading",
            stable_id="11",
        )
    ]
    spot = {"symbol": "BTCUSDT", "priceFilter": {"tickSize": "0.1"}, "lotSizeFilter": {"basePrecision": "0.000001"}}
    (defined,) = SPOT.read_metadata([info("spot", **spot)], ["BTCUSDT"])
    assert (defined.lot_size, defined.kind, defined.inverse) == ("0.000001", "spot", False)


def test_a_contract_that_is_not_launched_holds_from_its_launch() -> None:
    (defined,) = LINEAR.read_metadata([info("linear", **BTC | {"status": "PreLaunch"})], ["BTCUSD"])
    assert defined.effective_ns == 1_699_980_000_000_000_000


def test_unlisted_symbols_are_named() -> None:
    unknown = b'{"retCode":10001,"retMsg":"params error: symbol invalid ABC","result":{},"time":1}'
    with pytest.raises(VenueError, match=r"bybit-inverse does not list XYZ, ABC; .* such as BTCUSD"):
        INVERSE.read_metadata([info("inverse", **BTC), unknown], ["XYZ", "BTCUSD", "ABC"])
    with pytest.raises(VenueError, match="Too many visits"):
        INVERSE.read_metadata([b'{"retCode":10006,"retMsg":"Too many visits!"}'], ["BTCUSD"])
    for body in (b"<html>", info("inverse", **BTC | {"priceFilter": {}})):
        with pytest.raises(VenueError, match=r"something else|unknown"):
            INVERSE.read_metadata([body], ["BTCUSD"])


@pytest.mark.parametrize(
    ("symbol", "base", "quote"),
    [("BTCUSDT", "BTC", "USDT"), ("BTCPERP", "BTC", "USDC"), ("BTC-26DEC25", "BTC", "USDC"), ("ETHUSD", "ETH", "USD")],
)
def test_a_definition_is_inferred_from_what_was_seen(symbol: str, base: str, quote: str) -> None:
    said = LINEAR.infer(symbol, Seen("0.1", "0.001", 2, 3))
    assert (said.tick_size, said.lot_size, said.base, said.quote) == ("0.1", "0.001", base, quote)


def test_texts_of_every_kind_of_frame_are_found() -> None:
    assert LINEAR.texts(DELTA) == (("BTCUSDT", ("30247.20", "30240.00", "30248.70"), ("30.028", "0", "0")),)
    assert [found.prices for found in LINEAR.texts(TRADE)] == [("16578.50",), ("16578.4",)]
    assert LINEAR.texts(TICKER) == (("BTCUSDT", ("17215.50", "17216.00"), ("84.489", "83.020")),)
    for frame in (KLINE, ACK, SPOT_TICKER):
        assert LINEAR.texts(frame) == ()
    for poison in (b"", b"7", b'{"topic":"orderbook.1.A","data":7}', b'{"topic":"publicTrade.A","data":[{}]}'):
        with pytest.raises(FrameError):
            LINEAR.texts(poison)


def test_a_book_over_rest_is_refused() -> None:
    with pytest.raises(FrameError, match=r"no message of orderbook\.200 continues"):
        LINEAR.read_snapshot(b"{}", "BTCUSDT", 1, 1, OURS, Rows())
    assert LINEAR.snapshot_request("BTCUSDT") is None
