"""What Began, Torn, ClockStepped and Silent say: rows of `gaps` for every channel of every symbol, since when."""

import msgspec
import numpy as np
import pytest

from market import record
from market.batch import Batch
from market.frames import Frames
from market.schema import Kind
from operators import decode
from operators.book import rebuild

NAMES = ("BTCUSDT", "ETHUSDT")
BOOK = msgspec.Raw(b'{"lastUpdateId":5,"E":1,"T":1,"bids":[["1.0","1"]],"asks":[["2.0","1"]]}')
KEYS = ("instrument", "channel", "cause", "state", "start_time")
Told = tuple[int, record.Record]
CHANNELS = ("mark", "ticker", "trade")  # of this venue, but for the book's


def run(*said: Told, symbols: tuple[str, ...] = NAMES) -> list[Batch]:
    """Instruments with a book each at 10, then records at their times, each in a row of the journal."""
    known: list[Told] = [(1, record.InstrumentDefined(symbol, "0.1", "0.001")) for symbol in symbols]
    known += [(10, record.Snapshot(symbol, BOOK)) for symbol in symbols]
    batches = [
        Batch("binance-usdm/0", number, np.array([time], np.int64), Frames.of([record.encode(one)]))
        for number, (time, one) in enumerate([*known, *said])
    ]
    return rebuild.stage().run(decode.stage().run(batches))


def gaps(batch: Batch) -> list[tuple[object, ...]]:
    return batch.tables["gaps"].select(KEYS).sort(KEYS).rows() if "gaps" in batch.tables else []


def reasons(batch: Batch) -> list[str]:
    return batch.tables["dead_letters"]["reason"].to_list() if "dead_letters" in batch.tables else []


def test_a_capture_that_begins_anew_opens_gaps_of_every_channel_since_its_newest_row_and_loses_the_books() -> None:
    batch = run((40, record.Began(30, list(NAMES))))[-1]
    assert gaps(batch) == sorted(
        (symbol, channel, "capture_down", "open", 10 if channel == "depth" else 30)
        for symbol in NAMES
        for channel in (*CHANNELS, "depth")
    )
    assert batch.ticks[["kind", "valid"]].tolist() == [(Kind.RESET, False)] * 2
    assert reasons(batch) == []


def test_what_began_while_capture_was_away_heals_with_its_socket_and_the_book_with_its_snapshot() -> None:
    began, *later = run(
        (40, record.Began(30, ["BTCUSDT"])), (50, record.Connected("market", 1, ["BTCUSDT"])),
        (60, record.Snapshot("BTCUSDT", BOOK)),
    )[-3:]  # fmt: skip
    assert len(gaps(began)) == 4
    assert [gaps(batch) for batch in later] == [
        [("BTCUSDT", channel, "capture_down", "healed", 30) for channel in ("mark", "trade")],
        [("BTCUSDT", "depth", "capture_down", "healed", 10)],
    ]


def test_symbols_that_are_new_when_capture_begins_anew_miss_nothing() -> None:
    batch = run((40, record.Began(30, ["BTCUSDT", "NEW"])))[-1]
    assert {row[0] for row in gaps(batch)} == {"BTCUSDT"}
    assert reasons(batch) == []


def test_a_beginning_in_the_future_of_its_own_row_counts_from_that_row_on() -> None:
    assert {row[-1] for row in gaps(run((40, record.Began(99, ["BTCUSDT"])))[-1]) if row[1] != "depth"} == {40}


def test_a_torn_row_is_a_gap_of_every_channel_since_the_frame_before_and_a_dead_letter() -> None:
    batch = run((20, record.Alive()), (40, record.Torn("bad checksum")))[-1]
    assert gaps(batch) == sorted(
        (symbol, channel, "torn", *(("open", 10) if channel == "depth" else ("healed", 20)))
        for symbol in NAMES
        for channel in (*CHANNELS, "depth")
    )
    assert reasons(batch) == ["a row of the journal is lost: bad checksum"]


def test_the_frame_before_a_torn_one_is_found_within_a_row_of_the_journal_too() -> None:
    said = [record.encode(one) for one in (record.Alive(), record.Alive(), record.Torn("x"))]
    head = run(symbols=("BTCUSDT",))
    one = Batch("binance-usdm/0", len(head), np.array([60, 50, 70], np.int64), Frames.of(said))
    definitions = [batch._replace(events=head[0].events[:0], tables={}) for batch in head]
    found = decode.stage().run([*definitions, one])[-1]
    assert {row[-1] for row in gaps(found)} == {60}


def test_a_silent_stream_is_a_gap_since_its_last_data_and_an_impossible_time_is_not_believed() -> None:
    for since, start in ((25, 25), (0, 40), (-5, 40), (99, 40)):
        batch = run((40, record.Silent("btcusdt@trade", "BTCUSDT", since)))[-1]
        assert gaps(batch) == [("BTCUSDT", "trade", "silent", "open", start)]


def test_a_gap_heals_with_the_cause_that_it_was_last_told_for_and_since_it_began() -> None:
    silent, lost = record.Silent("btcusdt@trade", "BTCUSDT", 25), record.Disconnected("market", "x", ["BTCUSDT"])
    batch = run((40, silent), (50, lost), (60, record.Connected("market", 2, ["BTCUSDT"])))[-1]
    assert ("BTCUSDT", "trade", "disconnected", "healed", 25) in gaps(batch)


@pytest.mark.parametrize("adopted", [True, False])
def test_a_step_of_the_clock_is_a_row_and_changes_no_book(adopted: bool) -> None:
    batch = run((40, record.ClockStepped(-(10**9), adopted)))[-1]
    assert batch.tables["clock_steps"].rows() == [(40, -(10**9), adopted, 0)]
    assert (len(batch.ticks), gaps(batch), reasons(batch)) == (0, [], [])
