"""Decoding of real and of broken frames. The contract suite drives the stage as such; see case_decode."""

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from market import record
from market.batch import Batch
from market.frames import Frames
from market.schema import NO_SEQUENCE, NO_TIME, Flag, Kind
from operators import decode
from tests.captures import real

HELD = Kind.LEVEL, Kind.RESET


def decoded(*frames: bytes, venue: str = "binance-usdm", symbols: tuple[str, ...] = ("BTCUSDT",)) -> Batch:
    """The last of two batches: one that defines the instruments, one of these frames."""
    defined = tuple(record.encode(record.InstrumentDefined(symbol, "0.1", "0.001")) for symbol in symbols)
    stage = decode.stage()
    return stage.run(
        [
            Batch(f"{venue}/0", 1, np.ones(len(defined), np.int64), Frames.of(defined)),
            Batch(f"{venue}/0", 2, np.full(len(frames), 7, np.int64), Frames.of(frames)),
        ]
    )[-1]


def reasons(batch: Batch) -> list[str]:
    return batch.tables["dead_letters"]["reason"].to_list() if "dead_letters" in batch.tables else []


def combined(stream: str, **event: Any) -> bytes:
    return json.dumps({"stream": f"btcusdt@{stream}", "data": event}, separators=(",", ":")).encode()


DEPTH: dict[str, Any] = {
    "e": "depthUpdate", "E": 1680652800016, "T": 1680652800009, "s": "BTCUSDT", "U": 5, "u": 9_007_199_254_740_993,
    "pu": 4, "b": [["28145.10", "2.788"], ["28145.00", "0.000"]], "a": [["28145.20", "1"]],
}  # fmt: skip
TRADE: dict[str, Any] = {
    "e": "trade", "E": 1680652800016, "T": 1680652800009, "s": "BTCUSDT", "t": 3, "p": "28145.10", "q": "0.002",
    "X": "MARKET", "m": True,
}  # fmt: skip


def test_depth_message_is_a_header_and_its_levels_in_order() -> None:
    events = decoded(combined("depth@0ms", **DEPTH)).events
    header = events[0]
    assert (header["kind"], header["levels"], header["previous"]) == (Kind.DEPTH, 3, 4)
    assert header["sequence"] == 9_007_199_254_740_993
    assert header["exchange_time"] == 1680652800009 * 10**6
    assert header["receive_time"] == 7
    assert events["price"][1:].tolist() == [281451, 281450, 281452]
    assert events["size"][1:].tolist() == [2.788, 0.0, 1.0]
    assert events["side"][1:].tolist() == [1, 1, -1]
    assert set(events["kind"][1:].tolist()) == {Kind.LEVEL}
    assert set(events["previous"][1:].tolist()) == {NO_SEQUENCE}


def test_spot_depth_continues_the_id_before_its_first_and_has_push_time() -> None:
    spot = {name: value for name, value in DEPTH.items() if name not in ("pu", "T")}
    header = decoded(combined("depth@100ms", **spot), venue="binance-spot").events[0]
    assert (header["previous"], header["exchange_time"]) == (4, 1680652800016 * 10**6)


def test_futures_message_is_not_read_as_spot() -> None:
    assert "futures" in reasons(decoded(combined("depth", **DEPTH), venue="binance-spot"))[0]


def test_spot_ticker_has_no_time() -> None:
    ticker = {"u": 5, "s": "BTCUSDT", "b": "28145.10", "B": "1", "a": "28145.20", "A": "2"}
    events = decoded(combined("bookTicker", **ticker), venue="binance-spot").events
    assert events["kind"].tolist() == [Kind.TICKER, Kind.LEVEL, Kind.LEVEL]
    assert set(events["exchange_time"].tolist()) == {NO_TIME}


@pytest.mark.parametrize(("maker_is_buyer", "side"), [(True, -1), (False, 1)])
def test_side_of_a_trade_is_the_aggressors(maker_is_buyer: bool, side: int) -> None:
    (row,) = decoded(combined("trade", **TRADE | {"m": maker_is_buyer})).events
    assert (row["side"], row["price"], row["size"], row["sequence"]) == (side, 281451, 0.002, 3)


@pytest.mark.parametrize("cause", ["INSURANCE_FUND", "ADL", "NA"])
def test_trade_that_met_no_order_is_off_book(cause: str) -> None:
    rows = decoded(combined("trade", **TRADE), combined("trade", **TRADE | {"t": 4, "X": cause})).events
    assert rows["flags"].tolist() == [0, Flag.OFF_BOOK]


