"""A journal of an earlier schema is read, appended to and repaired as if it were of the present one."""

import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from market.errors import JournalError
from market.history import HISTORY
from market.journal import LIVE_BLOCK_NS
from sinks import journal_file
from sinks.journal import JournalWriter
from sinks.journal_faults import DAMAGED, leave_mark
from sinks.journal_file import SKIPPED
from sources.journal_reader import JournalReader
from sources.recorded import recorded
from tests.sinks.damage import BLOCK, PAGE, read, zero

SCHEMA_1 = Path(__file__).parent / "journals" / "schema_1.db"  # written by the last version that knew no checksums
ROWS = {1: ([100], [b"bar"])} | {
    offset: ([offset * 1000, offset * 1000 + 1], [b"frame %d" % offset, b"x" * (500 * (offset - 2))])
    for offset in range(2, 8)
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "journal" / "market"
    folder.mkdir(parents=True)
    return Path(shutil.copyfile(SCHEMA_1, folder / "binance-usdm-0.db"))


def opened(path: Path, *, alone: bool = False) -> JournalWriter:
    return JournalWriter(path, venue="binance-usdm", shard="binance-usdm/0", block_ns=LIVE_BLOCK_NS, alone=alone)


def test_it_is_read_without_being_changed(path: Path) -> None:
    assert read(path) == (ROWS, [])
    assert [batch.offset for batch in recorded(path.parents[2])] == [*ROWS]
    with JournalReader(path) as reader:
        assert reader.meta()["imported"] == "something"
        assert [row.source for row in reader.rows(0, 2)] == [HISTORY, ""]
    assert path.read_bytes() == SCHEMA_1.read_bytes()


@pytest.mark.parametrize("alone", [False, True])
def test_it_is_appended_to_keeps_its_notes_and_has_checksums_from_then_on(path: Path, alone: bool) -> None:
    with JournalReader(path) as early:
        assert len(early.read(0, 3)) == 3
        with opened(path, alone=alone) as journal:
            assert journal.append([8], [b"new"]) == 8
            assert journal.append([1], [b"again"], source=HISTORY, source_offset=1) == 1
            assert journal.meta()["imported"] == "something"
        assert [row.offset for row in early.read(3, 100)] == [4, 5, 6, 7, 8]
    with opened(path, alone=alone) as journal:
        assert journal.append([9], [b"new"]) == 9
    assert read(path) == (ROWS | {8: ([8], [b"new"]), 9: ([9], [b"new"])}, [])
    with closing(sqlite3.connect(path)) as database:
        checked = [row[0] for row in database.execute("select checksum is not null from batches order by offset")]
    assert checked == [0] * 7 + [1, 1]


def test_a_checksum_that_vanished_from_a_row_that_had_one_is_damage(path: Path) -> None:
    with opened(path) as journal:
        journal.append([8], [b"new"])
        journal.append([9], [b"new"])
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("update batches set checksum = null where offset = 8")
    rows, told = read(path)
    assert rows.keys() == {*range(1, 10)} - {8}
    assert told == ["row 8 of binance-usdm-0.db cannot be read"]


def test_its_damaged_rows_are_told_as_far_as_they_show_and_the_others_stay(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "barograph.journal")
    whole = SCHEMA_1.read_bytes()
    for at in range(3 * PAGE, len(whole), BLOCK):
        data = bytearray(whole)
        zero(data, at)
        path.write_bytes(data)
        rows, told = read(path)
        assert told or [*rows] == [*ROWS][: len(rows)], "only what is missing at the end cannot be known"
        assert len(rows) >= len(ROWS) - 3
        assert {offset: row[0] for offset, row in rows.items()}.items() <= {o: r[0] for o, r in ROWS.items()}.items()


def test_a_journal_of_a_later_schema_is_refused_by_name(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("update meta set value = '3' where key = 'schema'")
    with pytest.raises(JournalError, match="journal schema 3, this Barograph reads 2"):
        JournalReader(path)
    with pytest.raises(JournalError, match="journal of schema 3, not 2"):
        opened(path, alone=True)


def test_rows_that_were_pruned_before_there_were_notes_of_it_are_missed_by_nobody(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("delete from batches where source is null and offset <= 4")
    left = {offset: row for offset, row in ROWS.items() if offset == 1 or offset > 4}
    assert read(path) == (left, [])
    opened(path).close()
    assert read(path) == (left, [])
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("delete from batches where offset = 6")
    assert read(path)[1] == ["row 6 of binance-usdm-0.db cannot be read"]


def test_it_is_repaired_to_the_present_one(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "barograph.journal")
    data = bytearray(path.read_bytes())
    zero(data, len(data) - PAGE)
    path.write_bytes(data)
    before, _ = read(path)
    leave_mark(path, DAMAGED)
    with opened(path, alone=True) as journal:
        assert journal.meta()["schema"] == "2"
        new = journal.append([1], [b"new"])
        assert new > SKIPPED
    after, _ = read(path)
    assert after == before | {new: ([1], [b"new"])}


def test_a_journal_whose_schema_could_not_be_changed_is_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("disk is full")

    monkeypatch.setattr(journal_file, "write_facts", full)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        with pytest.raises(sqlite3.OperationalError, match="full"):
            journal_file.migrate(database)
        assert not database.in_transaction
    assert read(path) == (ROWS, [])
