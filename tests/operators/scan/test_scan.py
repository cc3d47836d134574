"""What the scanner takes and what it leaves; that the two ways agree is the business of test_fuzz."""

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from market.instrument import Instrument, InstrumentTable
from market.schema import EVENT, MARK, Kind
from operators.scan.frames import SLOTS, most_rows, scan
from operators.scan.message import MOST_STRANGERS
from operators.scan.symbols import LONGEST_SYMBOL, MISSING, find, hashed, home, step
from operators.scan.tables import compiled
from operators.scan.words import load
from tests.captures import real
from tests.operators.scan import differential
from tests.operators.test_decode import DEPTH, TRADE, combined
from venues.keys import MAX_FRAME_BYTES, Field, Form, Layout, Message, Slot

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
    new = {"new": "x:y", "k" * 15: -1.5, "none": None, "yes": True, "no": False, "ten": 10}
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


def test_another_venue_is_another_table() -> None:
    """Other words, another separator, the asks first; the levels come bids first all the same."""
    book = Message(
        Kind.DEPTH, "orderbook", "", (
            Field("symbol", Form.TEXT, Slot.SYMBOL), Field("matchingEngine", Form.TIME, Slot.EXCHANGE_TIME),
            Field("asks", Form.LEVELS, Slot.ASKS), Field("bids", Form.LEVELS, Slot.BIDS),
            Field("first", Form.INTEGER, Slot.FIRST_ID), Field("seq", Form.INTEGER, Slot.LAST_ID),
            Field("prev", Form.INTEGER, Slot.PREVIOUS_ID),
        ),
    )  # fmt: skip
    layout = Layout("topic", "data", ".", 0, "type", "", (book,))
    body = {
        "symbol": "BTC-USDT", "matchingEngine": 1_700_000_000_000, "asks": [["10.5", "1"], ["11", "2"], ["12", "3"]],
        "bids": [["9.5", "4"], ["9", "5"]], "first": 4, "seq": 7, "prev": 3,
    }  # fmt: skip
    frame = json.dumps({"topic": "orderbook.50.BTC-USDT", "data": body}).encode()
    events = read_by(layout, "BTC-USDT", frame)
    assert events["price"].tolist() == [0, 19, 18, 21, 22, 24]
    assert events["size"].tolist() == [0, 4, 5, 1, 2, 3]
    assert events["side"].tolist() == [0, 1, 1, -1, -1, -1]
    assert (events["previous"][0], events["sequence"][0], events["levels"][0]) == (3, 7, 5)


def read_by(layout: Layout, symbol: str, frame: bytes) -> np.ndarray:
    """The event rows of one frame, which the kernel must take."""
    data, offsets = np.frombuffer(frame, np.uint8), np.array([0, len(frame)], np.int32)
    events, marks = np.zeros(most_rows(1, len(frame)), EVENT), np.zeros(1, MARK)
    scratch = np.zeros(SLOTS, np.int64), np.zeros(SLOTS), np.zeros((MOST_STRANGERS, 2), np.uint64)
    symbols = hashed(differential.table({symbol: "0.5"}))
    taken, rows, _ = scan(
        data, offsets, np.ones(1, np.int64), 0, *compiled(layout), symbols, events, 0, marks, 0, *scratch
    )
    assert taken == 1
    return events[:rows]


def test_a_key_that_is_too_long_is_refused_when_the_table_is_made() -> None:
    message = Message(Kind.TRADE, "t", "t", (Field("s", Form.TEXT, Slot.SYMBOL), Field("k" * 16)))
    with pytest.raises(ValueError, match="longer than 15 bytes"):
        compiled(Layout("stream", "data", "@", 1, "e", "", (message,)))


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
    names = {"X" * LONGEST_SYMBOL: "1", "X" * (LONGEST_SYMBOL + 1): "1", "é": "1", "\n": "1"}
    assert np.count_nonzero(hashed(differential.table(names))["instrument"] != MISSING) == 1
    assert step(Instrument("v", "A", Decimal("0.05"), Decimal(1))) == (5, 2)
    assert step(Instrument("v", "A", Decimal("1e18"), Decimal(1))) == (10**18, 0)
    assert step(Instrument("v", "A", Decimal("12345678901234567890"), Decimal(1))) == (0, 0)
    assert np.count_nonzero(hashed(InstrumentTable())["instrument"] != MISSING) == 0
