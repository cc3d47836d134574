"""Every message of Massive to its rows, from the JSON as it is sent."""

import json
from math import isnan

import pytest

from market.errors import FrameError
from market.schema import NO_SEQUENCE, Flag, Kind
from tests.venues.array_frames import RECEIVED, captured, damaged, lengths, listings, read, refusals
from venues.massive import CRYPTO, STOCKS
from venues.rows import Rows

TRADE = b'{"ev":"T","sym":"MSFT","x":4,"i":"12345","z":3,"p":114.125,"s":100,"c":[0,12],"t":1536036818784,"q":3681328}'
QUOTE = (
    b'{"ev":"Q","sym":"MSFT","bx":4,"bp":114.125,"bs":100,"ax":7,"ap":114.128,"as":160,"c":0,"i":[604],"t":1536036818784,'
    b'"q":50385480,"z":3}'
)
MINUTE = (
    b'{"ev":"AM","sym":"GTE","v":4110,"av":9470157,"op":0.4372,"vw":0.5,"o":0.4488,"c":0.4486,"h":0.4489,"l":0.4486,'
    b'"a":0.4352,"z":685,"s":1610144640000,"e":1610144700000}'
)
BAND = b'{"ev":"LULD","T":"MSFT","h":218.96,"l":198.11,"i":[21,17],"z":3,"t":1601316752683746,"q":290317}'
IMBALANCE = (
    b'{"ev":"NOI","T":"NTEST.Q","t":1601318039223013600,"at":930,"a":"M","i":44,"x":10,"o":480,"p":440,"b":25.03}'
)
CRYPTO_TRADE = (
    b'{"ev":"XT","pair":"BTC-USD","p":33021.9,"t":1610462007425,"s":0.01616617,"c":[2],"i":14272084,"x":3,'
    b'"r":1610462007576}'
)
CRYPTO_QUOTE = (
    b'{"ev":"XQ","pair":"BTC-USD","lp":0,"ls":0,"bp":33052.79,"bs":0.48,"ap":33073.19,"as":0.601,"t":1610462411115,"x":1,'
    b'"r":1610462411128}'
)
CRYPTO_BOOK = (
    b'{"ev":"XL2","pair":"BTC-USD","t":1610462411115,"r":1610462411128,"x":1,"b":[[33712.71,0.18635],[33712.7,0.134]],'
    b'"a":[[33718.23,3.5527483]]}'
)
CRYPTO_MINUTE = (
    b'{"ev":"XA","pair":"BCD-USD","v":951.6112,"vw":0.7756,"z":73,"o":0.772,"c":0.784,"h":0.784,"l":0.771,'
    b'"s":1610463240000,"e":1610463300000}'
)
STOCK_MESSAGES = (TRADE, QUOTE, MINUTE, BAND, IMBALANCE)
CRYPTO_MESSAGES = (CRYPTO_TRADE, CRYPTO_QUOTE, CRYPTO_BOOK, CRYPTO_MINUTE)
SYMBOLS = "MSFT", "GTE", "BTC-USD", "BTC-USD@1", "BCD-USD"


def array(*messages: bytes) -> bytes:
    return b"[" + b",".join(messages) + b"]"


def stocks(*messages: bytes) -> Rows:
    return read(STOCKS, array(*messages), *SYMBOLS, tick_size="0.001")


def crypto(*messages: bytes) -> Rows:
    return read(CRYPTO, array(*messages), *SYMBOLS)


def test_a_stock_trade_has_its_time_and_no_side() -> None:
    rows = stocks(TRADE)
    (header,) = rows.headers
    assert (header.exchange_time, header.receive_time) == (1536036818784000000, RECEIVED)
    assert (header.kind, header.instrument, header.price, header.side, header.flags) == (Kind.TRADE, 0, 114125, 0, 0)
    assert rows.header_sizes == [100.0]


def test_fractional_shares_are_taken_from_their_text() -> None:
    assert stocks(TRADE.replace(b'"s":100', b'"s":0,"ds":"0.3701"')).header_sizes == [0.3701]
    assert stocks(TRADE.replace(b'"s":100', b'"ds":"12.5"')).header_sizes == [12.5]
    with pytest.raises(FrameError, match="decimal number"):
        stocks(TRADE.replace(b'"s":100', b'"ds":"-1"'))
    with pytest.raises(FrameError, match="without a size"):
        stocks(TRADE.replace(b',"s":100', b""))


