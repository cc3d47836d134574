"""OKX v5, message by message: the frames of its documentation and of recordings, word for word."""

import json
from dataclasses import replace
from decimal import Decimal
from math import isnan

import pytest

from market.errors import FrameError, VenueError
from market.instrument import Instrument
from market.record import InstrumentDefined
from market.schema import NO_CHECKSUM, NO_SEQUENCE, NO_TIME, Kind
from tests.venues.mutations import key_twice, mutated, refused
from tests.venues.soundness import hold
from venues.okx import OKX
from venues.rows import Rows
from venues.venue import Channel, Reply, Seen, listing

OURS = {
    symbol: listing(number, Instrument("okx", symbol, Decimal(tick), Decimal("0.001")))
    for number, (symbol, tick) in enumerate(
        {"BTC-USDT": "0.01", "BTC-USD-SWAP": "0.1", "BTC-USDT-SWAP": "0.1", "BCH-USDT-SWAP": "0.01"}.items()
    )
}
SNAPSHOT = (
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["8476.98","415","0","13"],'
    b'["8477","7","0","2"]],"bids":[["8476.97","256","0","12"]],"ts":"1597026383085","checksum":0,"prevSeqId":-1,'
    b'"seqId":123456}]}'
)
UPDATE = (
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8476.98","415","0","13"]],'
    b'"bids":[["8476.97","0","0","0"]],"ts":"1597026383085","checksum":-855196043,"prevSeqId":123456,"seqId":123457}]}'
)
KEEPALIVE = (
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[],"bids":[],"ts":'
    b'"1597026383085","checksum":0,"prevSeqId":15,"seqId":15}]}'
)
OF_2022 = (
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["30249.4","0","0","0"]],'
    b'"bids":[],"ts":"1652459225464","checksum":1361161687}]}'
)
BBO = (
    b'{"arg":{"channel":"bbo-tbt","instId":"BCH-USDT-SWAP"},"data":[{"asks":[["111.06","55154","0","2"]],"bids":['
    b'["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]}'
)
BOOKS5 = (
    b'{"arg":{"channel":"books5","instId":"BCH-USDT-SWAP"},"data":[{"asks":[["111.06","55154","0","2"],["111.07","5",'
    b'"0","2"]],"bids":[["111.05","57745","0","2"]],"instId":"BCH-USDT-SWAP","ts":"1670324386802","seqId":363996337}]}'
)
TRADE = (
    b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9",'
    b'"sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3","source":"0","seqId":1234}]}'
)
SINGLE = (
    b'{"arg":{"channel":"trades-all","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":'
    b'"42219.9","sz":"0.12060306","side":"sell","source":"0","ts":"1630048897897"}]}'
)
TICKER = (
    b'{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instType":"SPOT","instId":"BTC-USDT","last":"9999.99",'
    b'"lastSz":"0.1","askPx":"9999.99","askSz":"11","bidPx":"8888.88","bidSz":"5","open24h":"9000","ts":"1597026383085"}]}'
)
MARK = (
    b'{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP",'
    b'"markPx":"42310.6","ts":"1630049139746"}]}'
)
FUNDING = (
    b'{"arg":{"channel":"funding-rate","instId":"BTC-USD-SWAP"},"data":[{"fundingRate":"0.0001875391284828",'
    b'"fundingTime":"1700726400000","instId":"BTC-USD-SWAP","instType":"SWAP","method":"current_period",'
    b'"maxFundingRate":"0.00375","nextFundingRate":"","nextFundingTime":"1700755200000","settState":"settled",'
    b'"ts":"1700724675402"}]}'
)
INDEX = (
    b'{"arg":{"channel":"index-tickers","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","idxPx":"40000.1","high24h":'
    b'"0.5","ts":"1597026383085"}]}'
)
INSTRUMENTS = (
    b'{"arg":{"channel":"instruments","instType":"SPOT"},"data":[{"alias":"","baseCcy":"BTC","contTdSwTime":"",'
    b'"instId":"BTC-USDT","instType":"SPOT","listTime":"1606468572000","lotSz":"0.00000001","openType":"call_auction",'
    b'"state":"live","tickSz":"0.01","uly":"","instIdCode":1000000000,"upcChg":[{"param":"tickSz","newValue":"0.0001",'
    b'"effTime":"1704876947000"}]},{"instId":"XYZ-USDT","state":"preopen","tickSz":""}]}'
)
CANDLE = b'{"arg":{"channel":"candle1D","instId":"BTC-USDT"},"data":[["1597026383085","8533.02","8553.74","1"]]}'
STATUS = (
    b'{"arg":{"channel":"status"},"data":[{"begin":"1672823400000","end":"1672825980000","serviceType":"0","state":'
    b'"%s","system":"unified","title":"Trading account WebSocket system upgrade","ts":"1672826038470"}]}'
)
ACK = b'{"id":"1512","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}'
OLD_ACK = b'{"event":"subscribe","arg":{"channel":"tickers","instId":"BTC-USD-220527"}}'
COUNT = b'{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"abcd1234"}'
UPGRADE = (
    b'{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please '
    b'reconnect.","connId":"a4d3ae55"}'
)
NO_INSTRUMENT = (
    b'{"event":"error","msg":"Wrong URL or channel:tickers,instId:LTC-USD doesn\'t exist. Please use the correct URL, '
    b'channel and parameters referring to API document.","code":"60018","connId":"2b5dc6ac","id":"9"}'
)
BAD_REQUEST = (
    b'{"id":"1512","event":"error","code":"60012","msg":"Invalid request: {\\"op\\": \\"subscribe\\", \\"argss\\":[{ '
    b'\\"channel\\" : \\"books\\", \\"instId\\" : \\"BTC-USD-191227\\"}%s]}","connId":"a4d3ae55"}'
)
DATA = (SNAPSHOT, UPDATE, KEEPALIVE, OF_2022, BBO, BOOKS5, TRADE, SINGLE, TICKER, MARK, FUNDING, INDEX, INSTRUMENTS)
CONTROL = (CANDLE, STATUS % b"ongoing", ACK, OLD_ACK, COUNT, UPGRADE, NO_INSTRUMENT, BAD_REQUEST % b"", b"pong")