def test_trade_that_comes_twice_is_one_event_and_a_row_of_gaps() -> None:
    batch = decoded(combined("trade", **TRADE), combined("depth", **DEPTH), combined("trade", **TRADE))
    assert [kind for kind in batch.events["kind"].tolist() if kind != Kind.LEVEL] == [Kind.TRADE, Kind.DEPTH]
    (gap,) = batch.tables["gaps"].rows(named=True)
    assert (gap["instrument"], gap["channel"], gap["cause"], gap["state"]) == (
        "BTCUSDT",
        "trade",
        "duplicate",
        "healed",
    )
    assert (gap["received_sequence"], gap["frame"], gap["receive_time"]) == (TRADE["t"], 2, 7)


def test_trades_of_other_kind_or_instrument_may_have_the_same_id() -> None:
    aggregate = {name: value for name, value in TRADE.items() if name not in ("t", "X")} | {"e": "aggTrade", "a": 3}
    frames = [
        combined("trade", **TRADE),
        combined("aggTrade", **aggregate),
        combined("trade", **TRADE | {"s": "ETHUSDT"}),
    ]
    batch = decoded(*frames, symbols=("BTCUSDT", "ETHUSDT"))
    assert (len(batch.events), "gaps" in batch.tables) == (3, False)


def test_mark_of_a_delivery_contract_has_no_funding_rate() -> None:
    mark = {"e": "markPriceUpdate", "E": 1, "s": "BTCUSDT", "p": "5.5", "P": "5", "r": "", "T": 0}
    (row,) = decoded(combined("markPrice@1s", **mark)).marks
    assert row["mark_price"] == 5.5
    assert np.isnan(row["funding_rate"])
    assert np.isnan(row["index_price"])


@pytest.mark.parametrize(
    "frame", [b'{"result":null,"id":1}', b'{"e":"serverShutdown","E":1770123456789}']
)  # fmt: skip
def test_known_control_frames_are_neither_rows_nor_dead_letters(frame: bytes) -> None:
    batch = decoded(frame)
    assert (len(batch.events), reasons(batch)) == (0, [])


def test_refused_request_is_a_dead_letter_with_the_venues_words() -> None:
    assert reasons(decoded(b'{"code":2,"msg":"Invalid request","id":5}')) == [
        "the venue refused request 5: Invalid request (code 2)"
    ]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (combined("depth", **DEPTH | {"s": "XYZ"}), "no instrument is defined for 'XYZ'"),
        (combined("depth", **DEPTH | {"b": [["28145.15", "1"]]}), "28145.15 is not a multiple of the tick size 0.1"),
        (combined("depth", **DEPTH | {"b": [[28145.1, "1"]]}), "Expected `str`, got `float`"),
        (combined("depth", **DEPTH | {"b": [["28145.1", "nan"]]}), "not a finite number"),
        (combined("depth", **DEPTH | {"u": 2**63}), "9223372036854775807"),
        (combined("depth", **DEPTH | {"U": DEPTH["u"] + 1}), "is above the last"),
        (combined("depth", **{name: value for name, value in DEPTH.items() if name != "pu"}), "field `pu`"),
        (combined("depth", **DEPTH).replace(b'"u":', b'"u":1,"u":'), "'u' comes twice"),
        (combined("depth", **DEPTH).replace(b'"pu":4', b'"pu":4,"\\u0070u":4'), "'pu' comes twice"),
        (combined("depth", **DEPTH)[:-9], "truncated"),
        (combined("trade", **TRADE | {"q": "-1"}), "at least 0"),
        (combined("trade", **TRADE | {"T": 10**17}), "not a time between"),
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"x":' * 100_000, "recursion"),
        (b"\xff\xfe", "malformed"),
        (b'{"e":"forceOrder","o":{}}', "no reader for forceOrder"),
        (b'{"hello":1}', "no reader for an object like this"),
        (b" " * (17 << 20), "over the limit"),
        (b"\x1e{}", "a record of ours"),
    ],
)
def test_poison_is_a_dead_letter_with_a_reason_and_its_bytes(frame: bytes, reason: str) -> None:
    batch = decoded(frame, combined("trade", **TRADE))
    assert len(reasons(batch)) == 1
    assert reason.lower() in reasons(batch)[0].lower()
    assert batch.tables["dead_letters"]["raw"][0] == frame
    assert batch.events["kind"].tolist() == [Kind.TRADE]


