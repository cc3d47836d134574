import numpy as np
import polars as pl
import pytest

from market.batch import Batch
from market.schema import Flag, Kind
from operators.book import ladders, pending, rebuild
from operators.book.rows import APPLIED, DUPLICATE, GAP, OLD, PENDING
from operators.book.sequence import judge
from operators.frame import frame
from tests.operators.book.levels import check, levels_of
from tests.operators.book.messages import Levels, batch, depth, message, snapshot, table

BID, ASK = 1, -1
BOOK: Levels = [(BID, 100, 1.0), (BID, 99, 2.0), (ASK, 101, 3.0), (ASK, 102, 4.0)]


def run(*batches: Batch) -> tuple[pl.DataFrame, pl.DataFrame, rebuild.Books]:
    stage = rebuild.stage()
    books = stage.empty()
    out = stage.run(batches, books)
    gaps = [one.tables["gaps"] for one in out if "gaps" in one.tables]
    return pl.concat([frame(one) for one in out]), pl.concat(gaps) if gaps else pl.DataFrame(), books


def quote(ticks: pl.DataFrame, row: int = -1) -> tuple[float, ...]:
    return ticks.select("bid_price", "bid_size", "ask_price", "ask_size").row(row)


@pytest.mark.parametrize(
    ("last", "seen", "previous", "sequence", "chained", "verdict"),
    [
        (-1, -1, 5, 9, True, PENDING),  # nothing known yet
        (7, -1, 5, 9, True, APPLIED),  # the first one spans the snapshot
        (7, -1, 7, 9, True, APPLIED),  # or continues it exactly
        (7, -1, 8, 9, True, GAP),  # or comes too late
        (9, -1, 5, 9, True, OLD),  # the snapshot holds it
        (9, 5, 5, 8, True, OLD),
        (9, 9, 9, 12, True, APPLIED),
        (9, 9, 9, 9, True, DUPLICATE),
        (9, 9, 5, 8, True, DUPLICATE),
        (9, 9, 8, 12, True, GAP),  # futures name what they continue
        (9, 9, 8, 12, False, APPLIED),  # spot ranges may overlap
        (9, 9, 10, 12, False, GAP),
        (9, 9, 10, 12, True, GAP),
        (-1, 9, 10, 12, True, GAP),  # a hole in what is kept shows at once
    ],
)
def test_the_sequence_rule(last: int, seen: int, previous: int, sequence: int, chained: bool, verdict: int) -> None:
    assert judge(last, seen, previous, sequence, chained) == verdict


def test_a_quote_is_the_float_of_the_venues_own_text() -> None:
    levels: Levels = [(BID, 600_001, 0.5), (ASK, 600_003, 0.25)]
    ticks, _, _ = run(batch(snapshot(1, levels), instruments=table(tick="0.1")))
    assert quote(ticks) == (float("60000.1"), 0.5, float("60000.3"), 0.25)


def test_a_snapshot_replaces_and_never_merges() -> None:
    ticks, _, books = run(batch(snapshot(1, BOOK), snapshot(5, [(BID, 90, 1.0), (ASK, 110, 1.0)])))
    assert quote(ticks) == (9.0, 1.0, 11.0, 1.0)
    assert books.ladders.books["filled"][0].tolist() == [1, 1]


def test_a_snapshot_older_than_a_good_book_changes_nothing() -> None:
    ticks, gaps, _ = run(batch(snapshot(5, BOOK), depth(5, 9, [(BID, 100, 7.0)]), snapshot(6, BOOK)))
    assert quote(ticks) == (10.0, 7.0, 10.1, 3.0)
    assert ticks.row(-1, named=True)["sequence"] == 9
    assert ticks["valid"].all()
    assert gaps.is_empty()


def test_messages_kept_are_applied_on_the_snapshot() -> None:
    kept = [depth(1, 3, [(BID, 100, 5.0)]), depth(3, 6, [(ASK, 101, 0.0)])]
    ticks, gaps, _ = run(batch(*kept, snapshot(4, BOOK)))
    assert ticks["valid"].to_list() == [False, False, True]
    assert quote(ticks) == (10.0, 1.0, 10.2, 4.0)
    assert ticks.row(-1, named=True)["sequence"] == 6
    assert gaps.select("cause", "state").rows() == [("unsynchronised", "open"), ("unsynchronised", "healed")]


def test_a_snapshot_older_than_the_messages_kept_is_refused_and_asked_for_again() -> None:
    stage = rebuild.stage()
    books = stage.empty()
    first, second = stage.run([batch(depth(5, 8, [])), batch(snapshot(4, BOOK))], books)
    assert first.tables["control"]["cause"].to_list() == ["unsynchronised"]
    assert not second.ticks["valid"].any()
    # It is data time that decides: the second request comes at a time 4 s before the first, which is too soon.
    assert "control" not in second.tables
    third = stage.advance(books, batch(message(Kind.SNAPSHOT, 4, -1, BOOK, 0), depth(8, 11, [])))
    assert third.tables["control"]["receive_time"].to_list() == [11_000_000_000]
    assert stage.advance(books, batch(snapshot(11, BOOK))).ticks["valid"].all()


def test_requests_become_rarer() -> None:
    messages = [depth(number, number + 1, []) for number in range(1, 200)]
    stage = rebuild.stage()
    asked = stage.run([batch(*messages)])[0].tables["control"]["receive_time"] // 1_000_000_000
    assert asked.diff().drop_nulls().to_list() == [1, 2, 4, 8, 16, 32, 64, 64]