def read(frame: bytes, received: int = 7) -> Rows:
    rows = Rows()
    OKX.read(frame, received, 3, OURS, rows)
    return rows


def changed(frame: bytes, old: bytes, new: bytes) -> bytes:
    assert frame.count(old) == 1
    return frame.replace(old, new)


def test_a_snapshot_is_the_whole_book() -> None:
    rows = read(SNAPSHOT)
    assert rows.headers == [
        (1_597_026_383_085_000_000, 7, 123456, NO_SEQUENCE, NO_CHECKSUM, 0, 3, Kind.SNAPSHOT, 0, 0, 1, 3)
    ]
    assert (rows.level_prices, rows.level_sizes) == ([847_697, 847_698, 847_700], [256.0, 415.0, 7.0])


def test_an_update_continues_the_id_that_it_names_and_has_its_checksum_unsigned() -> None:
    (header,) = read(UPDATE).headers
    assert (header.kind, header.previous, header.sequence) == (Kind.DEPTH, 123456, 123457)
    assert header.price == 2**32 - 855196043
    assert read(UPDATE).level_sizes == [0.0, 415.0]


def test_a_keepalive_and_a_reset_of_the_ids_are_updates_as_they_say() -> None:
    (header,) = read(KEEPALIVE).headers
    assert (header.kind, header.previous, header.sequence, header.levels) == (Kind.DEPTH, 15, 15, 0)
    (header,) = read(changed(KEEPALIVE, b'"seqId":15', b'"seqId":3')).headers
    assert (header.previous, header.sequence) == (15, 3)