def test_a_trade_is_told_apart_by_exchange_tape_facility_and_day() -> None:
    numbers = [
        stocks(TRADE.replace(before, after)).headers[0].sequence
        for before, after in (
            (b"", b""),
            (b'"x":4', b'"x":5'),
            (b'"z":3', b'"z":1'),
            (b'"12345"', b'"12346"'),
            (b'"z":3', b'"z":3,"trfi":202'),
            (b"1536036818784", b"1536136818784"),
        )
    ]
    assert len(set(numbers)) == len(numbers)
    assert stocks(TRADE.replace(b'"12345"', b"12345")).headers[0].sequence == numbers[0]
    assert stocks(TRADE.replace(b'"i":"12345",', b"")).headers[0].sequence == NO_SEQUENCE


@pytest.mark.parametrize(
    ("codes", "off_book"),
    [
        ("[0,12]", 0),
        ("[14,41]", 0),
        ("[37]", 0),
        ("[2]", 1),
        ("[12,53]", 1),
        ("[15]", 1),
        ("[8]", 0),
        ("null", 0),
        ("[]", 0),
    ],
)
def test_conditions_tell_which_trades_are_no_price_of_the_moment(codes: str, off_book: int) -> None:
    (header,) = stocks(TRADE.replace(b"[0,12]", codes.encode())).headers
    assert header.flags == off_book * Flag.OFF_BOOK


def test_a_stock_quote_is_the_whole_book_in_shares() -> None:
    rows = stocks(QUOTE)
    (header,) = rows.headers
    assert (header.kind, header.sequence, header.previous) == (Kind.PICTURE, 0, NO_SEQUENCE)
    assert (header.bids, rows.level_prices, rows.level_sizes) == (1, [114125, 114128], [10000.0, 16000.0])
    later = stocks(QUOTE.replace(b"1536036818784", b"1775476818784"))
    assert later.level_sizes == [100.0, 160.0]


@pytest.mark.parametrize(
    ("gone", "bids", "prices"),
    [(b'"bp":114.125,"bs":100,', 0, [114128]), (b'"as":160,', 1, [114125]), (b'"ap":114.128,"as":160,', 1, [114125])],
)
def test_a_side_that_is_left_out_of_a_picture_is_no_level(gone: bytes, bids: int, prices: list[int]) -> None:
    rows = stocks(QUOTE.replace(gone, b""))
    assert (rows.headers[0].bids, rows.level_prices) == (bids, prices)
    zero = stocks(QUOTE.replace(b'"bp":114.125,"bs":100', b'"bp":0,"bs":0'))
    assert zero.level_prices == [114128]


def test_bars_have_seconds_or_minutes() -> None:
    minute, second = stocks(MINUTE, MINUTE.replace(b'"AM"', b'"A"')).venue_bars
    assert (minute.timeframe, second.timeframe, minute.open_time) == ("1m", "1s", 1610144640000000000)
    assert (minute.open, minute.high, minute.low, minute.close) == (0.4488, 0.4489, 0.4486, 0.4486)
    assert (minute.volume, minute.notional, minute.trades) == (4110.0, 2055.0, 0)
    (fraction,) = stocks(MINUTE.replace(b'"v":4110', b'"v":4110,"dv":"4110.25"')).venue_bars
    assert fraction.volume == 4110.25
    (crypto_minute, crypto_second) = crypto(CRYPTO_MINUTE, CRYPTO_MINUTE.replace(b'"XA"', b'"XAS"')).venue_bars
    assert (crypto_minute.instrument, crypto_minute.timeframe, crypto_second.timeframe) == ("BCD-USD", "1m", "1s")
    (bare,) = stocks(MINUTE.replace(b'"v":4110,', b"").replace(b'"vw":0.5,', b"")).venue_bars
    assert isnan(bare.volume)
    assert isnan(bare.notional)


def test_the_unit_of_a_stamp_is_told_by_its_size() -> None:
    (micro,) = stocks(BAND).statuses
    (nano,) = stocks(BAND.replace(b"1601316752683746", b"1601316752683746123")).statuses
    assert (micro.exchange_time, nano.exchange_time) == (1601316752683746000, 1601316752683746123)
    assert (micro.phase, micro.code, micro.lower_price, micro.upper_price) == ("limits", "21,17", 198.11, 218.96)
    with pytest.raises(FrameError, match="is not a time between 2000 and 2100"):
        stocks(BAND.replace(b"1601316752683746", b"9201316752683746"))


