"""Every message of Alpaca to its rows, from the JSON as it is sent."""

from math import isnan

import pytest

from market.errors import FrameError
from market.schema import NO_SEQUENCE, Flag, Kind
from tests.venues.array_frames import RECEIVED, captured, damaged, lengths, listings, read, refusals
from venues.alpaca import CRYPTO, IEX, SIP
from venues.rows import Rows
from venues.shares import trade_number

TRADE = (
    b'{"T":"t","S":"AAPL","i":628,"x":"K","p":162.92,"s":3,"c":["@","F","T","I"],"z":"C",'
    b'"t":"2023-04-06T11:54:26.838232225Z"}'
)
QUOTE = (
    b'{"T":"q","S":"AMD","bx":"K","bp":91.95,"bs":2,"ax":"Q","ap":91.98,"as":1,"c":["R"],"z":"C",'
    b'"t":"2023-04-06T11:54:21.670905508Z"}'
)
BOOK = (
    b'{"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50.79613221Z","b":[{"p":71859.53,"s":0.27994},{"p":71849.4,"s":0}],'
    b'"a":[{"p":71939.7,"s":0.83953}],"r":true}'
)
CRYPTO_TRADE = (
    b'{"T":"t","S":"AVAX/USD","p":47.299,"s":29.205707815,"t":"2024-03-12T10:27:48.858228144Z",'
    b'"i":3447222699101865076,"tks":"S"}'
)
BAR = (
    b'{"T":"b","S":"SPY","o":388.985,"h":389.13,"l":388.975,"c":389.12,"v":100,"n":461,"vw":389.5,'
    b'"t":"2021-02-22T19:15:00Z"}'
)
CORRECTION = (
    b'{"T":"c","S":"EEM","x":"M","oi":52983525033527,"op":39.1582,"os":440000,"oc":[" ","7"],"ci":52983525034326,'
    b'"cp":39.1809,"cs":440000,"cc":[" ","7"],"z":"B","t":"2023-04-06T14:25:06.542305024Z"}'
)
CANCEL = b'{"T":"x","S":"EEM","i":465,"x":"D","p":105.31,"s":300,"a":"C","z":"C","t":"2023-04-06T13:15:42.83540958Z"}'
BAND = b'{"T":"l","S":"IONM","u":3.24,"d":2.65,"i":"B","t":"2023-04-06T13:34:45.565004401Z","z":"C"}'
STATUS = (
    b'{"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T12","rm":"Trading Halted; For information requested",'
    b'"t":"2021-02-22T19:15:00Z","z":"C"}'
)
IMBALANCE = b'{"T":"i","S":"INAQU","p":9.12,"z":"C","t":"2024-12-13T19:58:09.242138635Z"}'
STOCK_MESSAGES = (TRADE, QUOTE, BAR, CORRECTION, CANCEL, BAND, STATUS, IMBALANCE)
CRYPTO_QUOTE = b'{"T":"q","S":"ETH/USDT","bp":1815.55510989,"bs":8.2,"ap":1818.4,"as":4.1,"t":"2023-03-18T13:51:33Z"}'


def array(*messages: bytes) -> bytes:
    return b"[" + b",".join(messages) + b"]"


def test_a_stock_trade_keeps_its_nanoseconds_and_has_no_side() -> None:
    rows = read(SIP, array(TRADE), "SPY", "AAPL")
    (header,) = rows.headers
    assert (header.exchange_time, header.receive_time) == (1680782066838232225, RECEIVED)
    assert (header.kind, header.instrument, header.price, header.side, header.flags) == (Kind.TRADE, 1, 16292, 0, 0)
    assert rows.header_sizes == [3.0]


def test_a_trade_is_told_apart_by_exchange_tape_and_day() -> None:
    numbers = [
        read(SIP, array(TRADE.replace(before, after)), "AAPL").headers[0].sequence
        for before, after in (
            (b"", b""),
            (b'"x":"K"', b'"x":"Z"'),
            (b'"z":"C"', b'"z":"A"'),
            (b'"i":628', b'"i":629'),
            (b"04-06", b"04-07"),
        )
    ]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) >= 0
    late = read(SIP, array(TRADE.replace(b"06T11:54:26", b"07T00:54:26")), "AAPL").headers[0].sequence
    assert late == numbers[0], "an evening in New York is of the same session"