def test_an_update_of_2022_continues_nothing_and_has_a_checksum() -> None:
    (header,) = read(OF_2022).headers
    assert (header.previous, header.sequence, header.price) == (NO_SEQUENCE, 0, 1361161687)


@pytest.mark.parametrize(("frame", "levels"), [(BBO, 2), (BOOKS5, 3)])
def test_channels_without_changes_are_pictures(frame: bytes, levels: int) -> None:
    (header,) = read(frame).headers
    assert (header.kind, header.sequence, header.previous, header.levels) == (
        *(Kind.PICTURE, 363996337, NO_SEQUENCE),
        levels,
    )


def test_aggregated_trades_are_of_another_kind_than_single_ones() -> None:
    (header,) = read(TRADE).headers
    assert (header.kind, header.side, header.sequence, header.price) == (Kind.AGGREGATE_TRADE, 1, 130639474, 4_221_990)
    assert read(TRADE).header_sizes == [0.12060306]
    (single,) = read(SINGLE).headers
    assert (single.kind, single.side) == (Kind.TRADE, -1)


def test_a_ticker_is_a_quote_if_it_has_both_sides() -> None:
    rows = read(TICKER)
    assert (rows.headers[0].kind, rows.level_prices, rows.level_sizes) == (Kind.TICKER, [888_888, 999_999], [5.0, 11.0])
    assert read(changed(TICKER, b'"bidPx":"8888.88"', b'"bidPx":""')) == Rows()


def test_mark_price_index_and_funding_come_apart_and_lack_each_other() -> None:
    (mark,), (index,), (funding,) = (read(frame).marks for frame in (MARK, INDEX, FUNDING))
    assert (mark.mark_price, isnan(mark.index_price), mark.next_funding_time) == (42310.6, True, NO_TIME)
    assert (isnan(index.mark_price), index.index_price, index.instrument) == (True, 40000.1, 2)
    assert (isnan(funding.mark_price), funding.funding_rate) == (True, 0.0001875391284828)
    assert funding.next_funding_time == 1_700_726_400_000_000_000  # fundingTime: nextFundingTime is the one after it
    assert funding.exchange_time == 1_700_724_675_402_000_000
    assert read(changed(FUNDING, b',"ts":"1700724675402"', b"")).marks[0].exchange_time == NO_TIME


def test_states_of_defined_instruments_are_statuses_with_what_will_change() -> None:
    (status,) = read(INSTRUMENTS).statuses
    assert (status.instrument, status.phase, status.code, status.exchange_time) == ("BTC-USDT", "open", "live", NO_TIME)
    assert status.reason == "tickSz 0.0001 from 2024-01-10T08:55:47Z"
    (status,) = read(changed(INSTRUMENTS, b'"tickSz":"0.01"', b'"tickSz":"0.1"')).statuses
    assert status.reason.startswith("tickSz is 0.1, was defined as 0.01; ")


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("suspend", "halted"),
        ("post_only", "limited"),
        ("preopen", "closed"),
        ("expired", "delisted"),
        ("new", "unknown"),
    ],
)
def test_states_are_phases(state: str, phase: str) -> None:
    (status,) = read(changed(INSTRUMENTS, b'"live"', b'"%s"' % state.encode())).statuses
    assert (status.phase, status.code) == (phase, state)


def test_a_listing_is_an_auction_until_continuous_trade_begins() -> None:
    frame = changed(INSTRUMENTS, b'"contTdSwTime":""', b'"contTdSwTime":"1704876947000"')
    assert read(frame, 1_704_876_946 * 10**9).statuses[0].phase == "auction"
    assert read(frame, 1_704_876_948 * 10**9).statuses[0].phase == "open"


