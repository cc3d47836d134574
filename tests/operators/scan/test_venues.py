"""Every venue's frames by the two ways: what the scanner takes of them, and that it takes it rightly."""

import itertools
import os
import time
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest

import venues
from market.schema import EVENT, MARK, NO_SEQUENCE, Kind
from operators.scan.frames import scan
from operators.scan.room import most_rows
from operators.scan.symbols import hashed
from tests.operators.scan import differential, examples, mutants, trees
from tests.operators.scan.test_bounds import PAGE, guarded, run

VENUES = tuple(examples.DOCUMENTED)
# Frames that are not for the scanner: about the connection, or of streams that nobody subscribes to.
OTHERS = {
    "coinbase": (b'"channel":"heartbeats"', b'"channel":"subscriptions"', b'"channel":"candles"'),
    "kraken": (),
    "bybit-linear": (b'"op":"subscribe"', b'"topic":"kline.', b'"curPreListingPhase"'),
    "okx": (b'"event":"subscribe"',),
    "alpaca-crypto": (b'"msg":', b'"T":"subscription"', b'"T":"b"'),
    "massive-crypto": (b'"bp":1e', b"e-0", b'["pair"'),
}
ROUNDS, FRAMES = 2, 700
SECONDS = float(os.environ.get("BAROGRAPH_FUZZ", "0"))


def stream(venue: str, chance: mutants.Chance) -> Iterator[bytes]:
    """Frames without end: good ones, and such with members or bytes changed, or cut."""
    good = examples.seeds(venue)
    while True:
        chance.is_odd = True
        frame, other = chance.random.choice(good), chance.random.choice(good)
        changed = trees.changed(chance, frame)
        yield changed
        yield mutants.broken(chance, frame, other)
        yield changed[: chance.random.randint(0, len(changed))]


def some(venue: str, seed: object, count: int) -> list[bytes]:
    return list(itertools.islice(stream(venue, mutants.Chance(Random(f"{venue} {seed}"))), count))


@pytest.mark.parametrize("venue", VENUES)
def test_every_documented_frame_is_taken_and_taken_rightly(venue: str) -> None:
    frames = examples.DOCUMENTED[venue]
    left = [frames[number] for number in differential.scanned(frames, venue, examples.instruments(venue, frames)).odd]
    assert all(b'"u":1,' in frame for frame in left), "but a restarted counter, which is rare"
    assert differential.compare(frames, venue, examples.instruments(venue, frames)) == len(frames) - len(left)


@pytest.mark.parametrize("venue", VENUES)
def test_every_recorded_frame_of_the_market_is_taken_and_taken_rightly(venue: str) -> None:
    frames = examples.recorded(venue)
    instruments = examples.instruments(venue, frames)
    left = [frames[number] for number in differential.scanned(frames, venue, instruments).odd]
    assert not [frame[:200] for frame in left if not any(word in frame for word in OTHERS[venue])]
    assert differential.compare(frames, venue, instruments) == len(frames) - len(left)


@pytest.mark.parametrize("venue", VENUES)
def test_what_the_scanner_takes_of_odd_frames_is_what_the_slow_path_reads(venue: str) -> None:
    instruments = examples.instruments(venue, examples.seeds(venue))
    taken = sum(differential.compare(some(venue, number, FRAMES), venue, instruments) for number in range(ROUNDS))
    assert taken > ROUNDS * FRAMES // 10, "the frames are too odd to tell anything"


if SECONDS:

    @pytest.mark.timeout(SECONDS * 2 + 60)
    def test_it_does_for_long() -> None:
        begun, frames, taken = time.time_ns(), 0, 0
        for number in itertools.count(begun):
            for venue in VENUES:
                instruments = examples.instruments(venue, examples.seeds(venue))
                taken += differential.compare(some(venue, number, FRAMES), venue, instruments)
                frames += FRAMES
            if time.time_ns() > begun + SECONDS * 1e9:
                break
        print(f"\n{frames} frames, {taken} of them taken by the scanner, 0 differences")