def test_a_crypto_trade_has_the_side_of_its_taker() -> None:
    (header,) = crypto(CRYPTO_TRADE).headers
    assert (header.kind, header.instrument, header.price, header.side) == (Kind.TRADE, 2, 3302190, 1)
    for codes, side in ((b"[1]", -1), (b"[0]", 0), (b"[]", 0), (b"[0,2]", 1), (b"null", 0)):
        assert crypto(CRYPTO_TRADE.replace(b"[2]", codes)).headers[0].side == side
    with pytest.raises(FrameError, match="both bought and sold"):
        crypto(CRYPTO_TRADE.replace(b"[2]", b"[1,2]"))


def test_ids_of_crypto_trades_are_of_their_exchange() -> None:
    one, other, none = (
        crypto(CRYPTO_TRADE.replace(before, after)).headers[0].sequence
        for before, after in ((b"", b""), (b'"x":3', b'"x":6'), (b'"i":14272084,', b""))
    )
    assert one != other
    assert none == NO_SEQUENCE


def test_a_crypto_quote_is_that_of_its_exchange() -> None:
    rows = crypto(CRYPTO_QUOTE)
    (header,) = rows.headers
    assert (header.kind, header.previous, header.sequence, header.bids) == (Kind.QUOTE, 1, 0, 1)
    assert (rows.level_prices, rows.level_sizes) == ([3305279, 3307319], [0.48, 0.601])
    withdrawn = crypto(CRYPTO_QUOTE.replace(b'"bs":0.48', b'"bs":0'))
    assert withdrawn.level_sizes == [0.0, 0.601]
    bid_only = crypto(CRYPTO_QUOTE.replace(b'"ap":33073.19,', b""))
    assert (bid_only.level_prices, bid_only.level_sizes) == ([3305279, 0], [0.48, 0.0]), "a side left out is withdrawn"


def test_a_crypto_book_goes_to_the_instrument_of_its_exchange() -> None:
    rows = crypto(CRYPTO_BOOK)
    (header,) = rows.headers
    assert (header.kind, header.instrument, header.bids, header.levels) == (Kind.PICTURE, 3, 2, 3)
    assert rows.level_prices == [3371271, 3371270, 3371823]
    assert not any(lengths(crypto(CRYPTO_BOOK.replace(b'"x":1', b'"x":2')))), "nobody asked for that exchange"
    with pytest.raises(FrameError, match="no instrument is defined for 'BTC-USD@1'"):
        read(CRYPTO, array(CRYPTO_BOOK), "BTC-USD")


def test_what_is_known_and_not_used_is_no_rows_and_a_refusal_is_a_dead_letter() -> None:
    for message in (
        IMBALANCE,
        b'{"ev":"FMV","fmv":189.22,"sym":"AAPL","t":1678220098130}',
        b'{"ev":"LV","val":189.22,"sym":"AAPL","t":1678220098130}',
        b'{"ev":"V","val":3988.5,"T":"I:SPX","t":1678220098130}',
        b'{"ev":"status","status":"success","message":"subscribed to: T.AAPL"}',
    ):
        assert not any(lengths(stocks(message)))
    with pytest.raises(FrameError, match=r"refused: not authorized \(auth_failed\)"):
        stocks(b'{"ev":"status","status":"auth_failed","message":"not authorized"}')


@pytest.mark.parametrize("message", [*STOCK_MESSAGES, *CRYPTO_MESSAGES])
def test_new_fields_and_another_order_of_fields_change_nothing(message: bytes) -> None:
    venue = CRYPTO if b"pair" in message else STOCKS
    plain = read(venue, array(message), *SYMBOLS, tick_size="0.001")
    head, _, rest = message[1:-1].partition(b",")
    for other in (
        message[:-1] + b',"new":{"a":[1,{"b":"2: 3"}]}}',
        b"{" + rest + b"," + head + b"}",
        message.replace(b'":', b'" : '),
    ):
        assert str(read(venue, array(other), *SYMBOLS, tick_size="0.001")) == str(plain)