@pytest.mark.parametrize("frame", [CANDLE, STATUS % b"ongoing", ACK, OLD_ACK, COUNT, UPGRADE, b"pong"])
def test_frames_that_say_nothing_of_the_market_have_no_rows(frame: bytes) -> None:
    assert read(frame) == Rows()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (NO_INSTRUMENT, "refused request 9: Wrong URL"),
        (BAD_REQUEST % b"", "refused request 1512: Invalid request"),
        (changed(UPDATE, b'"action":"update",', b""), "neither snapshot nor update"),
        (changed(UPDATE, b'"prevSeqId":123456,', b""), "one of prevSeqId and seqId"),
        (changed(UPDATE, b'"prevSeqId":123456', b'"prevSeqId":-1'), "continue no id"),
        (changed(UPDATE, b'"BTC-USDT"', b'"XYZ-USDT"'), "no instrument is defined for 'XYZ-USDT'"),
        (changed(UPDATE, b"8476.98", b"8476.985"), "not a multiple of the tick size"),
        (changed(UPDATE, b'"8476.98"', b"8476.98"), "not understood"),
        (changed(UPDATE, b'"415"', b'"-415"'), "size"),
        (changed(UPDATE, b'"415"', b'"NaN"'), "size"),
        (changed(UPDATE, b'["8476.98","415","0","13"]', b'["8476.98"]'), "not understood"),
        (changed(TRADE, b'"buy"', b'"BUY"'), "not understood"),
        (changed(TRADE, b'"130639474"', b'"x1"'), "not understood"),
        (changed(MARK, b"42310.6", b"1e999"), "not a decimal number"),
        (
            changed(INDEX, b'"instId":"BTC-USDT"}', b'"instId":"XRP-USDT"}').replace(b'"BTC-USDT"', b'"XRP-USDT"'),
            "index XRP",
        ),
        (UPDATE[:-1], "not understood"),
        (b'{"arg":{"channel":"books-elp","instId":"BTC-USDT"},"action":"update","data":[]}', "no reader for books-elp"),
        (b'{"event":"notice","code":"1","msg":"something else"}', "event notice: something else"),
        (b'{"event":"error","code":"60014","msg":"Requests too frequent."}', "too frequent"),
        (b"ping", "not understood"),
        (b"{}", "no reader"),
        (b"[]", "not understood"),
    ],
)
def test_what_cannot_be_understood_is_refused_whole(frame: bytes, reason: str) -> None:
    refused(OKX, frame, OURS, reason)


def test_of_several_trades_all_are_written_or_none() -> None:
    two = json.loads(TRADE)
    two["data"] *= 2
    assert len(read(json.dumps(two).encode()).headers) == 2
    two["data"][1] = {**two["data"][1], "px": "1.234"}
    refused(OKX, json.dumps(two).encode(), OURS, "tick size")


@pytest.mark.parametrize("frame", [SNAPSHOT, UPDATE, TRADE, TICKER, FUNDING, ACK])
def test_a_key_that_comes_twice_is_refused_wherever_it_stands(frame: bytes) -> None:
    for twice in key_twice(frame):
        refused(OKX, twice, OURS, "comes twice")


def test_unknown_fields_are_tolerated() -> None:
    for frame in (UPDATE, TRADE, TICKER, MARK, FUNDING):
        assert read(frame[:-1] + b',"new":{"asks":[1]}}') == read(frame)
        assert read(frame.replace(b'"ts":', b'"st":{"a":[]},"ts":')) == read(frame)


def test_fuzzed_frames_are_read_whole_or_refused() -> None:
    assert hold(OKX, list(mutated(DATA + CONTROL, 20_000, seed=5)), OURS) > 200


def test_an_instrument_has_the_streams_of_its_type() -> None:
    (route,) = OKX.routes(["BTC-USDT", "BTC-USDT-SWAP", "BTC-USD-250627"])
    assert route.url == "wss://ws.okx.com:8443/ws/v5/public"
    assert route.streams == (
        *("status", "instruments:SPOT", "instruments:SWAP", "instruments:FUTURES"),
        *("books:BTC-USDT", "trades:BTC-USDT", "tickers:BTC-USDT"),
        *("books:BTC-USDT-SWAP", "trades:BTC-USDT-SWAP", "tickers:BTC-USDT-SWAP"),
        *("mark-price:BTC-USDT-SWAP", "funding-rate:BTC-USDT-SWAP", "index-tickers:BTC-USDT-SWAP"),
        *("books:BTC-USD-250627", "trades:BTC-USD-250627", "tickers:BTC-USD-250627", "mark-price:BTC-USD-250627"),
    )
    assert route.channels == OKX.carries("public") == set(Channel)


