"""What the scanner takes and what it leaves; that the two ways agree is the business of test_fuzz."""

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from market.instrument import Instrument, InstrumentTable
from market.schema import Flag, Kind
from operators.scan.build import compiled
from operators.scan.message import MOST_STRANGERS
from operators.scan.reading import Reading
from operators.scan.symbols import MISSING, find, hashed, home, step
from operators.scan.words import LONGEST_TEXT, load
from tests.captures import real
from tests.operators.scan import differential
from tests.operators.test_decode import DEPTH, TRADE, combined
from venues.keys import MAX_FRAME_BYTES, Array, Entrance, Field, Form, Layout, Levels, Object, Slot

TRADED = combined("trade", **TRADE)


def taken(frame: bytes, venue: str = "binance-usdm") -> bool:
    """Whether the scanner takes a frame, which it must take rightly."""
    return bool(differential.compare([frame], venue))


@pytest.mark.parametrize("name", sorted(real.PAIRS))
def test_every_frame_of_the_captures_but_the_rest_book_is_taken_and_taken_rightly(name: str) -> None:
    venue, symbol, tick, *_ = real.PAIRS[name]
    instruments = differential.table({symbol: tick})
    for batch in real.batches(name, rows=2_000)[1:]:
        frames = list(batch.frames)
        books = sum(frame.startswith(b'{"lastUpdateId"') for frame in frames)
        assert differential.compare(frames, venue, instruments) == len(frames) - books


def test_keys_may_stand_in_any_order_and_blanks_where_json_has_them() -> None:
    back = dict(reversed(DEPTH.items()))
    for frame in (
        combined("depth", **back),
        json.dumps({"stream": "@depth", "data": back}, indent=2).encode() + b"\r\n",
    ):
        assert taken(frame)


def test_a_message_may_come_without_an_envelope_wherever_it_names_itself() -> None:
    for body in (DEPTH, dict(reversed(DEPTH.items())), TRADE):
        assert taken(json.dumps(body).encode())
    ticker = {"u": 5, "s": "BTCUSDT", "b": "28145.10", "B": "1", "a": "28145.20", "A": "2"}
    assert taken(json.dumps(ticker).encode(), "binance-spot")
    assert not taken(json.dumps(ticker).encode(), "binance-usdm")


def test_unknown_scalars_are_skipped() -> None:
    new = {"new": "x:y", "k" * 23: -1.5, "none": None, "yes": True, "no": False, "ten": 10}
    assert taken(combined("trade", **TRADE | new))
    assert not taken(json.dumps(TRADE | new).encode()), "without an envelope it may be about the connection"


@pytest.mark.parametrize(
    "frame",
    [
        TRADED.replace(b'"t":3', b'"t":3,"t":3'),
        TRADED.replace(b'"t":3', b'"t":3,"new":1,"new":1'),
        TRADED.replace(b'"t":3', b'"t":3,"new":[1]'),
        TRADED.replace(b'"t":3', b'"t":3,"new":1e5'),
        TRADED.replace(b'"t":3', b'"\\u0074":3'),
        TRADED.replace(b'"t":3', b'"t":3,' + b",".join(b'"n%d":1' % n for n in range(MOST_STRANGERS + 1))),
        TRADED.replace(b'"0.002"', b'"2e-3"'),
        TRADED.replace(b'"0.002"', b'"9007199254740993"'),
        TRADED.replace(b'"0.002"', b'0.002'),
        TRADED.replace(b'"t":3', b'"t":9223372036854775807'),
        TRADED.replace(b"BTCUSDT", "BTCUSDT½".encode()),
        TRADED + b" " * MAX_FRAME_BYTES,
        TRADED.replace(b'{"stream":"btcusdt@trade","data":', b'{"data":')[:-1] + b',"stream":"btcusdt@trade"}',
        b'{"lastUpdateId":5,"bids":[["28145.10","1"]],"asks":[]}',
        b'{"result":null,"id":1}',
        b"\x1e" + TRADED,
        b"",
    ],
)  # fmt: skip
def test_what_is_odd_is_left_to_the_slow_path(frame: bytes) -> None:
    assert taken(TRADED)
    assert not taken(frame)


def test_ids_beyond_the_floats_are_exact() -> None:
    events = differential.scanned([combined("depth", **DEPTH)], "binance-usdm").events
    assert events["sequence"].tolist() == [9_007_199_254_740_993] * 4


STOCK_TRADE = Object(
    (
        Field("T", Form.WORD, words={"t": 0}),
        Field("S", Form.TEXT, Slot.SYMBOL),
        Field("i", Form.INTEGER, Slot.LAST_ID),
        Field("p", Form.NUMBER_PRICE, Slot.PRICE),
        Field("s", Form.NUMBER, Slot.SIZE),
        Field("c", Form.WORDS, Slot.FLAGS, {"@": 0, "I": 0, "Z": Flag.OFF_BOOK, "W": Flag.SHED}),
        Field("d", Form.LITERALS, Slot.SIDE, {"1": -1, "2": 1}, required=False),
        Field("u", Form.SCALARS, required=False),
    ),
    writes=Kind.TRADE,
)


@pytest.mark.parametrize(
    ("end", "flags", "side"),
    [
        (b'"c":[]', 0, 0),
        (b'"c":["@" , "I"]', 0, 0),
        (b'"c":["@","Z","W"],"d":[2]', Flag.OFF_BOOK | Flag.SHED, 1),
        (b'"c":["@"],"d":[ 1 ],"u":[1,"x",null,true,-0.5]', 0, -1),
        (b'"c":["@"],"u":[]', 0, 0),
    ],
)
def test_words_in_an_array_are_joined(end: bytes, flags: int, side: int) -> None:
    events = of_stocks(end)
    assert events is not None
    assert events[["flags", "side", "sequence"]].tolist() == [(flags, side, 52983525033527)] * 2


