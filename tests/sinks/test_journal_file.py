"""The journal's file is made, and made anew, in steps that a kill or a loss of power may come between."""

import gc
import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from market.errors import JournalError
from sinks.journal_file import SKIPPED, finish_repair, repair
from sources.journal_reader import JournalReader
from tests.sinks.damage import append, frames_of, read, times_of, writer

FACTS = {"schema": "2", "venue": "okx", "shard": "okx/0", "block_ns": "1"}


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "barograph.journal")


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What we have flushed, by the end of its name."""
    names: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: names.append(Path(os.readlink(f"/proc/self/fd/{handle}")).suffix))
    return names


def names(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir() if not one.name.endswith(("-shm", ".lock")))


def rows(*offsets: int) -> dict[int, tuple[list[int], list[bytes]]]:
    return {offset: (times_of(offset), frames_of(offset)) for offset in offsets}


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_is_flushed_then_named_then_its_folder_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flushed: list[str], links: bool
) -> None:
    def refused(*_: object) -> None:
        raise OSError(1, "no links here")

    if not links:
        monkeypatch.setattr(os, "link", refused)
    gc.collect()  # what other tests left open
    path, handles = tmp_path / "b" / "c" / "a.db", len(os.listdir("/proc/self/fd"))
    with writer(path) as journal:
        append(journal, 1)
        assert flushed == [".partial", ""]
        journal.sync()
        assert flushed == [".partial", "", ".db-wal"]
    assert len(os.listdir("/proc/self/fd")) == handles
    assert names(path) == ["a.db"]
    assert read(path) == (rows(1), [])


def test_a_repair_keeps_the_old_file_and_its_log_and_begins_again_where_one_was_killed(
    tmp_path: Path, flushed: list[str]
) -> None:
    path = tmp_path / "a.db"
    with writer(path) as journal:
        append(journal, 3)
        journal.note("imported", "something")
    for number in (1, 2):
        path.with_name("a.db-wal").write_bytes(b"log %d" % number)
        path.with_name("a.db-shm").write_bytes(b"its index")
        path.with_suffix(".repairing").write_bytes(b"half of one")
        flushed.clear()
        assert repair(path) == 3
        assert flushed == [".repairing", "", ""]
        assert not path.with_name("a.db-shm").exists()
        assert path.with_name(f"a.db.damaged-{number}-wal").read_bytes() == b"log %d" % number
    kept = [f"a.db.damaged-{number}{end}" for number in (1, 2) for end in ("", "-wal")]
    assert names(path) == ["a.db", *kept]
    assert read(path) == (rows(1, 2, 3), [])
    with writer(path) as journal:
        assert journal.meta()["imported"] == "something"
        assert journal.append([1], [b"new"]) == 3 + SKIPPED + 1
    assert finish_repair(path) is None


@pytest.mark.parametrize("moved", [True, False])
def test_a_repair_that_was_killed_at_the_end_is_finished(tmp_path: Path, moved: bool) -> None:
    path = tmp_path / "a.db"
    with writer(path) as journal:
        append(journal, 2)
    path.with_suffix(".repaired").write_bytes(path.read_bytes())
    path.write_bytes(b"damaged")
    if moved:
        path.unlink()
    else:
        assert finish_repair(path) == path.with_name("a.db.damaged-1")
    with writer(path, alone=True) as journal:
        assert journal.last_offset() == 2
    assert names(path) == ["a.db"] + ["a.db.damaged-1"] * (not moved)


def test_what_a_repair_could_not_save_is_told_and_not_looked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with writer(path) as journal:
        append(journal, 9)
        journal.prune(2, most_rows=9)
    change(path, "update batches set received_ns = 1 where offset in (4, 6, 7)")
    assert repair(path) == 4
    told = [f"row {offset} of a.db cannot be read" for offset in (4, 6, 7)]
    assert read(path) == (rows(3, 5, 8, 9), told)
    with JournalReader(path) as reader:
        assert len(reader.rows(0, 100)) == 7
        assert not reader.is_damaged


def test_a_file_that_says_no_more_what_it_is_gets_the_facts_it_is_repaired_with(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with writer(path) as journal:
        append(journal, 3)
    change(path, "delete from facts", "delete from meta")
    with pytest.raises(JournalError, match="nothing of a journal"):
        repair(path)
    assert repair(path, FACTS) == 3
    assert read(path) == (rows(1, 2, 3), [])
    change(path, "update batches set checksum = null where offset = 2")
    assert read(path) == (rows(1, 3), ["row 2 of a.db cannot be read"])


def test_a_journal_without_rows_is_repaired_only_where_it_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    writer(path).close()
    assert repair(path) == 0
    assert read(path) == ({}, [])
    with writer(path) as journal:
        assert journal.append([1], [b"first"]) == SKIPPED + 1
    change(path, "delete from facts", "delete from meta", "delete from batches")
    with pytest.raises(JournalError, match="nothing of a journal"):
        repair(path, FACTS)


def test_rows_that_vanish_are_told_wherever_they_were_and_what_was_pruned_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with writer(path) as journal:
        append(journal, 4)
    change(path, "delete from batches where offset = 1")
    assert read(path)[1] == ["row 1 of a.db cannot be read"]
    change(path, "delete from batches where offset = 3")
    assert read(path) == (rows(2, 4), [f"row {offset} of a.db cannot be read" for offset in (1, 3)])
    with writer(path) as journal:
        assert journal.prune(3, most_rows=9) == 1
    assert read(path) == (rows(4), [])
