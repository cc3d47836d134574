"""Venues that send their snapshots in band, one rule at a time."""

import numpy as np
import polars as pl
import pytest

from market.batch import Batch
from market.schema import Flag, Kind
from operators.book import rebuild
from operators.book.cut import depth_of
from operators.book.ladders import MIN_WIDTH
from operators.book.sequence import judge_stream
from operators.frame import frame
from tests.operators.book.levels import check, levels_of
from tests.operators.book.stream_rows import batch, in_band, kraken_sum, rows  # noqa: F401

FULL = [(1, "10.0", "1"), (1, "9.9", "2"), (-1, "10.1", "3"), (-1, "10.2", "4")]
SNAPSHOT, DEPTH, PICTURE, RESET = Kind.SNAPSHOT, Kind.DEPTH, Kind.PICTURE, Kind.RESET
APPLIED, PENDING, DUPLICATE, GAP = 0, 3, 4, 5


def run(*batches: Batch) -> tuple[pl.DataFrame, list[tuple[str, str]], list[float], rebuild.Books]:
    """Ticks; causes and states of gaps; when help was asked for, in seconds; the state."""
    stage = rebuild.stage()
    books = stage.empty()
    out = stage.run(batches, books)
    gaps = [row for one in out if "gaps" in one.tables for row in one.tables["gaps"].select("cause", "state").rows()]
    asked = [time / 1e9 for one in out if "control" in one.tables for time in one.tables["control"]["receive_time"]]
    return pl.concat([frame(one) for one in out]), gaps, asked, books


@pytest.mark.parametrize(
    ("last", "previous", "sequence", "late", "verdict"),
    [
        (-1, 7, 9, False, PENDING),
        (-1, -1, 0, False, PENDING),
        (7, 7, 9, False, APPLIED),
        (7, 7, 7, False, APPLIED),  # keepalive
        (7, 7, 3, False, APPLIED),  # the venue sets its ids back
        (7, 5, 7, True, DUPLICATE),
        (7, 3, 5, True, DUPLICATE),
        (7, 3, 5, False, GAP),  # the message that set the ids back was lost
        (7, 8, 9, False, GAP),
        (7, 5, 9, False, GAP),
        (0, -1, 0, False, APPLIED),
        (0, -1, 0, True, DUPLICATE),
    ],
)
def test_the_rule_of_streams(last: int, previous: int, sequence: int, late: bool, verdict: int) -> None:
    assert judge_stream(last, previous, sequence, late) == verdict


def test_nothing_is_kept_for_a_snapshot_in_band() -> None:
    early = [rows(DEPTH, [(1, "9.8", "5")], at=0.1 * n, sequence=n + 1, previous=n) for n in range(3)]
    after = rows(DEPTH, [(1, "9.7", "6")], at=2, sequence=4, previous=3)
    assert list(run(batch("chained", *early))[3].pending.of(0)) == []
    ticks, gaps, asked, books = run(batch("chained", *early, rows(SNAPSHOT, FULL, sequence=3), after))
    assert ticks["valid"].to_list() == [False, False, False, True, True]
    assert gaps == [("unsynchronised", "open"), ("unsynchronised", "healed")]
    assert asked == [0.0]
    assert levels_of(books.ladders, 0, 0) == {100: 1.0, 99: 2.0, 97: 6.0}


def test_a_gap_heals_with_the_next_snapshot_only() -> None:
    messages = [
        rows(SNAPSHOT, FULL, sequence=3),
        rows(DEPTH, [], at=2, sequence=9, previous=7),
        rows(DEPTH, [], at=3, sequence=10, previous=9),
        rows(SNAPSHOT, FULL, at=4, sequence=11),
    ]
    ticks, gaps, asked, _ = run(batch("chained", *messages))
    assert ticks["valid"].to_list() == [True, False, False, True]
    assert gaps == [("sequence", "open"), ("sequence", "healed")]
    assert asked == [2.0, 3.0]


def test_a_lost_message_that_set_the_ids_back_is_a_gap_and_no_run_of_duplicates() -> None:
    first, after = rows(SNAPSHOT, FULL, sequence=15), rows(DEPTH, [], at=3, sequence=5, previous=3)
    assert run(batch("chained", first, after))[1] == [("sequence", "open")]


def test_frames_of_a_counted_connection_that_never_came_are_a_gap() -> None:
    messages = [rows(SNAPSHOT, FULL), rows(RESET, at=2, flags=int(Flag.MISSED)), rows(DEPTH, [], at=3)]
    ticks, gaps, asked, _ = run(batch("counted", *messages, rows(SNAPSHOT, FULL, at=4)))
    assert ticks["valid"].to_list() == [True, False, False, True]
    assert gaps == [("sequence", "open"), ("sequence", "healed")]
    assert asked == [3.0]