def test_unknown_fields_are_ignored() -> None:
    assert len(decoded(combined("depth", **DEPTH | {"new": {"x": [1]}, "st": 1})).events) == 4


def test_bare_book_belongs_to_the_only_instrument_and_to_nobody_among_several() -> None:
    book = b'{"lastUpdateId": 5, "E": 1, "bids": [["28145.10", "1"]], "asks": []}'
    assert decoded(book).events["kind"].tolist() == [Kind.SNAPSHOT, Kind.LEVEL]
    assert "names no symbol" in reasons(decoded(book, symbols=("BTCUSDT", "ETHUSDT")))[0]


def test_rest_book_is_the_named_instruments() -> None:
    body = b'{"lastUpdateId":5,"bids":[],"asks":[["7.1","1"]]}'
    frame = record.encode(record.Snapshot("ETHUSDT", record.msgspec.Raw(body)))
    header, level = decoded(frame, symbols=("BTCUSDT", "ETHUSDT")).events
    assert (header["instrument"], header["sequence"], level["price"], level["side"]) == (1, 5, 71, -1)


def test_lost_public_socket_resets_books_and_lost_market_socket_only_opens_gaps() -> None:
    batch = decoded(
        record.encode(record.Disconnected("market", "gone", ["BTCUSDT"])),
        record.encode(record.Connected("market", 2, ["BTCUSDT"])),
        record.encode(record.Disconnected("public", "gone", ["BTCUSDT"])),
        record.encode(record.Connected("public", 2, ["BTCUSDT"], overlap=True)),
    )
    assert batch.events[["kind", "frame", "flags"]].tolist() == [(Kind.RESET, 2, Flag.DISCONNECTED)]
    gaps = batch.tables["gaps"].select("channel", "cause", "state", "frame").rows()
    assert gaps == [
        ("mark", "disconnected", "open", 0),
        ("trade", "disconnected", "open", 0),
        ("mark", "disconnected", "healed", 1),
        ("trade", "disconnected", "healed", 1),
        ("ticker", "disconnected", "open", 2),
    ]


def test_silent_depth_and_shed_depth_reset_the_book() -> None:
    batch = decoded(
        record.encode(record.Silent("btcusdt@depth@100ms", "BTCUSDT", 5)),
        record.encode(record.Shed("depth", {"BTCUSDT": 3})),
        record.encode(record.Shed("ticker", {"BTCUSDT": 3})),
    )
    assert batch.events["flags"].tolist() == [Flag.SILENT, Flag.SHED]


def test_changed_tick_size_resets_and_the_same_definition_again_does_nothing() -> None:
    def define(tick_size: str) -> bytes:
        return record.encode(record.InstrumentDefined("BTCUSDT", tick_size, "0.001"))

    batch = decoded(define("0.1"), define("0.01"))
    assert batch.events["flags"].tolist() == [Flag.TICK_CHANGED]
    assert batch.instruments[0].tick_size == Decimal("0.01")
    assert batch.tables["instruments"]["tick_size"].to_list() == [0.01]


@pytest.mark.parametrize("step", ["0", "-1", "nan", "x", "1e999999999"])
def test_definition_with_an_impossible_step_is_a_dead_letter(step: str) -> None:
    batch = decoded(record.encode(record.InstrumentDefined("XYZ", step, "1")))
    assert (len(reasons(batch)), len(batch.instruments)) == (1, 1)


def test_skipped_line_is_a_dead_letter_with_the_lines_own_bytes() -> None:
    batch = decoded(record.encode(record.Skipped(b"\xff junk", "no receive time")))
    assert batch.tables["dead_letters"].select("reason", "raw").rows() == [("no receive time", b"\xff junk")]


NAMES = {"depthUpdate": Kind.DEPTH, "bookTicker": Kind.TICKER, "trade": Kind.TRADE}


def kind_by_json(frame: bytes) -> Kind | None:
    """What a frame of a capture is, by plain json; None for marks."""
    event = json.loads(frame)
    event = event.get("data", event)
    if "lastUpdateId" in event:
        return Kind.SNAPSHOT
    return NAMES.get(event.get("e", "bookTicker"))


