"""A snapshot of limited depth: what it did not tell of is asked for in time, and never taken for known."""

import json
from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import venues
from market.batch import Batch
from market.schema import Kind
from operators import decode
from operators.book import rebuild
from operators.frame import frame
from tests import tape
from tests.operators.book.case_rebuild import added
from tests.operators.book.messages import Levels, batch, depth, message, snapshot
from tests.operators.book.slow_book import oracle

BID, ASK = 1, -1
LEVELS = 8


@pytest.fixture(autouse=True)
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue whose snapshots have LEVELS levels a side at most."""
    monkeypatch.setitem(venues.VENUES, "binance-usdm", replace(venues.get("binance-usdm"), snapshot_levels=LEVELS))


def ladder(middle: int, count: int = LEVELS) -> Levels:
    """Levels at every second tick away from the middle."""
    offsets = range(1, 2 * count, 2)
    return [(BID, middle - o, 1.0) for o in offsets] + [(ASK, middle + o, 1.0) for o in offsets]


def gone(*prices: int, side: int = BID) -> Levels:
    return [(side, price, 0.0) for price in prices]


def run(*batches: Batch) -> tuple[list[bool], list[tuple[str, str]], list[str]]:
    """Which rows are valid; causes and states of gaps; causes of requests."""
    out = rebuild.stage().run(batches)
    gaps = [row for one in out if "gaps" in one.tables for row in one.tables["gaps"].select("cause", "state").rows()]
    asked = [cause for one in out if "control" in one.tables for cause in one.tables["control"]["cause"]]
    return pl.concat(frame(one) for one in out)["valid"].to_list(), gaps, asked


def test_a_touch_within_the_snapshot_asks_for_nothing() -> None:
    valid, gaps, asked = run(batch(snapshot(1, ladder(100)), depth(1, 3, gone(99, 97, 95, 93))))
    assert (valid, gaps, asked) == ([True, True], [], [])


def test_a_touch_near_the_edge_asks_for_a_snapshot_and_stays_valid() -> None:
    valid, gaps, asked = run(batch(snapshot(1, ladder(100)), depth(1, 3, gone(*range(87, 100, 2)))))
    assert (valid, gaps, asked) == ([True, True], [], ["edge"])


def test_a_touch_beyond_the_edge_is_not_valid_until_a_snapshot_that_reaches_it() -> None:
    away = [*gone(*range(85, 100, 2)), (BID, 84, 1.0)]
    rows = batch(snapshot(1, ladder(100)), depth(1, 3, away), depth(3, 5, []), snapshot(5, ladder(84)))
    valid, gaps, asked = run(rows)
    assert valid == [True, False, False, True]
    assert gaps == [("edge", "open"), ("edge", "healed")]
    assert asked == ["edge", "edge"]


def test_the_message_that_led_beyond_the_edge_is_kept_for_a_snapshot_of_before() -> None:
    away = depth(1, 6, [*gone(*range(85, 100, 2)), (BID, 84, 1.0)])
    reaches = snapshot(4, [*((BID, price, 1.0) for price in range(87, 79, -1)), (ASK, 101, 1.0)])
    short = snapshot(4, ladder(100))
    assert run(batch(snapshot(1, ladder(100)), away, reaches))[0] == [True, False, True]
    assert run(batch(snapshot(1, ladder(100)), away, short))[0] == [True, False, False]


def test_a_side_of_which_nothing_known_is_left_is_beyond_the_edge() -> None:
    valid, gaps, _ = run(batch(snapshot(1, ladder(100)), depth(1, 3, gone(*range(101, 117, 2), side=ASK))))
    assert (valid, gaps) == ([True, False], [("edge", "open")])


def test_a_book_of_which_the_snapshot_told_all_has_no_edge() -> None:
    away = [*gone(*range(87, 100, 2)), (BID, 50, 1.0)]
    valid, gaps, asked = run(batch(snapshot(1, ladder(100, LEVELS - 1)), depth(1, 3, away)))
    assert (valid, gaps, asked) == ([True, True], [], [])


def test_a_snapshot_asked_for_in_time_moves_the_edge_without_a_gap() -> None:
    stage = rebuild.stage()
    books = stage.empty()
    near = depth(1, 4, gone(*range(87, 100, 2)))
    later = depth(4, 9, [(BID, 70, 5.0), (ASK, 90, 2.0)])
    # What the venue says as of id 6 is older than the book, and newer than the first message kept.
    fresh = snapshot(6, [*((BID, price, 1.0) for price in (85, 84, 83, 82, 81, 80, 79, 78)), *ladder(100)[LEVELS:]])
    beyond = depth(9, 12, gone(85, 84))
    out = stage.advance(books, batch(snapshot(1, ladder(100)), near, later, fresh, beyond))
    assert out.ticks["valid"].all()
    assert out.ticks["sequence"].tolist() == [1, 4, 9, 9, 12]
    assert set(out.tables["control"]["cause"]) == {"edge"}
    assert "gaps" not in out.tables
    assert out.books["bid_price"][:, 0].tolist() == [9.9, 8.5, 8.5, 8.5, 8.3]
    assert out.books["bid_added"][3] == out.books["bid_removed"][3] == 0.0
    assert books.ladders.books["edge"][0].tolist() == [78, -115]
    assert list(books.pending.of(0)) == []


def test_a_snapshot_too_old_to_move_the_edge_changes_nothing_and_is_asked_for_again() -> None:
    near = depth(3, 4, gone(*range(87, 100, 2)))
    old = message(Kind.SNAPSHOT, 2, -1, ladder(300), 0)
    valid, gaps, asked = run(batch(snapshot(1, ladder(100)), depth(1, 3, []), near, old, depth(4, 6, [])))
    assert (valid, gaps, asked) == ([True] * 5, [], ["edge", "edge"])


def shortened(rows: tape.Tape, levels: int) -> tape.Tape:
    """The tape with at most so many levels a side in its snapshots."""

    def cut(raw: bytes) -> bytes:
        said = json.loads(raw[1:]) if raw[:1] == b"\x1e" else {}
        if said.get("record") != "snapshot":
            return raw
        said["body"] |= {side: said["body"][side][:levels] for side in ("bids", "asks")}
        return raw[:1] + json.dumps(said).encode()

    return [(time, cut(raw)) for time, raw in rows]


@pytest.mark.parametrize("levels", [2, 5, 8])
@pytest.mark.parametrize("seed", [1, 3])
def test_the_whole_tape_equals_a_book_of_dictionaries(monkeypatch: pytest.MonkeyPatch, levels: int, seed: int) -> None:
    monkeypatch.setitem(venues.VENUES, "binance-usdm", replace(venues.get("binance-usdm"), snapshot_levels=levels))
    batches = tape.cut(shortened(tape.tape(seed), levels))
    found, expected = added(rebuild.stage().run(decode.stage().run(batches))), oracle(batches)
    assert "edge" in set(found["control"]["cause"])
    # That decode drops a trade which comes twice is another test's.
    trades = pl.col("kind").is_in([int(Kind.TRADE), int(Kind.AGGREGATE_TRADE)])
    for tables in (found, expected):
        tables["ticks"] = tables["ticks"].filter(~trades)
    for name, table in expected.items():
        assert_frame_equal(found[name], table, check_exact=name != "books", rel_tol=1e-9, abs_tol=1e-9)
