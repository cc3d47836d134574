"""A damaged journal: never a wrong row, every row that is still whole, and a word for each that is not."""

import logging
import sqlite3
from pathlib import Path

import pytest

from market.errors import JournalError
from tests.sinks.damage import (
    BLOCK,
    PAGE,
    Damage,
    append,
    clear,
    cut,
    flip,
    frames_of,
    read,
    rows_by_page,
    times_of,
    writer,
    zero,
)

ROWS = 24


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "barograph.journal")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal that was closed, as bytes."""
    path = tmp_path_factory.mktemp("whole") / "a.db"
    with writer(path) as journal:
        append(journal, ROWS)
    return path.read_bytes()


def damaged(whole: bytes, damage: Damage, at: int, path: Path) -> set[int]:
    """Put a damaged copy at the path; the rows that have bytes on the pages that were hit."""
    clear(path)
    data = bytearray(whole)
    damage(data, at)
    path.write_bytes(data)
    pages = rows_by_page(whole)
    return set().union(*(pages[at // PAGE :] if damage is cut else pages[at // PAGE : at // PAGE + 1]))


@pytest.mark.parametrize("damage", [flip, zero, cut])
def test_whatever_block_is_hit_no_row_is_wrong_and_none_is_lost_elsewhere_or_unsaid(
    whole: bytes, damage: Damage, tmp_path: Path
) -> None:
    path, lost_rows = tmp_path / "b" / "a.db", 0
    for at in range(2 * PAGE if damage is cut else 0, len(whole), BLOCK):
        hit = damaged(whole, damage, at + (at // BLOCK * 37 % BLOCK if damage is flip else 0), path)
        rows, told = read(path)
        for offset, row in rows.items():
            assert row == (times_of(offset), frames_of(offset)), (at, offset)
        lost = {*range(1, ROWS + 1)} - rows.keys()
        assert lost <= hit, (at, "rows that were not hit are lost")
        assert not lost or told, (at, "rows are lost and nothing says so")
        assert len(lost) <= 3 or damage is cut, (at, lost)
        lost_rows += len(lost)
    assert lost_rows, "nothing was damaged"


def test_a_file_cut_before_anything_of_a_journal_is_refused_and_left_as_it_is(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b" / "a.db"
    for at in range(BLOCK, 2 * PAGE, BLOCK):
        damaged(whole, cut, at, path)
        with pytest.raises(JournalError, match="move it away"):
            read(path)
        with pytest.raises(JournalError, match="move it away"):
            writer(path, alone=True)
        assert path.read_bytes() == whole[:at]


def test_a_damaged_file_reads_alike_however_the_reading_is_cut(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b" / "a.db"
    for at in range(0, len(whole), 7 * BLOCK):
        damaged(whole, zero, at, path)
        assert read(path, 1) == read(path, 5) == read(path)


@pytest.mark.parametrize("damage", [flip, zero, cut])
def test_a_writer_that_is_alone_repairs_it_keeps_the_damaged_file_and_goes_on_with_new_offsets(
    whole: bytes, damage: Damage, tmp_path: Path
) -> None:
    path, repaired = tmp_path / "b" / "a.db", 0
    for at in range(2 * PAGE if damage is cut else 0, len(whole), 11 * BLOCK):
        damaged(whole, damage, at, path)
        before, _ = read(path)
        with writer(path, alone=True) as journal:
            new = journal.append([1], [b"new"])
        rows, _ = read(path)
        kept = [one for one in path.parent.iterdir() if ".damaged-" in one.name]
        repaired += bool(kept)
        assert rows.pop(new)[1] == [b"new"]
        assert rows.items() >= before.items(), (at, "a repair lost rows")
        assert new > ROWS or not kept, (at, "an offset was given twice")
        if kept:
            data = bytearray(whole)
            damage(data, at)
            assert kept[0].read_bytes() == data
    assert repaired


def test_rows_of_a_log_that_was_damaged_or_cut_are_whole_and_in_order_and_new_ones_come_after(tmp_path: Path) -> None:
    """What a process leaves that is killed: a file and a log. SQLite alone would end at the first bad frame."""
    with writer(tmp_path / "a.db", alone=True) as journal:
        append(journal, 4)
        with sqlite3.connect(tmp_path / "a.db") as other:
            other.execute("pragma wal_checkpoint(truncate)")
        other.close()
        append(journal, 8)
        left = {end: (tmp_path / f"a.db{end}").read_bytes() for end in ("", "-wal")}
    path, saved = tmp_path / "b" / "a.db", 0
    for damage in (flip, zero, cut):
        for at in range(0, len(left["-wal"]), 9 * BLOCK):
            clear(path)
            path.write_bytes(left[""])
            data = bytearray(left["-wal"])
            damage(data, at)
            path.with_name("a.db-wal").write_bytes(data)
            with writer(path, alone=True) as journal:
                new = journal.append([1], [b"new"])
            rows, _told = read(path)
            assert rows.pop(new)[1] == [b"new"]
            assert all(row == (times_of(offset), frames_of(offset)) for offset, row in rows.items()), at
            assert {1, 2, 3, 4} <= rows.keys()
            if damage is cut:
                assert sorted(rows) == list(range(1, len(rows) + 1)), "a torn tail ends at the last whole row"
            else:
                assert len(rows) >= 9, (at, sorted(rows))
            saved += len(rows)
    assert saved
