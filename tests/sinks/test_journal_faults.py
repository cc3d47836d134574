"""What a journal does when its disk is full, fails or forgets: nothing is lost unsaid, no offset is given twice."""

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from market.errors import DiskError, JournalError
from market.salvage import Salvage
from sinks import journal_start
from sinks.journal import JournalWriter
from sinks.journal_faults import HeldError, fault_of, mark_of
from sinks.journal_file import SKIPPED
from sources.journal_reader import JournalReader
from tests.sinks.damage import append, frames_of, read, times_of, writer
from tests.sinks.failing import Disk

ROOT = Path(__file__).parents[2]
WAITS = [sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY]
FAILS = [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_READONLY_DBMOVED]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "barograph.journal")


@pytest.mark.parametrize("code", WAITS)
def test_an_append_that_the_disk_does_not_take_may_be_tried_again_and_is_there_once(tmp_path: Path, code: int) -> None:
    disk = Disk()
    with writer(tmp_path / "a.db", alone=True, connect=disk.connect) as journal:
        append(journal, 2)
        disk.fail(code)
        for _ in range(3):
            with pytest.raises(HeldError):
                journal.append(times_of(3), frames_of(3))
        disk.heal()
        assert journal.append(times_of(3), frames_of(3)) == 3
    assert read(tmp_path / "a.db") == ({offset: (times_of(offset), frames_of(offset)) for offset in (1, 2, 3)}, [])
    assert not mark_of(tmp_path / "a.db")


@pytest.mark.parametrize("code", FAILS)
def test_after_a_failed_disk_the_writer_is_done_with_and_the_next_one_gives_no_offset_twice(
    tmp_path: Path, code: int
) -> None:
    disk, path = Disk(), tmp_path / "a.db"
    with writer(path, alone=True, connect=disk.connect) as journal:
        append(journal, 2)
        disk.fail(code, statements=1)
        with pytest.raises(DiskError) as told:
            journal.append(times_of(3), frames_of(3))
        assert told.value.exit_code == 74
        with pytest.raises(DiskError):  # though the disk would take it now
            journal.append(times_of(3), frames_of(3))
    assert read(path)[0].keys() == {1, 2}
    with writer(path, alone=True) as journal:
        assert journal.append([1], [b"after"]) == 2 + SKIPPED + 1
    rows, told_of = read(path)
    assert list(rows) == [1, 2, 3 + SKIPPED]
    assert told_of == [f"rows up to {2 + SKIPPED} of a.db are missing"]


def test_a_damaged_file_that_only_an_append_notices_is_repaired_by_the_next_start(tmp_path: Path) -> None:
    disk, path = Disk(), tmp_path / "a.db"
    with writer(path, alone=True, connect=disk.connect) as journal:
        append(journal, 5)
        disk.fail(sqlite3.SQLITE_CORRUPT)
        with pytest.raises(DiskError):
            journal.append([1], [b"lost"])
    with writer(path, alone=True):
        assert (tmp_path / "a.db.damaged-1").exists()
    assert read(path)[0].keys() == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_FSYNC])
def test_whichever_statement_fails_what_was_acknowledged_is_there_and_nothing_else(tmp_path: Path, code: int) -> None:
    """Exhaustive: the Nth change fails, for every N of a run that appends, notes, prunes and is restarted."""
    steps, number = 1, 0
    while steps > number:
        number += 1
        path, disk, acknowledged = tmp_path / str(number) / "a.db", Disk(), []
        path.parent.mkdir()
        disk.fail(code, at=number, statements=1)
        for _restart in range(3):
            try:
                with writer(path, alone=True, connect=disk.connect) as journal:
                    for _ in range(3):
                        acknowledged.append(journal.append([len(acknowledged)], [b"%d" % len(acknowledged)]))
                    journal.note("key", "value")
            except JournalError:
                continue
        steps = disk.count
        with writer(path, alone=True) as journal:
            assert journal.append([99], [b"last"]) > max(acknowledged)
        rows, _ = read(path)
        assert [rows[offset][1] for offset in acknowledged] == [[b"%d" % one] for one in range(len(acknowledged))]
        assert len(rows) == len(acknowledged) + 1
    assert number > 9


def test_a_failed_flush_ends_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with writer(tmp_path / "a.db", alone=True) as journal:
        append(journal, 1)
        journal.sync()
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", _fails)
            with pytest.raises(DiskError):
                journal.sync()
        with pytest.raises(DiskError):
            journal.append([1], [b"x"])
        assert mark_of(tmp_path / "a.db") == "unsure"


def _fails(_number: int) -> None:
    raise OSError(5, "Input/output error")


def test_after_the_machine_stopped_rows_may_be_lost_so_offsets_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, left = tmp_path / "a.db", tmp_path / "b" / "a.db"
    left.parent.mkdir()
    with writer(path, alone=True) as journal:
        append(journal, 5)
        for end in ("", "-wal"):
            shutil.copyfile(f"{path}{end}", f"{left}{end}")
    with writer(left, alone=True) as journal:
        assert journal.append([1], [b"x"]) == 6, "only the process died: nothing is lost"
    with writer(path, alone=True) as journal:
        append(journal, 1)
        for end in ("", "-wal"):
            shutil.copyfile(f"{path}{end}", f"{left}{end}")
    monkeypatch.setattr(journal_start, "_boot", lambda: "another")
    with writer(left, alone=True):
        pass  # and it dies again before it appended anything
    with writer(left, alone=True) as journal:
        assert journal.append([1], [b"x"]) == 6 + SKIPPED + 1
    with writer(path, alone=True) as journal:
        assert journal.append([1], [b"x"]) == 7, "it was closed before the machine stopped"


