"""Damaged recovery stores: a flow goes on from the newest whole copy, and its table comes out the same.

BAROGRAPH_DAMAGE=1 tries every block of 512 bytes; without it, some.
"""

import json
import logging
import os
import pickle
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from bytewax.recovery import init_db_dir

from flows import checkpoints
from flows.checkpoints import (
    SEAL,
    Copies,
    check_copy,
    copies,
    copies_folder,
    forget_copies,
    make_ready,
    note_death,
    take_copy,
)
from flows.engine import copies_of
from flows.recovery_store import Position, examine, newest_states, part_files
from flows.settings import Settings
from market.errors import StateError
from market.seal import MARK as SEALED
from market.seal import opened, seal, unseal
from tests.flows.counting import ROWS, Sums, count, expected, journal

BLOCK = 512
STEP = 1 if os.environ.get("BAROGRAPH_DAMAGE") else 11  # every so many blocks
MARK = "tests"
KEEP = 3
LIMIT_BYTES = 1 << 30
COPIED_AT, CRASHED_AT = 130, 200

Damage = Callable[[bytearray, int], bytearray]


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal, a store as `kill -9` leaves it, one of a run that ended, and a copy that was taken earlier."""
    data = tmp_path_factory.mktemp("crashed")
    recovery = journal(data / "run")

    def at(row: int) -> None:
        # In other processes: to open the files here would let go of the flow's locks on them.
        if row == COPIED_AT:
            subprocess.run(["cp", "-r", recovery, data / "early"], check=True)
        if row == CRASHED_AT:
            subprocess.run(["cp", "-r", recovery, data / "late"], check=True)

    count(data / "run", Sums(), at)
    kept = data / "kept"
    shutil.copytree(data / "run" / "journal", kept / "journal")
    shutil.copytree(data / "early", kept / "recovery" / "market")
    take_copy(kept / "recovery" / "market", MARK, KEEP, LIMIT_BYTES)
    shutil.rmtree(kept / "recovery" / "market")
    shutil.copytree(data / "late", kept / "recovery" / "market")
    shutil.copytree(recovery, kept / "recovery" / "finished")
    return kept


def flipped(data: bytearray, at: int) -> bytearray:
    data[min(at + at // BLOCK % BLOCK, len(data) - 1)] ^= 1 << at // BLOCK % 8
    return data


def zeroed(data: bytearray, at: int) -> bytearray:
    data[at : at + BLOCK] = bytes(len(data[at : at + BLOCK]))
    return data


def truncated(data: bytearray, at: int) -> bytearray:
    return data[:at]


def fresh(crashed: Path, folder: Path, store: str = "market") -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(crashed / "recovery" / store, folder / "recovery" / "market")
    shutil.copytree(crashed / "recovery" / "market.copies", folder / "recovery" / "market.copies")
    return folder / "recovery" / "market"


def row_of(recovery: Path) -> int:
    """The row that a store goes on after; fails if any state in it is not what that row makes it."""
    rows, sums = set[int](), {0: 0, **expected()}
    states = newest_states(recovery)
    for (step, _), pickled in states.items():
        sealed = pickle.loads(pickled or b"N.")
        row, state = opened(sealed).row, unseal(sealed)
        rows.add(row)
        if "sums" in step:
            assert state["sum"] == sums[row]
            assert state["padding"] == bytes(len(state["padding"]))
        elif "seen" in step:
            assert state == {"rows": row}
        else:
            assert isinstance(state, int), "by what the source knows its row again"
    assert len(states) == 3
    assert len(rows) == 1
    return rows.pop()


@pytest.mark.parametrize("damage", [flipped, zeroed, truncated])
@pytest.mark.parametrize(("store", "name"), [("finished", "part-0.sqlite3"), ("market", "part-0.sqlite3-wal")])
def test_a_damaged_store_is_never_gone_on_from_as_if_it_were_whole(
    crashed: Path, tmp_path: Path, store: str, name: str, damage: Damage
) -> None:
    undamaged = fresh(crashed, tmp_path / "whole", store)
    whole, copied = row_of(undamaged), row_of(copies(undamaged)[0])
    size = (crashed / "recovery" / store / name).stat().st_size
    fell_back = 0
    for at in range(0, size, BLOCK * STEP):
        recovery = fresh(crashed, tmp_path / "damaged", store)
        path = recovery / name
        path.write_bytes(damage(bytearray(path.read_bytes()), at))
        assert make_ready(recovery, MARK)
        assert copied <= row_of(recovery) <= whole
        fell_back += recovery.with_name("market.damaged").exists()
    assert fell_back


@pytest.mark.parametrize("damage", [flipped, zeroed, truncated])
def test_a_flow_whose_store_is_damaged_makes_the_same_table(crashed: Path, tmp_path: Path, damage: Damage) -> None:
    """From the damaged store of a finished run, whose newest copy is damaged too."""
    folder, sums = tmp_path / "data", Sums()
    shutil.copytree(crashed / "journal", folder / "journal")
    count(folder, sums)
    assert sums.rows == expected()
    recovery = folder / "recovery" / "market"
    mark = (folder / "recovery" / "market.source").read_text()
    for _ in range(2):
        take_copy(recovery, mark, KEEP, LIMIT_BYTES)
    shutil.rmtree(copies(recovery)[1])
    shutil.copytree(copies(crashed / "recovery" / "market")[0], copies_folder(recovery) / "000001")
    _sign(copies(recovery)[1], mark)
    for path in (*part_files(recovery), *part_files(copies(recovery)[0])):
        data = bytearray(path.read_bytes())
        for found in re.finditer(SEALED, bytes(data)):  # some lie in pages that are free by now
            data = damage(data, found.start())
        path.write_bytes(data)
    count(folder, sums)
    assert sums.rows == expected()
    assert sums.twice > 0
    assert recovery.with_name("market.damaged").exists()


def _sign(copy: Path, mark: str) -> None:
    (copy / SEAL).write_text(json.dumps(json.loads((copy / SEAL).read_text()) | {"mark": mark}))


@pytest.mark.parametrize("copied", [True, False])
def test_a_whole_store_is_left_alone(crashed: Path, tmp_path: Path, copied: bool) -> None:
    recovery = fresh(crashed, tmp_path)
    before = newest_states(recovery)
    if not copied:
        shutil.rmtree(copies_folder(recovery))
    assert make_ready(recovery, MARK)
    assert newest_states(recovery) == before
    assert not recovery.with_name("market.damaged").exists()


def test_the_first_start_finds_nothing_and_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recovery = tmp_path / "recovery" / "market"
    recovery.mkdir(parents=True)
    assert not make_ready(recovery, MARK)
    assert not caplog.records


def test_a_store_that_is_lost_again_and_again_is_taken_from_its_copy(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    for _ in range(2):
        shutil.rmtree(recovery)
        recovery.mkdir()
        (recovery / "part-0.sqlite3").write_bytes(b"no database")
        recovery.with_name("market.partial").mkdir()  # as a kill in the middle of it leaves it
        assert make_ready(recovery, MARK)
        assert row_of(recovery) < CRASHED_AT


@pytest.mark.parametrize(
    ("rows", "pruned", "told"),
    [
        (5, 0, "begins anew at row 1 of counting-0\n"),
        (5, 1, "begins anew at row 2 of counting-0; what rows 1 to 1 told of the market is not known to it\n"),
        (0, 0, "begins anew at row 1 of counting-0\n"),
    ],
)
def test_without_a_whole_copy_the_flow_begins_anew_and_says_where(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rows: int, pruned: int, told: str
) -> None:
    recovery = journal(tmp_path, rows, pruned=pruned)
    recovery.mkdir(parents=True)
    (recovery / "part-0.sqlite3").write_bytes(b"no database")
    assert not make_ready(recovery, MARK)
    assert not any(recovery.iterdir())
    assert told in caplog.text


def test_a_copy_of_other_source_or_settings_is_no_copy(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    part_files(recovery)[0].write_bytes(b"no database")
    assert not make_ready(recovery, "other")


def test_a_copy_with_a_file_too_many_or_too_few_is_no_copy(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    copy = copies(recovery)[0]
    check_copy(copy, MARK)
    shutil.copyfile(part_files(copy)[0], copy / "part-1.sqlite3")
    with pytest.raises(StateError, match="damaged"):
        check_copy(copy, MARK)
    seal = json.loads((copy / SEAL).read_text())
    (copy / SEAL).write_text(json.dumps(seal | {"files": {**seal["files"], "part-1.sqlite3": "0"}}))
    (copy / "part-1.sqlite3").unlink()
    with pytest.raises(StateError, match="damaged"):
        check_copy(copy, MARK)


def test_a_copy_with_any_other_byte_is_no_copy(crashed: Path, tmp_path: Path) -> None:
    copy = copies(fresh(crashed, tmp_path))[0]
    data = bytearray(part_files(copy)[0].read_bytes())
    data[71] ^= 1  # of the application's id, of which SQLite thinks nothing
    part_files(copy)[0].write_bytes(data)
    examine(copy)
    with pytest.raises(StateError, match="damaged"):
        check_copy(copy, MARK)


def test_a_copy_is_believed_only_where_it_stands_and_not_where_it_says(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    seal = copies(recovery)[0] / SEAL
    seal.write_text(json.dumps(json.loads(seal.read_text()) | {"epoch": 1_000_000}))
    stood = row_of(recovery)
    assert make_ready(recovery, MARK)
    assert row_of(recovery) == stood


def test_a_copy_is_compact_needs_no_log_and_is_durable_before_it_has_its_name(
    crashed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovery, flushed = fresh(crashed, tmp_path), list[str]()
    (copies_folder(recovery) / "partial").mkdir()  # as a kill in the middle of it leaves it
    handles = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda handle: flushed.append(Path(os.readlink(f"/proc/self/fd/{handle}")).name))
        copy = take_copy(recovery, MARK, KEEP, LIMIT_BYTES)
    assert copy == copies(recovery)[0]
    assert sorted(flushed[:2]) == ["part-0.sqlite3", SEAL]
    assert flushed[2:] == ["partial", "market.copies"]
    assert len(os.listdir("/proc/self/fd")) == handles
    assert free_pages(recovery) > free_pages(copy) == 0
    assert part_files(copy)[0].read_bytes()[18:20] == b"\1\1", "SQLite's word for: no log"


def free_pages(store: Path) -> int:
    with closing(sqlite3.connect(part_files(store)[0])) as part:
        return int(part.execute("pragma freelist_count").fetchone()[0])


@pytest.mark.parametrize("tries", [4, 5])
def test_so_often_a_moment_is_looked_for_at_which_the_files_agree(
    crashed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tries: int
) -> None:
    recovery, copied, left = fresh(crashed, tmp_path), checkpoints._copied, [tries]

    def disagreeing(source: Path, target: Path) -> Position:
        if left[0]:
            left[0] -= 1
            raise StateError("they do not agree")
        return copied(source, target)

    monkeypatch.setattr(checkpoints, "_copied", disagreeing)
    if tries < 5:
        assert take_copy(recovery, MARK, KEEP, LIMIT_BYTES)
    else:
        with pytest.raises(StateError, match="do not agree"):
            take_copy(recovery, MARK, KEEP, LIMIT_BYTES)
    assert left == [0]


def test_copies_of_other_source_are_forgotten_with_what_was_noted(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    note_death(recovery)
    for _ in range(2):
        forget_copies(recovery)
        assert [path.name for path in recovery.parent.iterdir()] == ["market"]


def test_only_the_newest_copies_within_the_limits_are_kept(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    for _ in range(4):
        take_copy(recovery, MARK, 3, LIMIT_BYTES)
    assert [copy.name for copy in copies(recovery)] == ["000005", "000004", "000003"]
    size = part_files(copies(recovery)[0])[0].stat().st_size
    take_copy(recovery, MARK, 3, 2 * size)
    assert [copy.name for copy in copies(recovery)] == ["000006", "000005"]
    assert take_copy(recovery, MARK, 3, size - 1) is None
    assert sorted(path.name for path in copies_folder(recovery).iterdir()) == ["000005", "000006"]
    take_copy(recovery, MARK, 3, size)
    assert [copy.name for copy in copies(recovery)] == ["000007"]


def test_what_is_kept_without_settings_is_what_settings_say_by_themselves() -> None:
    assert copies_of(Settings()) == Copies()


def test_a_damaged_store_gives_no_copy(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    with closing(sqlite3.connect(part_files(recovery)[0])) as part, part:
        part.execute(
            "update snaps set ser_change = cast(substr(ser_change, 1, 49) || x'99' || substr(ser_change, 51) as blob)"
        )
    with pytest.raises(StateError):
        take_copy(recovery, MARK, KEEP, LIMIT_BYTES)
    assert [copy.name for copy in copies(recovery)] == ["000001"]


def test_two_starts_that_fail_without_getting_further_lead_to_the_copy_before(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    take_copy(recovery, MARK, KEEP, LIMIT_BYTES)  # of the state that fails
    rows = []
    for _ in range(4):
        assert make_ready(recovery, MARK)
        rows.append(row_of(recovery))
        note_death(recovery)
    assert rows[0] == rows[1] > rows[2] == rows[3]
    assert [copy.name for copy in copies(recovery)] == ["000001"]


def test_starts_that_get_further_are_not_counted_against_a_store(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    shutil.copytree(crashed / "journal", tmp_path / "journal")
    rows = []
    for _ in range(3):
        assert make_ready(recovery, MARK)
        rows.append(row_of(recovery))
        note_death(recovery)
        _add_epoch(recovery)
    assert rows[0] == rows[1] == rows[2]


def _add_epoch(recovery: Path) -> None:
    with closing(sqlite3.connect(part_files(recovery)[0])) as part, part:
        part.execute("update fronts set worker_frontier = worker_frontier + 1")


def test_failing_starts_alone_never_make_a_flow_begin_anew(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    for _ in range(9):
        assert make_ready(recovery, MARK)
        note_death(recovery)
    assert row_of(recovery) > 0


def test_a_fault_of_ours_is_counted_and_one_that_has_a_name_is_not(tmp_path: Path) -> None:
    recovery = journal(tmp_path)
    starts = recovery.with_name("market.starts")

    def failing(error: Exception) -> None:
        def at(row: int) -> None:
            if row == COPIED_AT:
                raise error

        with pytest.raises(Exception, match="on_batch"):
            count(tmp_path, Sums(), at)

    failing(OSError("the disk"))
    assert not starts.exists() or json.loads(starts.read_text())["deaths"] == 0
    failing(ValueError("a bug"))
    assert json.loads(starts.read_text())["deaths"] == 1


@pytest.mark.parametrize("damaged", [False, True])
def test_snapshots_of_an_unfinished_epoch_are_forgotten(
    crashed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, damaged: bool
) -> None:
    """Else a key that has no data when the epoch runs again would go on from a state ahead of its source."""
    caplog.set_level(logging.INFO)
    recovery = fresh(crashed, tmp_path)
    stood = row_of(recovery)
    _put_ahead(recovery, crashed / "recovery" / "finished")
    if damaged:
        take_copy(recovery, MARK, KEEP, LIMIT_BYTES)
        part_files(recovery)[0].write_bytes(b"no database")
    assert make_ready(recovery, MARK)
    assert caplog.text.count("left 1 snapshots unfinished") == 1
    _add_epoch(recovery)  # which had no data for that key
    assert row_of(recovery) == stood


def _put_ahead(recovery: Path, later: Path) -> None:
    """As if the last run had been killed when one snapshot of its epoch was written, and the epoch was not yet done."""
    with closing(sqlite3.connect(part_files(recovery)[0])) as part:
        part.execute("attach ? as later", (str(part_files(later)[0]),))
        with part:
            part.execute(
                "insert into snaps (step_id, state_key, snap_epoch, ser_change)"
                " select step_id, state_key, ?, ser_change from later.snaps where step_id like '%seen%'",
                (examine(recovery).epoch,),
            )


def changed(recovery: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(part_files(recovery)[0])) as part, part:
        for statement in statements:
            part.execute(statement)
    return recovery


def test_a_store_that_goes_on_before_what_it_kept_is_damaged(crashed: Path, tmp_path: Path) -> None:
    recovery = changed(
        fresh(crashed, tmp_path), "update fronts set worker_frontier = (select max(commit_epoch) from commits)"
    )
    with pytest.raises(StateError, match="kept nothing before"):
        examine(recovery)


def test_a_store_without_states_is_whole_only_before_the_first_epoch_is_done(crashed: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    init_db_dir(new, 1)
    assert examine(new) == Position(-1, 1)
    second = "update exs set resume_epoch = 1", "update fronts set worker_frontier = 2", "delete from commits"
    with pytest.raises(StateError, match="goes on at epoch 2, but holds no state"):
        examine(changed(fresh(crashed, tmp_path), *second, "delete from snaps"))


def test_a_store_with_a_file_twice_is_damaged(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    shutil.copyfile(part_files(recovery)[0], recovery / "part-1.sqlite3")
    with pytest.raises(StateError, match="has 2 files"):
        examine(recovery)


def test_states_of_each_journal_stand_at_one_row_and_those_of_none_anywhere(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    before = len(newest_states(recovery))

    def put(key: str, state: bytes | None) -> None:
        with closing(sqlite3.connect(part_files(recovery)[0])) as part, part:
            pickled = None if state is None else pickle.dumps(state)
            part.execute("insert into snaps (step_id, state_key, snap_epoch, ser_change) values (?, ?, 1, ?)",
                         (f"market.{key}", key, pickled))  # fmt: skip

    put("counting/0", None)
    put("counting/0#1", seal(3))
    put("other/0", seal(3, row=5))
    put("other-0", seal(3, row=5))
    examine(recovery)
    assert len(newest_states(recovery)) == before + 4
    put("other/0#2", seal(3, row=6))
    with pytest.raises(StateError, match=r"row . of other-0, other states at row ."):
        examine(recovery)


def test_a_store_of_a_version_with_other_tables_is_not_gone_on_from(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    with closing(sqlite3.connect(part_files(recovery)[0])) as part:
        part.execute("pragma user_version = 9")
    with pytest.raises(StateError, match="other tables"):
        examine(recovery)


def test_a_state_of_another_row_than_the_others_makes_a_store_damaged(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    early = part_files(copies(recovery)[0])[0]
    with closing(sqlite3.connect(part_files(recovery)[0])) as part:
        part.execute("attach ? as early", (str(early),))
        with part:
            part.execute(
                "update snaps set ser_change = (select ser_change from early.snaps as old"
                " where old.step_id = snaps.step_id) where step_id like '%seen%'"
            )
    with pytest.raises(StateError, match="stands at row"):
        examine(recovery)


def test_copies_are_made_while_a_flow_runs(tmp_path: Path) -> None:
    recovery = journal(tmp_path)

    def at(row: int) -> None:
        """Wait at the last row, in the middle of an epoch, until there is a copy."""
        for _ in range(600 if row == ROWS else 0):
            if copies(recovery):
                return
            time.sleep(0.05)

    count(tmp_path, Sums(), at, copies=Copies(0.2, KEEP, LIMIT_BYTES))
    mark = recovery.with_name("market.source").read_text()
    assert check_copy(copies(recovery)[0], mark).epoch > 1
    assert 0 < row_of(copies(recovery)[0]) < ROWS