def test_a_crossed_book_of_an_unbroken_feed_is_kept_and_not_shown() -> None:
    messages = [
        rows(SNAPSHOT, FULL, sequence=3),
        rows(DEPTH, [(1, "10.2", "7")], at=2, sequence=4, previous=3),
        rows(Kind.TRADE, at=3),
        rows(DEPTH, [(1, "9.5", "7")], at=60, sequence=5, previous=4),
        rows(DEPTH, [(1, "10.2", "0")], at=61, sequence=6, previous=5),
        rows(Kind.TRADE, at=62),
    ]
    ticks, gaps, asked, books = run(batch("chained", *messages))
    assert ticks["valid"].to_list() == [True, False, False, False, True, True]
    assert gaps == [("crossed", "open"), ("crossed", "healed")]
    assert asked == []
    assert levels_of(books.ladders, 0, 0) == {100: 1.0, 99: 2.0, 95: 7.0}


def test_a_crossed_book_that_nothing_vouches_for_is_asked_for_anew_after_a_second() -> None:
    crossed = [rows(DEPTH, [(1, "10.2", "7")], at=at) for at in (2, 2.5, 3.5)]
    assert run(batch("blind", rows(SNAPSHOT, FULL, at=1.8), *crossed))[2] == [3.5]


def test_an_older_snapshot_of_an_overlapping_connection_changes_nothing() -> None:
    newer = rows(DEPTH, [(1, "10.0", "7")], at=3, sequence=9, previous=5)
    ticks, _, _, books = run(
        batch("chained", rows(SNAPSHOT, FULL, at=2, sequence=5), newer, rows(SNAPSHOT, FULL, at=2.5, sequence=7))
    )
    assert ticks.select("sequence", "valid").rows() == [(5, True), (9, True), (7, False)]
    assert levels_of(books.ladders, 0, 0)[100] == 7.0


def test_a_restarted_service_replaces_a_newer_book_though_its_clock_was_set_back() -> None:
    newer = rows(DEPTH, [(1, "10.0", "7")], at=3, sequence=9, previous=8)
    messages = [
        *(rows(SNAPSHOT, FULL, at=2, sequence=8), newer, rows(SNAPSHOT, FULL, at=2.5, received=3.1, sequence=1)),
        rows(DEPTH, [(1, "10.0", "5")], at=2.6, received=3.2, sequence=2, previous=1),
    ]
    ticks, gaps, asked, books = run(batch("restarted", *messages))
    assert ticks.select("sequence", "valid").rows() == [(8, True), (9, True), (1, True), (2, True)]
    assert (gaps, asked) == ([], [])
    assert levels_of(books.ladders, 0, 0)[100] == 5.0


@pytest.mark.parametrize(
    ("bids", "asks", "depth"), [(10, 10, 10), (7, 3, 10), (10, 11, 25), (0, 0, 10), (26, 1, 100), (101, 9, 0)]
)
def test_the_depth_in_force(bids: int, asks: int, depth: int) -> None:
    levels = [(1, f"{50 - n * 0.1:.1f}", "1") for n in range(bids)]
    levels += [(-1, f"{51 + n * 0.1:.1f}", "1") for n in range(asks)]
    assert depth_of(batch("summed", rows(SNAPSHOT, levels)).events, (10, 25, 100)) == depth


def test_levels_pushed_out_are_gone_from_the_window_and_the_overflow() -> None:
    bids = [(f"{100 - 20 * n}.0", "1.00000000") for n in range(4)] + [(f"{9 - n}.0", "1.00000000") for n in range(6)]
    stage = rebuild.stage()
    books = stage.empty()
    full = [*((1, *level) for level in bids), (-1, "900.0", "1.00000000")]
    stage.advance(books, batch("summed", rows(SNAPSHOT, full)))
    for number in range(12):
        bids = [(f"{101 + 15 * number}.0", "2.00000000"), *bids][:10]
        said = kraken_sum(bids, [("900.0", "1.00000000")])
        out = stage.advance(books, batch("summed", rows(DEPTH, [(1, *bids[0])], at=number + 2, checksum=said)))
        assert levels_of(books.ladders, 0, 0) == {round(float(p) * 10): float(q) for p, q in bids}
        assert (out.books["bid_added"][0], out.books["bid_removed"][0]) == (2.0, 1.0 if number < 10 else 2.0)
        check(books.ladders, 0)
    assert books.ladders.books["checked"][0].tolist() == [12, 0, 0]


def test_a_checksum_that_is_always_wrong_is_asked_about_six_times_an_hour() -> None:
    stage = rebuild.stage()
    books, asked = stage.empty(), [0]
    for at in range(1, 9_000):
        answers = [rows(SNAPSHOT, FULL, at=at)] if asked[-1] == at - 1 else []
        out = stage.advance(books, batch("summed", *answers, rows(DEPTH, [(1, "9.8", "1")], at=at + 0.5, checksum=1)))
        assert not out.ticks["valid"][-1]
        asked += [at] if "control" in out.tables else []
    for hour in range(1, 5_400, 300):
        assert 1 <= sum(hour <= at < hour + 3_600 for at in asked) <= 6
    assert books.troubles.open == {0: ["checksum"]}