def test_fewer_than_thirty_books_are_on_one_connection() -> None:
    routes = OKX.routes([f"C{number}-USDT-SWAP" for number in range(60)])
    books = [sum(stream.startswith("books:") for stream in route.streams) for route in routes]
    assert (books, [route.name for route in routes]) == ([29, 29, 2], ["public", "public-2", "public-3"])
    assert all(len(route.streams) <= OKX.limits.streams_per_connection for route in routes)
    ((_, message, _),) = OKX.requests("SUBSCRIBE", routes[0].streams, 1)
    assert len(message) < OKX.limits.request_bytes


def test_requests_name_streams_as_the_venue_does_and_frames_lead_back_to_them() -> None:
    streams = ("status", "instruments:SWAP", "books:BTC-USDT", "index-tickers:BTC-USDT-SWAP")
    ((number, message, part),) = OKX.requests("UNSUBSCRIBE", streams, 5)
    assert (number, part) == (5, streams)
    arguments = [
        {"channel": "status"},
        {"channel": "instruments", "instType": "SWAP"},
        {"channel": "books", "instId": "BTC-USDT"},
        {"channel": "index-tickers", "instId": "BTC-USDT"},
    ]
    assert json.loads(message) == {"id": "5", "op": "unsubscribe", "args": arguments}
    for stream, argument in zip(streams, arguments, strict=True):
        ack = json.dumps({"id": "5", "event": "unsubscribe", "arg": argument}).encode()
        assert OKX.reply(ack) == Reply("ack", 5, streams=(stream,))
        frame = json.dumps({"data": [], "arg": argument}).encode()
        assert OKX.streams_of(frame) == ((stream,) if stream != "status" else ())


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (b"pong", Reply("pong")),
        (ACK, Reply("ack", 1512, streams=("books:BTC-USDT",))),
        (OLD_ACK, Reply("ack", None, streams=("tickers:BTC-USD-220527",))),
        (b'{"event":"login","code":"0","msg":"","connId":"a4d3ae55"}', Reply("login")),
        (
            b'{"event":"error","code":"60009","msg":"Login failed."}',
            Reply("refused", None, "Login failed. (code 60009)"),
        ),
        (b'{"event":"error","code":"60014","msg":"Requests too frequent."}', None),
        (b'{"event":"error","msg":"Please log in","code":"60011"}', Reply("error", None, "Please log in (code 60011)")),
        (STATUS % b"ongoing", Reply("maintenance", text="Trading account WebSocket system upgrade")),
        (STATUS % b"canceled", Reply("maintenance", text="Trading account WebSocket system upgrade", back=True)),
        (STATUS % b"scheduled", None),
        (COUNT, None),
        (UPDATE, None),
        (b"", None),
        (b"\xff", None),
        (b"[" * 10_000, None),
    ],
)
def test_control_frames_are_told_apart(frame: bytes, reply: Reply | None) -> None:
    assert OKX.reply(frame) == reply


def test_a_refusal_names_its_stream_unless_it_says_a_whole_request_again() -> None:
    for frame, number, streams in (
        (NO_INSTRUMENT, 9, ("tickers:LTC-USD",)),
        (BAD_REQUEST % b"", 1512, ("books:BTC-USD-191227",)),
        (BAD_REQUEST % b',{\\"channel\\":\\"books\\",\\"instId\\":\\"A-B\\"}', 1512, ()),
    ):
        reply = OKX.reply(frame)
        assert reply is not None
        assert (reply.kind, reply.request, reply.streams) == ("error", number, streams)


