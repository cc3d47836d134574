"""Rows that become a frame late are the frame they would have been."""

import pickle

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from market.decisions import Decisions
from market.pairs import PAIRS, pairs
from market.rows import Rows, Tables, framed, given
from operators.broadcast.messages import account_frames
from operators.execution import trade
from tests.operators.execution.case_trade import TERMS
from tests.operators.portfolio.decision_stream import trades

SCHEMA = {"name": pl.String, "size": pl.Float64, "checks": PAIRS}


def rows(first: int, count: int) -> list[tuple[object, ...]]:
    return [(f"n{n}", n / 3, pairs({"age_s": n / 7} if n % 2 else {})) for n in range(first, first + count)]


def frame(first: int, count: int) -> pl.DataFrame:
    return pl.DataFrame(rows(first, count), schema=SCHEMA, orient="row")


@pytest.mark.parametrize("counts", [(1,), (2, 3), (64, 1), (197,), (0,), (0, 2)])
def test_rows_joined_are_the_frames_joined(counts):
    starts = [sum(counts[:number]) for number in range(len(counts))]
    found = framed([Rows(SCHEMA, rows(start, count)) for start, count in zip(starts, counts, strict=True)])
    assert_frame_equal(found, frame(0, sum(counts)))


def test_rows_of_a_snapshot_and_frames_join_those_of_now_in_order():
    older = pickle.loads(pickle.dumps(Rows(SCHEMA, rows(0, 2))))
    assert_frame_equal(framed([older, Rows(SCHEMA, rows(2, 1)), frame(3, 2), Rows(SCHEMA, rows(5, 1))]), frame(0, 6))


def test_rows_are_read_as_a_frame_is():
    few, whole = Rows(SCHEMA, rows(0, 5)), frame(0, 5)
    assert (few.columns, few.height, few.is_empty()) == (whole.columns, whole.height, whole.is_empty())
    assert list(few.iter_rows(named=True)) == list(whole.iter_rows(named=True))
    assert list(few.select(["size", "name"]).iter_rows()) == list(whole.select(["size", "name"]).iter_rows())


def test_an_item_joins_what_two_stages_give_a_table():
    item = Decisions("trading/0", 1, 2, ()).with_table("orders", Rows(SCHEMA, rows(0, 2)))
    assert list(item.with_table("fills", Rows(SCHEMA, [])).tables) == ["orders"]
    both = item.with_table("orders", frame(2, 1))
    assert_frame_equal(both.tables["orders"], frame(0, 3))
    assert both.tables["orders"] is both.tables["orders"]


def test_what_is_broadcast_of_rows_is_what_is_broadcast_of_frames():
    said = 0
    for item in trade.stage(terms=TERMS).run(trades(seed=5, length=2)):
        frames = account_frames(item)
        assert all(isinstance(table, Rows | pl.DataFrame) for table in given(item.tables).values())
        assert frames == account_frames(item._replace(tables=dict(item.tables)))
        said += len(frames)
    assert said > 100


def test_tables_that_are_frames_are_given_as_they_are():
    tables = {"ticks": frame(0, 1)}
    assert given(tables) is tables
    assert given(Tables(tables)) is tables


def test_a_value_of_another_type_than_its_column_is_a_fault():
    for wrong in ((1, 0.5, []), ("n", "0.5", [])):
        with pytest.raises(TypeError):
            Rows(SCHEMA, [wrong]).frame()
