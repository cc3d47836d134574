"""Damaged recovery stores: a flow goes on from the newest whole copy, and its table comes out the same.

BAROGRAPH_DAMAGE=1 tries every block of 512 bytes; without it, some.
"""

import json
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

from flows.checkpoints import SEAL, Copies, check_copy, copies, copies_folder, make_ready, note_death, take_copy
from flows.recovery_store import examine, newest_states, part_files
from market.errors import StateError
from market.seal import MARK as SEALED
from market.seal import opened, unseal
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


def test_a_whole_store_is_left_alone(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    before = newest_states(recovery)
    assert make_ready(recovery, MARK)
    assert newest_states(recovery) == before
    assert not recovery.with_name("market.damaged").exists()


def test_the_first_start_finds_nothing_and_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recovery = tmp_path / "recovery" / "market"
    recovery.mkdir(parents=True)
    assert not make_ready(recovery, MARK)
    assert not caplog.records


def test_a_store_that_was_lost_is_taken_from_its_copy(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    shutil.rmtree(recovery)
    recovery.mkdir()
    assert make_ready(recovery, MARK)
    assert row_of(recovery) < CRASHED_AT


def test_without_a_whole_copy_the_flow_begins_anew_and_says_where(
    crashed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recovery = fresh(crashed, tmp_path)
    shutil.copytree(crashed / "journal", tmp_path / "journal")
    shutil.rmtree(copies_folder(recovery))
    part_files(recovery)[0].write_bytes(b"no database")
    assert not make_ready(recovery, MARK)
    assert not any(recovery.iterdir())
    assert "begins anew at row 1 of counting-0" in caplog.text


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


def test_only_the_newest_copies_within_the_limits_are_kept(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    for _ in range(4):
        take_copy(recovery, MARK, 3, LIMIT_BYTES)
    assert [copy.name for copy in copies(recovery)] == ["000005", "000004", "000003"]
    size = part_files(copies(recovery)[0])[0].stat().st_size
    take_copy(recovery, MARK, 3, 2 * size)
    assert [copy.name for copy in copies(recovery)] == ["000006", "000005"]
    assert take_copy(recovery, MARK, 3, size - 1) is None
    assert [copy.name for copy in copies(recovery)] == ["000006", "000005"]


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
    rows = []
    for _ in range(3):
        assert make_ready(recovery, MARK)
        rows.append(row_of(recovery))
        note_death(recovery)
    assert rows[0] == rows[1] > rows[2]


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


def test_snapshots_of_an_unfinished_epoch_are_forgotten(crashed: Path, tmp_path: Path) -> None:
    """Else a key that has no data when the epoch runs again would go on from a state ahead of its source."""
    recovery = fresh(crashed, tmp_path)
    stood = row_of(recovery)
    _put_ahead(recovery, crashed / "recovery" / "finished")
    assert make_ready(recovery, MARK)
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


def test_a_store_that_goes_on_before_what_it_kept_is_damaged(crashed: Path, tmp_path: Path) -> None:
    recovery = fresh(crashed, tmp_path)
    with closing(sqlite3.connect(part_files(recovery)[0])) as part, part:
        part.execute("update fronts set worker_frontier = 2")
    with pytest.raises(StateError, match="kept nothing before"):
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