def test_an_announced_upgrade_is_a_shutdown() -> None:
    reply = OKX.reply(UPGRADE)
    assert reply is not None
    assert (reply.kind, OKX.streams_of(UPGRADE)) == ("shutdown", ())


def test_streams_have_channels_and_symbols() -> None:
    assert OKX.streams_of(UPDATE) == ("books:BTC-USDT",)
    assert OKX.streams_of(INSTRUMENTS) == ("instruments:SPOT",)
    for frame in (ACK, UPGRADE, b"pong", b"", b'{"arg":{"channel":"books","instId":"cut', b"[" * 10_000):
        assert OKX.streams_of(frame) == ()
    assert (OKX.channel_of("books:BTC-USDT"), OKX.symbol_of("books:BTC-USDT")) == (Channel.DEPTH, "BTC-USDT")
    assert (OKX.channel_of("instruments:SWAP"), OKX.symbol_of("instruments:SWAP")) == (Channel.STATUS, "")
    assert OKX.channel_of("liquidation-orders:SWAP") is Channel.TRADE  # unknown streams are never shed


@pytest.mark.parametrize(("code", "final"), [(4001, True), (4007, True), (451, True), (4004, False), (1006, False)])
def test_some_closes_are_final(code: int, final: bool) -> None:
    assert OKX.refuses(code, "") is final


def instruments(*rows: dict[str, object]) -> bytes:
    return json.dumps({"code": "0", "msg": "", "data": rows}).encode()


SWAP: dict[str, object] = {
    "instId": "BTC-USD-SWAP",
    "instType": "SWAP",
    "tickSz": "0.1",
    "lotSz": "1",
    "ctVal": "100",
    "ctMult": "1",
    "ctType": "inverse",
    "uly": "BTC-USD",
    "baseCcy": "",
    "quoteCcy": "",
    "state": "live",
    "listTime": "1535424203000",
    "instIdCode": 10458,
}


def test_definitions_come_from_public_instruments() -> None:
    moved = OKX.at(stream_url="ws://127.0.0.1:1/", rest_url="http://127.0.0.1:2/")
    symbols = ["BTC-USD-SWAP", "ETH-USDT", "BTC-USD-250328-92000-C", "BTC-USDT-SWAP", "BTC-USDT-250627"]
    assert [
        request.url.removeprefix("http://127.0.0.1:2/api/v5/public/instruments?")
        for request in moved.metadata_requests(symbols)
    ] == [
        *("instType=SWAP", "instType=SPOT", "instType=OPTION&instFamily=BTC-USD", "instType=FUTURES"),
    ]
    linear = SWAP | {"instId": "ETH-USDT-SWAP", "ctType": "linear", "ctVal": "0.10", "ctMult": "10", "uly": "ETH-USDT"}
    spot = {
        "instId": "ETH-USDT",
        "instType": "SPOT",
        "tickSz": "0.01",
        "lotSz": "0.000001",
        "baseCcy": "ETH",
        "quoteCcy": "USDT",
    }
    found = OKX.read_metadata(
        [instruments(SWAP, linear), instruments(spot)], ["ETH-USDT", "BTC-USD-SWAP", "ETH-USDT-SWAP"]
    )
    assert found == [
        InstrumentDefined("ETH-USDT", "0.01", "0.000001", base="ETH", quote="USDT", kind="spot"),
        InstrumentDefined(
            *("BTC-USD-SWAP", "0.1", "1", "100", True),
            base="BTC",
            quote="USD",
            kind="perpetual",
            status="live",
            stable_id="10458",
        ),
        InstrumentDefined(
            *("ETH-USDT-SWAP", "0.1", "1", "1", False),
            base="ETH",
            quote="USDT",
            kind="perpetual",
            status="live",
            stable_id="10458",
        ),
    ]