@pytest.mark.parametrize(
    ("codes", "tape", "off_book"),
    [
        ('["@"]', "C", False),
        ('["@","F","T","I"]', "C", False),
        ('["@","W"]', "C", True),
        ('["B"]', "C", False),
        ('["B"]', "A", True),
        ('[" ","7"]', "B", True),
        ('["@","4"]', "A", True),
        ('["@","Z"]', "C", True),
        ('["@","O"]', "C", False),
        ('["@","6"]', "C", False),
        ('["M"]', "C", True),
        ('["Q"]', "A", True),
        ('["@","new"]', "C", False),
        ("null", "C", False),
        ("[]", "C", False),
    ],
)
def test_conditions_tell_which_trades_are_no_price_of_the_moment(codes: str, tape: str, off_book: bool) -> None:
    frame = TRADE.replace(b'["@","F","T","I"]', codes.encode()).replace(b'"z":"C"', f'"z":"{tape}"'.encode())
    assert read(SIP, array(frame), "AAPL").headers[0].flags == (Flag.OFF_BOOK if off_book else 0)


def test_a_quote_is_the_whole_book_in_shares() -> None:
    rows = read(SIP, array(QUOTE), "AMD")
    (header,) = rows.headers
    assert (header.kind, header.sequence, header.previous) == (Kind.PICTURE, 0, NO_SEQUENCE)
    assert (header.bids, header.levels, rows.level_prices) == (1, 2, [9195, 9198])
    assert rows.level_sizes == [200.0, 100.0], "round lots before November 2025"
    later = read(IEX, array(QUOTE.replace(b"2023-04-06", b"2026-04-06")), "AMD")
    assert later.level_sizes == [2.0, 1.0], "shares since"


@pytest.mark.parametrize(
    ("change", "bids", "prices"),
    [
        ((b'"bp":91.95', b'"bp":0'), 0, [9198]),
        ((b'"bs":2', b'"bs":0'), 0, [9198]),
        ((b'"as":1', b'"as":0'), 1, [9195]),
        ((b'"ap":91.98,"as":1', b'"ap":0,"as":0'), 1, [9195]),
    ],
)
def test_a_side_without_price_or_size_is_no_level(change: tuple[bytes, bytes], bids: int, prices: list[int]) -> None:
    rows = read(SIP, array(QUOTE.replace(*change)), "AMD")
    assert (rows.headers[0].bids, rows.level_prices) == (bids, prices)


def test_a_crypto_trade_keeps_an_id_beyond_floats_and_has_the_side_of_its_taker() -> None:
    (header,) = read(CRYPTO, array(CRYPTO_TRADE), "AVAX/USD", tick_size="0.001").headers
    assert (header.sequence, header.side, header.price) == (3447222699101865076, -1, 47299)
    for word, side in ((b'"tks":"B"', 1), (b'"tks":""', 0)):
        assert read(CRYPTO, array(CRYPTO_TRADE.replace(b'"tks":"S"', word)), "AVAX/USD", tick_size="0.001").headers[
            0
        ].side == (side)
    with pytest.raises(FrameError, match="tks"):
        read(CRYPTO, array(CRYPTO_TRADE.replace(b'"tks":"S"', b'"tks":"buy"')), "AVAX/USD", tick_size="0.001")


def test_a_crypto_quote_stands_beside_the_book() -> None:
    rows = read(CRYPTO, array(CRYPTO_QUOTE), "ETH/USDT", tick_size="0.00000001")
    assert (rows.headers[0].kind, rows.level_prices, rows.level_sizes) == (
        Kind.TICKER,
        [181555510989, 181840000000],
        [8.2, 4.1],
    )


@pytest.mark.parametrize(
    ("reset", "kind"), [(b',"r":true', Kind.SNAPSHOT), (b',"r":false', Kind.DEPTH), (b"", Kind.DEPTH)]
)
def test_a_book_is_whole_or_a_change(reset: bytes, kind: Kind) -> None:
    rows = read(CRYPTO, array(BOOK.replace(b',"r":true', reset)), "BTC/USD")
    (header,) = rows.headers
    assert (header.kind, header.sequence, header.previous, header.price) == (kind, 0, NO_SEQUENCE, 0)
    assert (header.bids, header.levels) == (2, 3)
    assert rows.level_prices == [7185953, 7184940, 7193970]
    assert rows.level_sizes == [0.27994, 0.0, 0.83953]