@pytest.mark.parametrize(
    "levels", [[(BID, 101, 1.0)], [(ASK, 100, 1.0)], [(BID, 98, -1.0)], [(BID, 98, np.nan)], [(BID, 98, np.inf)]]
)
def test_a_crossed_locked_or_impossible_book_is_not_valid_until_the_next_snapshot(levels: Levels) -> None:
    ticks, gaps, _ = run(batch(snapshot(1, BOOK), depth(1, 3, levels), depth(3, 5, []), snapshot(7, BOOK)))
    assert ticks["valid"].to_list() == [True, False, False, True]
    assert gaps.select("cause", "state").rows() == [("crossed", "open"), ("crossed", "healed")]


def test_a_snapshot_older_than_the_message_that_broke_the_book_is_refused() -> None:
    broken = depth(1, 9, [(BID, 101, 1.0)])
    ticks, gaps, _ = run(batch(snapshot(1, BOOK), broken, snapshot(8, BOOK), snapshot(9, BOOK)))
    assert ticks["valid"].to_list() == [True, False, False, True]
    assert gaps.select("cause", "state").rows() == [("crossed", "open"), ("crossed", "healed")]


def test_a_book_with_one_side_is_not_valid_and_not_lost() -> None:
    empty, full = [(ASK, 101, 0.0), (ASK, 102, 0.0)], [(ASK, 103, 1.0)]
    ticks, gaps, _ = run(batch(snapshot(1, BOOK), depth(1, 3, empty), depth(3, 5, full)))
    assert ticks["valid"].to_list() == [True, False, True]
    assert gaps.is_empty()


def test_deleting_a_level_that_is_not_there_is_normal() -> None:
    ticks, gaps, _ = run(batch(snapshot(1, BOOK), depth(1, 3, [(BID, 50, 0.0), (ASK, 150, 0.0)])))
    assert ticks["valid"].all()
    assert gaps.is_empty()


@pytest.mark.parametrize(
    ("flag", "cause"),
    [
        (Flag.SHED, "shed"),
        (Flag.DISCONNECTED, "disconnected"),
        (Flag.SILENT, "silent"),
        (Flag.TICK_CHANGED, "tick_size"),
    ],
)
def test_a_reset_loses_one_book_and_says_why(flag: Flag, cause: str) -> None:
    both = [snapshot(1, BOOK, 0), snapshot(1, BOOK, 1)]
    reset = message(Kind.RESET, 2, -1, [], 0, int(flag))
    after = [depth(1, 3, [], 0), depth(1, 3, [], 1)]
    ticks, gaps, _ = run(batch(*both, reset, *after, instruments=table(count=2)))
    assert ticks["valid"].to_list() == [True, True, False, False, True]
    assert gaps.select("instrument", "cause", "state").rows() == [("X0", cause, "open")]


def test_a_changed_tick_counts_from_its_reset_on() -> None:
    stage = rebuild.stage()
    books = stage.empty()
    stage.advance(books, batch(snapshot(1, BOOK)))
    reset = message(Kind.RESET, 3, -1, [], 0, int(Flag.TICK_CHANGED))
    changed = batch(depth(1, 2, []), reset, snapshot(4, BOOK), instruments=table(tick="0.5"))
    ticks = frame(stage.advance(books, changed))
    assert quote(ticks, 0)[0] == 10.0
    assert quote(ticks, 2)[0] == 50.0


def test_a_ticker_that_is_no_quote_is_not_valid() -> None:
    tickers = [[(BID, 100, 1.0), (ASK, 101, 1.0)], [(BID, 101, 1.0), (ASK, 101, 1.0)], [(BID, 0, 0.0), (ASK, 101, 1.0)]]
    ticks, _, _ = run(batch(*(message(Kind.TICKER, 1, -1, levels, 0) for levels in tickers)))
    assert ticks["valid"].to_list() == [True, False, False]


@pytest.mark.parametrize("levels", [1, 1_023, 1_024, 1_025, 12_000])
def test_a_book_holds_any_depth(levels: int) -> None:
    chance = np.random.default_rng(levels)
    prices = chance.permutation(levels) + 1
    rows: Levels = [(BID, -int(p) + 50_000, float(p)) for p in prices]
    rows += [(ASK, int(p) + 50_000, float(p)) for p in prices]
    ticks, gaps, books = run(batch(snapshot(1, [(BID, 1, 1.0)]), depth(1, 2, rows)))
    assert books.ladders.books["filled"][0].tolist() == [levels + 1, levels]
    assert quote(ticks) == (4999.9, 1.0, 5000.1, 1.0)
    assert gaps.is_empty()
    check(books.ladders, 0)
    assert levels_of(books.ladders, 0, 0) == {1: 1.0} | {price: size for side, price, size in rows if side == BID}


def test_a_book_beyond_the_limit_is_lost_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "MAX_LEVELS", 2_048)
    many: Levels = [(BID, 1 + number, 1.0) for number in range(2_100)]
    beyond: Levels = [(side, price + 10_000 * (side < 0), size) for side, price, size in many]
    ticks, gaps, books = run(
        batch(snapshot(1, [(BID, 1, 1.0), (ASK, 9_999, 1.0)]), depth(1, 2, beyond), depth(2, 3, []))
    )
    assert ticks["valid"].to_list() == [True, False, False]
    assert gaps.select("cause", "state").rows() == [("limit", "open")]
    assert books.ladders.books["room"][0] == 2 * ladders.MIN_LEVELS


def test_messages_kept_are_bounded_and_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "MAX_ROWS", 10)
    messages = [depth(number, number + 1, [(BID, 100, 1.0)]) for number in range(1, 50)]
    ticks, _, books = run(batch(*messages, snapshot(40, BOOK), snapshot(47, BOOK)))
    assert ticks["valid"].to_list()[-2:] == [False, True]
    assert ticks.row(-1, named=True)["sequence"] == 50
    assert list(books.pending.of(0)) == []