def test_an_instrument_that_is_not_open_yet_holds_from_its_listing() -> None:
    (defined,) = OKX.read_metadata([instruments(SWAP | {"state": "preopen"})], ["BTC-USD-SWAP"])
    assert defined.effective_ns == 1_535_424_203_000_000_000


def test_unlisted_symbols_are_named() -> None:
    with pytest.raises(VenueError, match=r"okx does not list XYZ, ABC; .* such as BTC-USD-SWAP"):
        OKX.read_metadata([instruments(SWAP)], ["XYZ", "BTC-USD-SWAP", "ABC"])
    for body, reason in (
        (b"<html>", "something else"),
        (b'{"code":"50011","msg":"Too Many Requests","data":[]}', "Too Many Requests"),
        (instruments(SWAP | {"tickSz": ""}), "no tick or lot size yet"),
        (instruments(SWAP | {"ctVal": "x"}), "no number"),
    ):
        with pytest.raises(VenueError, match=reason):
            OKX.read_metadata([body], ["BTC-USD-SWAP"])


@pytest.mark.parametrize(
    ("symbol", "kind", "contract_size", "inverse"),
    [
        ("BTC-USDT", "spot", "1", False),
        ("ETH-USDT-SWAP", "perpetual", "0.1", False),
        ("UNI-USD-SWAP", "perpetual", "10", True),
        ("BTC-USD-220527", "future", "100", True),
        ("BTC-USD-250328-92000-C", "option", "1", False),
    ],
)
def test_a_definition_is_inferred_from_what_was_seen(symbol: str, kind: str, contract_size: str, inverse: bool) -> None:
    said = OKX.infer(symbol, Seen("0.1", "0.001", 2, 3))
    assert (said.kind, said.contract_size, said.inverse) == (kind, contract_size, inverse)


def test_texts_of_every_kind_of_frame_are_found() -> None:
    assert OKX.texts(UPDATE) == (("BTC-USDT", ("8476.97", "8476.98"), ("0", "415")),)
    assert OKX.texts(TRADE) == (("BTC-USDT", ("42219.9",), ("0.12060306",)),)
    assert OKX.texts(TICKER) == (("BTC-USDT", ("8888.88", "9999.99"), ("5", "11")),)
    for frame in (CANDLE, ACK, MARK, INSTRUMENTS, b"pong"):
        assert OKX.texts(frame) == ()
    for poison in (b"", b"7", b'{"data":7}', b'{"data":[{"bids":[7]}]}'):
        with pytest.raises(FrameError):
            OKX.texts(poison)


REST = (
    b'{"code":"0","msg":"","data":[{"asks":[["8477","7","0","2"]],"bids":[["8476.97","256","0","12"]],"ts":'
    b'"1629966436396","seqId":123450}]}'
)


def test_a_rest_book_is_a_snapshot_that_updates_continue_should_the_venue_stop_sending_them() -> None:
    assert OKX.snapshot_request("BTC-USDT") is None
    spliced = replace(OKX, capability=replace(OKX.capability, snapshot="rest"))
    request = spliced.snapshot_request("BTC-USDT")
    assert request is not None
    assert request.url == "https://www.okx.com/api/v5/market/books?instId=BTC-USDT&sz=400"
    rows = Rows()
    OKX.read_snapshot(REST, "BTC-USDT", 7, 3, OURS, rows)
    assert (rows.headers[0].kind, rows.headers[0].sequence, rows.level_prices) == (
        Kind.SNAPSHOT,
        123450,
        [847_697, 847_700],
    )


@pytest.mark.parametrize(
    "body", [b"", b'{"code":"51001","data":[],"msg":"no"}', changed(REST, b',"seqId":123450', b""), REST[:-9] + b"}]}"]
)
def test_a_rest_book_that_cannot_be_placed_is_refused(body: bytes) -> None:
    rows = Rows()
    with pytest.raises(FrameError):
        OKX.read_snapshot(body, "BTC-USDT", 7, 3, OURS, rows)
    assert rows == Rows()