def test_bars_are_told_and_told_again() -> None:
    (bar,) = read(SIP, array(BAR), "SPY").venue_bars
    assert (bar.timeframe, bar.open_time, bar.trades, bar.updated) == ("1m", 1614021300000000000, 461, False)
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (388.985, 389.13, 388.975, 389.12, 100.0)
    assert bar.notional == 38950.0
    (late,) = read(SIP, array(BAR.replace(b'"T":"b"', b'"T":"u"')), "SPY").venue_bars
    (day,) = read(SIP, array(BAR.replace(b'"T":"b"', b'"T":"d"')), "SPY").venue_bars
    assert [(found.timeframe, found.updated) for found in (late, day)] == [("1m", True), ("1d", True)]
    short = BAR.replace(b',"n":461,"vw":389.5', b"")
    assert isnan(read(SIP, array(short), "SPY").venue_bars[0].notional)


def test_corrections_and_cancels_name_the_trade_as_trades_do() -> None:
    correction, cancel = read(SIP, array(CORRECTION, CANCEL), "EEM").corrections
    assert (correction.action, correction.price, correction.new_price) == ("correct", 39.1582, 39.1809)
    assert correction.trade_id == trade_number(correction.exchange_time, "M", "B", 52983525033527)
    assert correction.new_trade_id == trade_number(correction.exchange_time, "M", "B", 52983525034326)
    assert (cancel.action, cancel.size, cancel.new_trade_id) == ("cancel", 300.0, NO_SEQUENCE)
    trade = TRADE.replace(b'"S":"AAPL","i":628,"x":"K"', b'"S":"EEM","i":465,"x":"D"')
    assert read(SIP, array(trade), "EEM").headers[0].sequence == cancel.trade_id
    assert isnan(cancel.new_price)


def test_a_price_band_and_a_halt_are_statuses() -> None:
    band, halt = read(SIP, array(BAND, STATUS), "IONM", "AAPL").statuses
    assert (band.phase, band.code, band.lower_price, band.upper_price) == ("limits", "B", 2.65, 3.24)
    assert (halt.instrument, halt.phase, halt.code) == ("AAPL", "halted", "H")
    assert halt.reason == "Trading Halt; T12; Trading Halted; For information requested"
    assert isnan(halt.lower_price)


@pytest.mark.parametrize(
    ("code", "phase"),
    [
        ("P", "halted"),
        ("2", "halted"),
        ("Q", "auction"),
        ("T", "open"),
        ("3", "open"),
        ("E", "unknown"),
        ("9", "unknown"),
    ],
)
def test_codes_of_both_plans_are_phases(code: str, phase: str) -> None:
    (status,) = read(SIP, array(STATUS.replace(b'"sc":"H"', f'"sc":"{code}"'.encode())), "AAPL").statuses
    assert (status.phase, status.code) == (phase, code)


def test_control_messages_and_imbalances_are_no_rows_and_a_refusal_is_a_dead_letter() -> None:
    for message in (IMBALANCE, b'{"T":"success","msg":"connected"}', b'{"T":"subscription","trades":["A"]}'):
        assert not any(lengths(read(SIP, array(message), "A")))
    with pytest.raises(FrameError, match=r"refused: auth failed \(code 402\)"):
        read(SIP, b'[{"T":"error","code":402,"msg":"auth failed"}]')


@pytest.mark.parametrize("message", STOCK_MESSAGES)
def test_new_fields_and_another_order_of_fields_change_nothing(message: bytes) -> None:
    plain = read(SIP, array(message), "AAPL", "AMD", "SPY", "EEM", "IONM")
    new = message[:-1] + b',"new":{"a":[1,{"b":"2: 3"}]}}'
    head, _, rest = message[1:-1].partition(b",")
    for other in (new, b"{" + rest + b"," + head + b"}", message.replace(b'":', b'" : ')):
        assert str(read(SIP, array(other), "AAPL", "AMD", "SPY", "EEM", "IONM")) == str(plain)