@pytest.mark.parametrize("name", sorted(real.PAIRS))
def test_captures_have_no_dead_letters_and_the_counts_that_json_gives(name: str) -> None:
    batches = real.batches(name)
    done = decode.stage().run(batches)
    assert [reason for batch in done for reason in reasons(batch)] == []
    found = Counter(kind for batch in done for kind in batch.events["kind"].tolist())
    expected = Counter(kind_by_json(frame) for batch in batches[1:] for frame in batch.frames)
    assert sum(len(batch.marks) for batch in done) == expected.pop(None, 0)
    assert {Kind(kind): count for kind, count in found.items() if kind != Kind.LEVEL} == expected


def test_the_insurance_funds_trade_of_2023_is_the_only_one_off_book() -> None:
    done = decode.stage().run(real.batches("usdm-btc"))
    off_book = [row["sequence"] for batch in done for row in batch.events[batch.events["flags"] != 0]]
    assert len(off_book) == 1


def seeds() -> list[bytes]:
    """Frames to be broken, of every kind."""
    book = b'{"lastUpdateId":5,"bids":[["28145.10","1"]],"asks":[["28145.20","1"]]}'
    mark = {"e": "markPriceUpdate", "E": 1, "s": "BTCUSDT", "p": "5.5", "i": "5", "r": "0.1", "T": 9}
    ticker = {
        "e": "bookTicker", "u": 5, "E": 1, "T": 1, "s": "BTCUSDT", "b": "28145.10", "B": "1", "a": "28145.20", "A": "2",
    }  # fmt: skip
    aggregate = {"e": "aggTrade", "E": 1, "T": 1, "s": "BTCUSDT", "a": 1, "p": "1.0", "q": "1", "m": False}
    return [
        combined("depth@0ms", **DEPTH), combined("trade", **TRADE), combined("markPrice@1s", **mark), book,
        combined("bookTicker", **ticker), combined("aggTrade", **aggregate), b'{"result":null,"id":1}',
        record.encode(record.Snapshot("BTCUSDT", record.msgspec.Raw(book))),
        record.encode(record.Connected("public", 1, ["BTCUSDT"])), record.encode(record.Shed("depth", {"BTCUSDT": 1})),
        record.encode(record.InstrumentDefined("BTCUSDT", "0.1", "1")),
    ]  # fmt: skip


@some.composite
def broken(draw: some.DrawFn) -> bytes:
    """A frame with a part cut out, repeated or overwritten."""
    frame = draw(some.sampled_from(seeds()))
    start = draw(some.integers(0, len(frame)))
    end = draw(some.integers(start, min(len(frame), start + 40)))
    bits = some.sampled_from([b"", b'"', b"}", b"null", b"-1", b"1e999", b"\xff", b'"u":1,', b"9" * 30, b"\\u0000"])
    filling = draw(some.one_of(bits, some.binary(max_size=8), some.just(frame[start:end] * 2)))
    return frame[:start] + filling + frame[end:]


def book_prices(batch: Batch) -> list[int]:
    """Of all rows but trades, which count once however often they come."""
    trades = np.isin(batch.events["kind"], (Kind.TRADE, Kind.AGGREGATE_TRADE))
    return [int(price) for price in batch.events["price"][~trades]]


@settings(max_examples=400, deadline=None)
@given(frames=some.lists(some.one_of(broken(), some.binary(max_size=60)), min_size=1, max_size=6))
def test_broken_frames_never_raise_and_spoil_no_other_frame(frames: list[bytes]) -> None:
    alone = [decoded(frame) for frame in frames if not record.is_record(frame)]
    together = decoded(*[frame for frame in frames if not record.is_record(frame)])
    assert reasons(together) == [reason for batch in alone for reason in reasons(batch)]
    assert book_prices(together) == [price for batch in alone for price in book_prices(batch)]
    decoded(*frames)  # records too, whose effect lasts


@settings(max_examples=200, deadline=None)
@given(frame=broken())
def test_a_frame_is_rows_or_a_known_control_frame_or_a_dead_letter(frame: bytes) -> None:
    batch = decoded(frame)
    dead = len(reasons(batch))
    kinds = [kind for kind in batch.events["kind"].tolist() if kind != Kind.LEVEL]
    rows = len(kinds) + len(batch.marks)
    rows += sum(len(table) for name, table in batch.tables.items() if name != "dead_letters")
    assert dead <= 1
    if record.is_record(frame):
        return
    assert rows + dead <= 1
    if not rows + dead:
        assert b"result" in frame or b"serverShutdown" in frame