@pytest.mark.parametrize(
    "end",
    [
        b'"c":["@","?"]', b'"c":["@",]', b'"c":["@"', b'"c":"@"', b'"c":[1]', b'"c":["@"],"d":[1,2]',
        b'"c":[],"d":["1"]', b'"c":[],"d":[12]', b'"c":[],"d":[1x]',
        b'"c":[],"u":[[]]', b'"c":[],"u":[1,]', b'"c":[],"u":[1}', b'"c":[],"u":1',
    ],
)  # fmt: skip
def test_an_array_of_other_words_is_left_to_the_slow_path(end: bytes) -> None:
    assert of_stocks(end) is None


def of_stocks(end: bytes) -> np.ndarray | None:
    """The rows of a frame of two trades that end so; None where the scanner leaves it."""
    trade = b'{"T":"t","S":"A","i":52983525033527,"p":39.15,"s":440000,%s}' % end
    layout = Layout((Entrance("T", {"t": STOCK_TRADE}),), array=True)
    reading = Reading(layout, differential.batch([b"[%s,%s]" % (trade, trade)], "alpaca-sip"))
    odd = list(reading.odd_frames(lambda: hashed(differential.table({"A": "0.01"}))))
    return None if odd else reading.events()


def test_a_key_that_is_too_long_is_refused_when_the_table_is_made() -> None:
    message = Object((Field("s", Form.TEXT, Slot.SYMBOL), Field("k" * 24)))
    with pytest.raises(ValueError, match="longer than 23 bytes"):
        compiled(Layout((Entrance("e", {"t": message}),)))


LEVEL = Object((Field("p", Form.PRICE, Slot.PRICE), Field("s", Form.DECIMAL, Slot.SIZE)), writes=Kind.LEVEL)
PRICED = Field("s", Form.TEXT, Slot.SYMBOL), Field("p", Form.PRICE, Slot.PRICE), Field("q", Form.DECIMAL, Slot.SIZE)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (Object((Field("a"), Field("a"))), "key a twice"),
        (
            Object((Field("a", Form.TIME, Slot.EXCHANGE_TIME), Field("b", Form.TIME, Slot.EXCHANGE_TIME))),
            "slot .* twice",
        ),
        (Object((Field("a", Form.PRICE, Slot.PRICE),)), "PRICE in an object that writes nothing"),
        (Object(tuple(Field(f"k{n}") for n in range(64))), "64 keys"),
        (Object((Field("a", Form.WORD),)), "no words"),
        (Object((Field("a", Form.LITERAL, words={"true": 1}, other=0),)), "without quotes"),
        (Object((Field("a", Form.TEXT, Slot.BIDS),), writes=Kind.DEPTH), "holds levels"),
        (Object((Field("a", Levels(Form.PRICE, Form.NUMBER), Slot.BIDS),), writes=Kind.DEPTH), "both in quotes"),
        (Object((Field("a", Array(Object(PRICED, writes=Kind.TRADE))),), writes=Kind.DEPTH), "stands in another"),
        (Object((Field("a", Array(Object(PRICED, writes=Kind.DEPTH), newest_first=True)),)), "only trades"),
        (Object(PRICED[:2], writes=Kind.TRADE), "SIZE must be"),
        (Object((Field("u", Form.INTEGER, Slot.COUNTED_ID, required=False),), writes=Kind.DEPTH), "COUNTED_ID must be"),
        (Object((Field("a", Array(LEVEL), Slot.UPDATES),), writes=Kind.DEPTH), "each level has a side"),
        (Object((Field("a", Array(LEVEL), Slot.BIDS),), writes=Kind.DEPTH, also=Kind.TICKER), "writes also"),
    ],
)
def test_a_table_that_the_kernel_could_not_follow_is_refused(shape: Object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        compiled(Layout((Entrance("e", {"x": shape}),)))


def words(symbol: str) -> tuple[Any, Any, Any]:
    raw = symbol.encode()
    return load(raw, 0), load(raw, 8), load(raw, 16)


def test_every_symbol_is_found_and_no_other() -> None:
    names = [f"{stem}{number}USDT" for number in range(400) for stem in ("", "S", "1000", "BTC-USD-24")]
    symbols = hashed(differential.table(dict.fromkeys(names, "0.1")))
    for number, name in enumerate(names):
        assert symbols[find(symbols, *words(name))]["instrument"] == number
        for other in (name[:-1], name + "X", name.lower(), ""):
            assert find(symbols, *words(other)) == MISSING
    away = [(find(symbols, *words(name)) - home(*words(name), len(symbols))) % len(symbols) for name in names]
    assert np.mean(away) < 1, "symbols that look alike crowd each other"


def test_symbols_and_steps_that_do_not_fit_are_left_out() -> None:
    names = {"X" * LONGEST_TEXT: "1", "X" * (LONGEST_TEXT + 1): "1", "é": "1", "\n": "1"}
    assert np.count_nonzero(hashed(differential.table(names))["instrument"] != MISSING) == 1
    assert step(Instrument("v", "A", Decimal("0.05"), Decimal(1))) == (5, 2)
    assert step(Instrument("v", "A", Decimal("1e18"), Decimal(1))) == (10**18, 0)
    assert step(Instrument("v", "A", Decimal("12345678901234567890"), Decimal(1))) == (0, 0)
    assert np.count_nonzero(hashed(InstrumentTable())["instrument"] != MISSING) == 0