@pytest.mark.parametrize("venue", VENUES)
def test_the_interpreted_scanner_does_as_the_compiled_one(venue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    instruments = examples.instruments(venue, examples.seeds(venue))
    frames = [*examples.DOCUMENTED[venue], *some(venue, 1, 60)]
    compiled = differential.scanned(frames, venue, instruments)
    monkeypatch.setattr("operators.scan.reading.scan", getattr(scan, "py_func", scan))
    interpreted = differential.scanned(frames, venue, instruments)
    assert interpreted.odd == compiled.odd
    assert interpreted.events.tobytes() == compiled.events.tobytes()
    assert repr(interpreted.marks) == repr(compiled.marks)
    assert interpreted.numbers == compiled.numbers


@pytest.mark.parametrize("venue", VENUES)
def test_no_byte_beyond_the_data_is_read_and_no_row_beyond_the_bound_needed(venue: str) -> None:
    layout, symbols = venues.get(venue).keys, hashed(examples.instruments(venue, examples.seeds(venue)))
    chance = mutants.Chance(Random(venue))
    with guarded() as page:
        for frame in (frame for frame in some(venue, 2, 600) if len(frame) <= PAGE):
            most_events, most_marks = most_rows(layout, 1, len(frame))
            events, marks = np.zeros(most_events, EVENT), np.zeros(most_marks, MARK)
            for cut in (len(frame), chance.random.randint(0, len(frame))):
                last = page[PAGE - cut :]  # its end is where the memory ends
                last[:] = np.frombuffer(frame[:cut], np.uint8)
                by_bound = run(last, [0, cut], events, marks, layout=layout, symbols=symbols)
                assert by_bound == run(
                    last, [0, cut], np.zeros(5_000, EVENT), np.zeros(99, MARK), layout=layout, symbols=symbols
                )
        del last


def test_the_shortest_rows_fit_their_bound() -> None:
    book = b'{"arg":{"channel":"books","instId":"B"},"data":[{"asks":[],"bids":[%s],"ts":"1"}],"action":"update"}'
    trades = b"[%s]"
    for venue, frame, piece in (
        ("okx", book, b'["1","1","",""]'),
        ("alpaca-crypto", trades, b'{"T":"t","S":"B","p":1,"s":1,"t":"2026-01-01T00:00:00Z","i":1}'),
        ("massive-crypto", trades, b'{"ev":"XQ","pair":"B","bp":1,"bs":1,"ap":1,"as":1,"t":1,"x":1}'),
    ):
        frames = [frame % b",".join([piece] * count) for count in (1, 2, 1000)]
        for one in frames:
            assert differential.compare([one], venue, differential.table({"B": "1"})) == 1


def test_trades_that_come_newest_first_are_turned_within_their_event() -> None:
    frame = examples.DOCUMENTED["coinbase"][2]
    events = differential.scanned([frame], "coinbase", examples.instruments("coinbase", [frame])).events
    assert events["sequence"].tolist() == [22381690, 1068572090, 22381691]


def test_the_number_of_a_frame_is_read_both_ways() -> None:
    heartbeat = (
        b'{"channel":"heartbeats","client_id":"","timestamp":"2024-10-04T07:04:40.825062088Z","sequence_num":7,'
        b'"events":[{"current_time":"2024-10-04 07:04:40.820713045 +0000 UTC m=+66987.6","heartbeat_counter":66987}]}'
    )
    frames = [examples.DOCUMENTED["coinbase"][1], heartbeat, b"{}", examples.DOCUMENTED["coinbase"][2]]
    found = differential.both(frames, "coinbase", examples.instruments("coinbase", frames))
    assert found.numbers().tolist() == [1, 7, NO_SEQUENCE, 2]
    assert found.events()["frame"].tolist()[-1] == 3


def test_bids_after_asks_in_one_array_are_left_to_the_slow_path() -> None:
    frame = examples.DOCUMENTED["coinbase"][0]
    turned = trees.tree(frame)
    turned[-1][1][0][-1][1].reverse()
    back = trees.text(turned, ",", ":").encode()
    instruments = examples.instruments("coinbase", [frame])
    assert (
        differential.compare([frame], "coinbase", instruments),
        differential.compare([back], "coinbase", instruments),
    ) == (1, 0)


def test_what_the_venue_says_around_a_message_holds_for_all_its_rows() -> None:
    frame = examples.DOCUMENTED["bybit-linear"][1]
    events = differential.scanned([frame], "bybit-linear", examples.instruments("bybit-linear", [frame])).events
    assert set(events["exchange_time"].tolist()) == {1687940967464 * 10**6}, "cts, which comes last"
    assert (events["kind"][0], events["previous"][0], events["sequence"][0]) == (Kind.DEPTH, 177400506, 177400507)


@pytest.mark.parametrize("number", [b"9223372036854775807", b"9223372036854776000", b"9999999999999999999", b"1" * 20])
def test_ids_at_the_edge_of_the_integers_are_left_to_the_slow_path(number: bytes) -> None:
    frame = examples.DOCUMENTED["alpaca-crypto"][0]
    instruments = examples.instruments("alpaca-crypto", [frame])
    assert differential.compare([frame], "alpaca-crypto", instruments) == 1
    assert differential.compare([frame.replace(b"3447222699101865076", number)], "alpaca-crypto", instruments) == 0