@pytest.mark.parametrize("message", [*STOCK_MESSAGES, *CRYPTO_MESSAGES])
def test_a_key_twice_makes_a_frame_meaningless(message: bytes) -> None:
    venue = CRYPTO if b"pair" in message else STOCKS
    for key in json.loads(message):
        if key != "ev":
            again = json.dumps({key: json.loads(message)[key]}).encode()[1:-1].replace(b" ", b"")
            with pytest.raises(FrameError, match="twice"):
                read(venue, array(message, message[:-1] + b"," + again + b"}"), *SYMBOLS, tick_size="0.001")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (TRADE.replace(b'"ev":"T"', b'"ev":"C"'), r"Invalid value 'C' - at `\$\[2\]\.ev`"),
        (TRADE.replace(b"114.125", b"114.1255"), "114.1255 is not a multiple of the tick size"),
        (TRADE.replace(b"114.125", b"-114.125"), "not a decimal number"),
        (TRADE.replace(b"114.125", b'"114.125"'), "not a decimal number"),
        (TRADE.replace(b"114.125", b"[1]"), "not a decimal number"),
        (TRADE.replace(b"114.125", b"NaN"), "not understood"),
        (TRADE.replace(b'"s":100', b'"s":-3'), "not understood"),
        (TRADE.replace(b'"s":100', b'"s":1e999'), "out of range"),
        (TRADE.replace(b"MSFT", b"AAPL"), "no instrument is defined for 'AAPL'"),
        (TRADE.replace(b"1536036818784", b'"1536036818784"'), "not understood"),
        (TRADE[:-20], "not understood"),
        (b"[" * 10_000, "not understood"),
    ],
)
def test_a_frame_is_read_whole_or_not_at_all(wrong: bytes, reason: str) -> None:
    rows = Rows()
    with pytest.raises(FrameError, match=reason):
        STOCKS.read(array(TRADE, MINUTE, wrong), RECEIVED, 0, listings(STOCKS, SYMBOLS, "0.001"), rows)
    assert not any(lengths(rows))


# Which examples of the documentation are dead letters, and why: they are of markets that these clusters do not serve.
UNDEFINED = "no instrument is defined"
ELSEWHERE = {
    "/forex/C": "Invalid value 'C'",
    "/forex/CA": "Invalid value 'CA'",
    "/forex/CAS": "Invalid value 'CAS'",
    "/options/T": UNDEFINED,
    "/options/Q": UNDEFINED,
    "/options/A": UNDEFINED,
    "/options/AM": UNDEFINED,
    "/launchpad/options/AM": UNDEFINED,
    "/launchpad/forex/AM": UNDEFINED,
    "/launchpad/crypto/AM": UNDEFINED,
    "/indices/A": UNDEFINED,
    "/indices/AM": UNDEFINED,
}


def test_every_documented_message_of_stocks_and_crypto_is_read() -> None:
    reasons = {}
    lines = captured("massive_doc_examples.jsonl")
    for line in lines:
        path = json.loads(line)["channel_path"]
        frame = b"[" + line[line.index(b'"example": ') + 11 : -1] + b"]"
        venue = CRYPTO if "crypto" in path else STOCKS
        symbols = [text.symbol for text in venue.texts(frame) if ":" not in text.symbol]
        try:
            venue.read(frame, RECEIVED, 0, listings(venue, symbols), Rows())
        except FrameError as error:
            reasons[path] = str(error)
    assert len(lines) == 33
    assert reasons.keys() == ELSEWHERE.keys()
    assert all(ELSEWHERE[path] in reason for path, reason in reasons.items())


def test_the_recorded_quotes_of_four_exchanges_are_read_but_for_the_one_that_was_cut_in_two() -> None:
    frames = [b"[" + line.strip(b"[], ") + b"]" for line in captured("polygon_crypto_XQ_20230726.first_half.txt")]
    known, rows, dead = listings(CRYPTO, [], "0.00000001"), Rows(), []
    for number, frame in enumerate(frames):
        try:
            known |= listings(CRYPTO, sorted({text.symbol for text in CRYPTO.texts(frame)}), "0.00000001")
            CRYPTO.read(frame, RECEIVED, number, known, rows)
        except FrameError:
            dead.append(number)
    assert (len(frames), len(rows.headers), len(known), dead) == (4932, 5268, 21, [4450, 4451])
    assert {header.previous for header in rows.headers} == {1, 2, 6, 23}
    assert {(header.kind, header.levels) for header in rows.headers} == {(Kind.QUOTE, 2)}


@pytest.mark.parametrize("venue", [STOCKS, CRYPTO], ids=lambda venue: venue.name)
def test_damaged_frames_are_refused_for_a_reason_and_leave_nothing_behind(venue: object) -> None:
    messages = STOCK_MESSAGES if venue is STOCKS else CRYPTO_MESSAGES
    known = listings(venue, SYMBOLS)
    refused = refusals(venue, damaged([array(*messages), *map(array, messages)], 20_000, seed=11), known)
    assert 10_000 < refused < 20_000