def test_a_checksum_that_is_wrong_once_is_asked_about_at_once_and_heals() -> None:
    wrong = rows(DEPTH, [(1, "9.8", "1")], at=2, checksum=1)
    ticks, gaps, asked, _ = run(batch("summed", rows(SNAPSHOT, FULL), wrong, rows(SNAPSHOT, FULL, at=3)))
    assert ticks["valid"].to_list() == [True, False, True]
    assert gaps == [("checksum", "open"), ("checksum", "healed")]
    assert asked == [2.0]


def test_a_message_that_nothing_can_verify_is_told_and_still_shown() -> None:
    changes = [rows(DEPTH, [(1, "9.8", "1")], at=at) for at in (2, 3)]
    sound = kraken_sum(
        [("10.0", "1.00000000"), ("9.9", "2.00000000"), ("9.8", "5.00000000")],
        [("10.1", "3.00000000"), ("10.2", "4.00000000")],
    )
    last = rows(DEPTH, [(1, "9.8", "5")], at=4, checksum=sound)
    ticks, gaps, asked, books = run(batch("summed", rows(SNAPSHOT, FULL), *changes, last))
    assert ticks["valid"].all()
    assert gaps == [("unverifiable", "open"), ("unverifiable", "healed")]
    assert asked == []
    assert books.ladders.books["checked"][0].tolist() == [1, 0, 2]


def test_a_picture_is_the_whole_book() -> None:
    pictures = [FULL, [(1, "10.0", "5"), (-1, "10.3", "3")], [(1, "9.0", "1")], [(1, "9.0", "1"), (-1, "9.1", "0")]]
    messages = [rows(PICTURE, levels, at=at, sequence=0) for at, levels in enumerate([*pictures, FULL], start=1)]
    stage = rebuild.stage()
    out = stage.advance(stage.empty(), batch("pictures", *messages))
    assert out.ticks["kind"].tolist() == [int(DEPTH)] * 5
    assert out.ticks["valid"].tolist() == [True, True, False, False, True]
    assert out.books["bid_added"].tolist() == [3.0, 4.0, 3.0]
    assert out.books["bid_removed"].tolist() == [0.0, 2.0, 1.0]
    assert out.books["ask_removed"].tolist() == [0.0, 7.0, 0.0]
    assert out.tables == {}


def test_a_picture_after_a_reset_heals_it_and_a_crossed_one_asks_for_nothing() -> None:
    crossed = [(1, "10.2", "1"), (-1, "10.1", "1")]
    messages = [rows(PICTURE, FULL), rows(RESET, at=2, flags=int(Flag.SILENT)), rows(PICTURE, crossed, at=3)]
    ticks, gaps, asked, _ = run(batch("pictures", *messages, rows(PICTURE, FULL, at=4)))
    assert ticks["valid"].to_list() == [True, False, False, True]
    assert gaps == [("silent", "open"), ("crossed", "open"), ("silent", "healed"), ("crossed", "healed")]
    assert asked == []


def test_a_book_of_best_quotes_takes_little_memory() -> None:
    _, _, _, books = run(batch("pictures", rows(PICTURE, [(1, "9000.0", "1"), (-1, "9000.1", "1")])))
    assert books.ladders.books["width"][0] == MIN_WIDTH
    assert sum(array.nbytes for array in books.ladders) < 32_000


def test_the_limit_of_levels_is_of_a_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "MAX_LEVELS", 2_048)
    bids = [(1, f"{5_000 - n}.0", "1") for n in range(1_400)]
    asks = [(-1, f"{5_001 + n}.0", "1") for n in range(1_400)]
    more = rows(DEPTH, [(1, "5000.5", "1"), (-1, "5000.8", "1")], at=2)
    beyond = rows(DEPTH, [(1, f"{3_000 - n}.0", "1") for n in range(700)], at=3)
    ticks, gaps, _, _ = run(batch("blind", rows(SNAPSHOT, [*bids, *asks]), more, beyond))
    assert ticks["valid"].to_list() == [True, True, False]
    assert gaps == [("limit", "open")]


def test_a_size_that_cannot_be_loses_the_book() -> None:
    for kind in (DEPTH, PICTURE):
        messages = [rows(SNAPSHOT, FULL), rows(kind, [(1, "9.8", "-1")], at=2)]
        ticks, gaps, _, _ = run(batch("blind", *messages))
        assert ticks["valid"].to_list() == [True, False]
        assert gaps == [("crossed", "open")]
        assert np.isnan(ticks["bid_price"][1])
