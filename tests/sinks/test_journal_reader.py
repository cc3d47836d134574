"""What a reader tells where rows are not there, from where it takes their time, and which file it goes on in."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sinks.journal_file import SKIPPED, repair
from sources.journal_reader import JournalReader
from tests.sinks.damage import append, read, times_of, writer

NS = {offset: times_of(offset)[-1] for offset in range(1, 10)}


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "barograph.journal")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of nine rows."""
    with writer(tmp_path / "a.db") as journal:
        append(journal, 9)
    return tmp_path / "a.db"


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(statement)


def test_a_whole_journal_is_never_taken_for_damaged(path: Path) -> None:
    with writer(path) as journal:  # notes that say nothing
        journal.note("skipped:old", "5")
        journal.note("skipped:5", "old")
    with JournalReader(path) as reader:
        for after in range(9):
            assert [row.offset for row in reader.rows(after, 3)] == [*range(after + 1, 10)][:3]
            assert (reader.received_ns(after), reader.mark(after) is None) == (NS.get(after, 0), after == 0)
        assert reader.rows(9, 3) == []
        assert not reader.is_damaged


def test_a_lost_row_has_the_time_of_the_whole_one_before_it_else_of_the_one_after(path: Path) -> None:
    change(path, "update batches set received_ns = 5 where offset in (1, 4, 9)")
    change(path, "delete from batches where offset = 5")
    with JournalReader(path) as reader:
        rows = reader.rows(0, 100)
        assert [(row.offset, row.received_ns) for row in rows] == [
            *(
                (1, NS[2]),
                (2, NS[2]),
                (3, NS[3]),
                (4, NS[3]),
                (5, NS[3]),
                (6, NS[6]),
                (7, NS[7]),
                (8, NS[8]),
                (9, NS[8]),
            )
        ]
        assert reader.is_damaged
        assert [reader.received_ns(offset) for offset in (4, 5, 6)] == [0, 0, NS[6]]
        assert [(row.offset, row.received_ns) for row in reader.rows(8, 1)] == [(9, NS[8])]
    change(path, "update batches set received_ns = 5")
    with JournalReader(path) as reader:
        assert {row.received_ns for row in reader.rows(0, 100)} == {0}


def test_rows_beside_a_lost_one_keep_the_source_that_they_name(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with writer(path) as journal:
        for offset in (1, 2, 3):
            journal.append([offset], [b"bar"], source="history" if offset > 1 else None, source_offset=offset)
    change(path, "delete from batches where offset = 2")
    with JournalReader(path) as reader:
        assert [(row.offset, row.source) for row in reader.rows(0, 9)] == [(1, ""), (2, ""), (3, "history")]


@pytest.mark.parametrize("after", [0, 1, 2])
def test_only_who_had_read_what_came_before_misses_what_was_pruned(path: Path, after: int) -> None:
    with JournalReader(path) as reader:
        reader.rows(0, after)
        with writer(path) as journal:
            journal.prune(4, most_rows=9)
        rows = reader.rows(after, 2)
        told = [offset for offset in range(after + 1, 5) if after]
        assert [row.offset for row in rows] == [*told, 5, 6]


def test_after_a_repair_only_what_it_noted_is_not_looked_for_again(path: Path) -> None:
    change(path, "update batches set received_ns = 1 where offset in (3, 5, 6)")
    repair(path)
    for vanished in (4, 7, 8):
        change(path, f"delete from batches where offset = {vanished}")
        with JournalReader(path) as reader:
            assert [row.offset for row in reader.rows(0, 100)] == [*range(1, 10)]
            assert reader.is_damaged


def test_a_reader_goes_on_in_the_repaired_file_and_from_a_file_that_is_gone_gets_no_more(path: Path) -> None:
    with JournalReader(path) as reader:
        assert [row.offset for row in reader.rows(0, 9)] == [*range(1, 10)]
        assert repair(path) == 9
        with writer(path) as journal:
            new = journal.append([1], [b"new"])
        assert new == 9 + SKIPPED + 1
        assert reader.rows(9, 9) == [], "it looks which file is there, and opens that"
        assert [row.offset for row in reader.rows(9, 9)] == [new - 1, new]
        assert not reader.is_damaged
        for file in path.parent.iterdir():
            file.unlink()
        assert reader.rows(new, 9) == []


def test_a_row_at_the_end_that_is_not_whole_is_told_once_however_few_are_asked_for(path: Path) -> None:
    change(path, "update batches set received_ns = 1 where offset = 9")
    with JournalReader(path) as reader:
        for limit in (1, 2, 100):
            after, told = 6, []
            while rows := reader.rows(after, limit):
                told += [row.offset for row in rows]
                after = rows[-1].offset
            assert told == [7, 8, 9], limit
    assert read(path)[1] == ["row 9 of a.db cannot be read"]