@pytest.mark.parametrize("message", [*STOCK_MESSAGES, BOOK, CRYPTO_TRADE, CRYPTO_QUOTE])
def test_a_key_twice_makes_a_frame_meaningless(message: bytes) -> None:
    venue = CRYPTO if b"/" in message else SIP
    symbols = "AAPL", "AMD", "SPY", "EEM", "IONM", "INAQU", "BTC/USD", "AVAX/USD", "ETH/USDT"
    twice = message[:-1] + b',"S":"AAPL"}'
    with pytest.raises(FrameError, match="twice"):
        read(venue, array(message, twice), *symbols, tick_size="0.00000001")
    level = BOOK.replace(b'{"p":71859.53,', b'{"p":71859.53,"p":71859.53,')
    with pytest.raises(FrameError, match="twice"):
        read(CRYPTO, array(level), "BTC/USD")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (TRADE.replace(b'"T":"t"', b'"T":"zz"'), r"Invalid value 'zz' - at `\$\[1\]\.T`"),
        (TRADE.replace(b"162.92", b"162.925"), "162.925 is not a multiple of the tick size"),
        (TRADE.replace(b"162.92", b"-162.92"), "not a decimal number"),
        (TRADE.replace(b"162.92", b'"162.92"'), "not a decimal number"),
        (TRADE.replace(b"162.92", b"NaN"), "not understood"),
        (TRADE.replace(b'"s":3', b'"s":-3'), "not understood"),
        (TRADE.replace(b'"s":3', b'"s":1e999'), "out of range"),
        (TRADE.replace(b'"S":"AAPL"', b'"S":"MSFT"'), "no instrument is defined for 'MSFT'"),
        (TRADE.replace(b"2023-04-06T", b"2023-13-06T"), "time 2023-13-06"),
        (TRADE.replace(b'"i":628', b'"i":9223372036854775808'), "not understood"),
        (TRADE[:-20], "not understood"),
        (b"", "not understood"),
        (b"[" * 10_000, "not understood"),
    ],
)
def test_a_frame_is_read_whole_or_not_at_all(wrong: bytes, reason: str) -> None:
    rows = Rows()
    with pytest.raises(FrameError, match=reason):
        SIP.read(array(TRADE, wrong), RECEIVED, 0, listings(SIP, ["AAPL"], "0.01"), rows)
    assert not any(lengths(rows))


def test_the_binary_form_is_named_as_what_it_is() -> None:
    with pytest.raises(FrameError, match="msgpack"):
        read(SIP, b"\x91\x82\xa1T\xa7success\xa3msg\xa9connected")


CAPTURES = [(SIP, "alpaca_stock_frames.jsonl", 14), (CRYPTO, "alpaca_crypto_frames.jsonl", 11)]
SAMPLES = {SIP: STOCK_MESSAGES, CRYPTO: (BOOK, CRYPTO_TRADE, CRYPTO_QUOTE, BAR)}


@pytest.mark.parametrize(("venue", "file", "count"), [*CAPTURES, (IEX, "alpaca_test_stream_frames.jsonl", 6)])
def test_every_captured_frame_is_read(venue: object, file: str, count: int) -> None:
    frames = captured(file)
    symbols = {texts.symbol for frame in frames for texts in venue.texts(frame)} - {""}
    rows = Rows()
    for frame in frames:
        before = sum(lengths(rows))
        venue.read(frame, RECEIVED, 0, listings(venue, sorted(symbols)), rows)
        is_data = bool(venue.streams_of(frame)) and b'"T":"i"' not in frame
        assert is_data == (sum(lengths(rows)) > before)
    assert len(frames) == count


@pytest.mark.parametrize("venue", [SIP, CRYPTO], ids=lambda venue: venue.name)
def test_damaged_frames_are_refused_for_a_reason_and_leave_nothing_behind(venue: object) -> None:
    messages = SAMPLES[venue]
    known = listings(venue, ["AAPL", "AMD", "SPY", "EEM", "IONM", "BTC/USD", "AVAX/USD", "ETH/USDT"])
    refused = refusals(venue, damaged([array(*messages), *map(array, messages)], 20_000, seed=7), known)
    assert 10_000 < refused < 20_000