def test_a_second_process_that_records_by_accident_is_refused(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db", alone=True) as journal:
        with pytest.raises(JournalError, match="another process records into"):
            writer(tmp_path / "a.db", alone=True)
        append(journal, 1)
    writer(tmp_path / "a.db", alone=True).close()


FILLER = """
import logging, sys
from pathlib import Path
from market.clock import SystemClock
from sinks.journal import JournalWriter
from sinks.journal_bounds import Bounds
from sinks.journal_sink import JournalSink

disk = Path(sys.argv[1])
ballast = disk / "ballast"
ballast.write_bytes(bytes(8 << 20))
tries = []
def sleep(_seconds):
    tries.append(1)
    if len(tries) == 3:
        ballast.unlink()
writer = JournalWriter(disk / "a.db", venue="okx", shard="okx/0", block_ns=1, alone=True)
sink = JournalSink(writer, bounds=Bounds(), clock=SystemClock(), beat=lambda why: print("beat", why), sleep=sleep)
part = sink.build_part("step", "0", None)
number = 0
while not tries or len(tries) == 3 and number % 10:
    number += 1
    part.write_batch([[(number, b"%d" % number + bytes(50_000))]])
assert not sink.alarms, sink.alarms
part.close()
from sources.journal_reader import JournalReader
with JournalReader(disk / "a.db") as reader:
    kept = [(row.offset, row.frames[0][:6].rstrip(bytes(1))) for row in reader.read(0, 10_000)]
assert kept == [(one, b"%d" % one) for one in range(1, number + 1)], kept
print("whole", number, len(tries))
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare here, so no small disk")
def test_a_disk_that_is_really_full_holds_the_writer_until_there_is_space_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    mount = f'mount -t tmpfs -o size=16m none "{tmp_path}/disk" || exit 77; exec "$0" -c "$1" "{tmp_path}/disk"'
    run = subprocess.run(
        ["unshare", "-m", "sh", "-c", mount, sys.executable, FILLER],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    if run.returncode in (1, 77) and "perm" in run.stderr.lower():
        pytest.skip("no right to mount a small disk here")
    assert run.returncode == 0, run.stderr
    assert "beat disk" in run.stdout
    assert "whole" in run.stdout


STRACED = """
import sys
from pathlib import Path
from sinks.journal import JournalWriter
writer = JournalWriter(Path(sys.argv[1]), venue="okx", shard="okx/0", block_ns=1, alone=True, synchronous="FULL")
for number in range(1, 50):
    print(writer.append([number], [b"%d" % number]), flush=True)
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which makes a flush fail, is not here")
def test_a_flush_that_the_system_fails_stops_the_writer_at_the_last_durable_row(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with writer(path, alone=True) as journal:
        append(journal, 1)
    traced = ["strace", "-f", "-o", os.devnull, "-e", "trace=fsync,fdatasync"]
    fault = "inject=fsync,fdatasync:error=EIO:when=12+"
    run = subprocess.run(
        [*traced, "-e", fault, sys.executable, "-c", STRACED, str(path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    if "ptrace" in run.stderr:
        pytest.skip("no right to trace here")
    acknowledged = [int(line) for line in run.stdout.split()]
    assert 1 < len(acknowledged) < 49
    assert "DiskError" in run.stderr
    rows, _ = read(path)
    assert {1, *acknowledged} <= rows.keys()
    with writer(path, alone=True) as journal:
        assert journal.append([1], [b"x"]) > SKIPPED


def test_a_log_whose_journal_is_gone_is_not_taken_for_that_of_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    (tmp_path / "a.db-wal").write_bytes(b"pages of another file")
    for alone in (False, True):
        with pytest.raises(JournalError, match="a journal that is gone"):
            JournalWriter(path, venue="v", shard="v/0", block_ns=1, alone=alone)
    assert not path.exists()


def test_no_space_for_the_index_of_the_log_is_a_full_disk() -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    assert isinstance(fault_of(Path("a.db"), error, marked=True), HeldError)


def test_a_writer_beside_others_leaves_out_what_a_loss_of_power_may_have_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.db"

    def append(frame: bytes) -> int:
        with JournalWriter(path, venue="v", shard="v/0", block_ns=1) as journal:
            return journal.append([1], [frame])

    assert [append(b"1"), append(b"2")] == [1, 2]
    journal = JournalWriter(path, venue="v", shard="v/0", block_ns=1)  # is never closed
    monkeypatch.setattr(journal_start, "_boot", lambda: "another")
    assert append(b"3") == 2 + SKIPPED + 1
    assert append(b"4") == 2 + SKIPPED + 2
    journal.close()


def test_a_reader_of_a_damaged_journal_hears_of_rows_that_a_later_writer_appends(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    run = (
        "from pathlib import Path; from sinks.journal import JournalWriter;"
        f" JournalWriter(Path({str(path)!r}), venue='v', shard='v/0', block_ns=1, alone=True)"
    )
    journal = JournalWriter(path, venue="v", shard="v/0", block_ns=1)
    journal.append([1], [b"1"])
    journal.close()
    with JournalReader(path) as reader:
        assert len(reader.rows(0, 9)) == 1
        with closing(Salvage(path)):  # looks at the pages beside SQLite, as where something is damaged
            for row in (2, 3):  # other processes: locks are theirs. The log goes with the last who has the file open
                subprocess.run([sys.executable, "-c", f"{run}.append([{row}], [b'{row}'])"], check=True)
            assert [row.offset for row in reader.rows(1, 9)] == [2, 3]
            log = path.with_name(path.name + "-wal")
            assert log.exists(), "nobody took the reader's log away"
