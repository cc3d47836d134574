"""A recovery store of Bytewax, looked at from outside: whether it is whole, and from where a flow would go on.

A store is a folder of SQLite files, one per partition. A snapshot is a row of `snaps`; an epoch counts once every
worker has told in `fronts` that it is past it; rows of `commits` say up to where older snapshots have been deleted.

To be called only while no other part of this process has the files open: the locks of SQLite belong to the process, and
a second SQLite library that closes a file lets go of the locks of the first.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from market.errors import StateError
from market.seal import NO_ROW, opened_pickle

PATTERN = "part-*.sqlite3"
MAX_WORKERS = 4096  # a store that says more is damaged
_SHAPE = "select type, name, tbl_name, sql from sqlite_master order by name"
_NEWEST = "select step_id, state_key, max(snap_epoch), ser_change from snaps where snap_epoch < ? group by 1, 2"

State = tuple[str, str]  # step and key
Connection = sqlite3.Connection


class Position(NamedTuple):
    """From where a flow goes on."""

    execution: int  # number of the last run that is in the store, -1 before the first
    epoch: int  # the first that is computed again


def part_files(folder: Path) -> list[Path]:
    """The files of a store, one per partition."""
    return sorted(folder.glob(PATTERN))


def examine(folder: Path) -> Position:
    """Where the store stands; raises StateError with the reason if it is not whole."""
    with opened_parts(folder) as parts:
        return examine_parts(parts)


def examine_parts(parts: list[Connection]) -> Position:
    """The same of opened files."""
    for part in parts:
        _check_structure(part)
    _check_partitions(parts)
    position = _position(parts)
    _check_commits(parts, position)
    _check_states(parts, position)
    return position


def newest_states(folder: Path) -> dict[State, bytes | None]:
    """What a flow that goes on from a whole store begins with, as it is stored."""
    with opened_parts(folder) as parts:
        return dict(_states(parts, _position(parts)))


def forget_unfinished(folder: Path, position: Position) -> int:
    """Delete the snapshots of the epoch that the last run did not finish, and later ones; how many there were.

    Bytewax leaves them, and overwrites those of keys that get data in the same epoch of the next run. Those of other
    keys would be taken for snapshots of that epoch at the start after that, though the source begins before them.
    """
    forgotten = 0
    with opened_parts(folder) as parts:
        for part in parts:
            with part:
                forgotten += part.execute("delete from snaps where snap_epoch >= ?", (position.epoch,)).rowcount
    return forgotten


@contextmanager
def opened_parts(folder: Path) -> Iterator[list[Connection]]:
    """Connections to all files; raises StateError for what SQLite cannot read."""
    paths = part_files(folder)
    if not paths:
        raise StateError(f"there is no recovery store in {folder}")
    with ExitStack() as stack, _damage_named(folder):
        yield [
            stack.enter_context(closing(sqlite3.connect(path.absolute().as_uri() + "?mode=rw", uri=True)))
            for path in paths
        ]


@contextmanager
def _damage_named(folder: Path) -> Iterator[None]:
    """What SQLite makes of damaged bytes: a complaint, or text and numbers of a wrong type."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError, TypeError, ValueError, OverflowError) as error:
        raise StateError(f"the recovery store in {folder} is damaged: {error}") from None


@cache
def _shape() -> tuple[int, list[tuple[str, ...]]]:
    """Version and tables of a store that Bytewax has just made."""
    from bytewax.recovery import init_db_dir

    with tempfile.TemporaryDirectory() as folder:
        init_db_dir(Path(folder), 1)
        with closing(sqlite3.connect(part_files(Path(folder))[0])) as part:
            return _version(part), part.execute(_SHAPE).fetchall()


def _version(part: Connection) -> int:
    return int(part.execute("pragma user_version").fetchone()[0])


def _check_structure(part: Connection) -> None:
    verdict = part.execute("pragma integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StateError(f"a file of the recovery store is damaged: {verdict}")
    if (_version(part), part.execute(_SHAPE).fetchall()) != _shape():
        raise StateError("a file of the recovery store has other tables than Bytewax makes")


def _check_partitions(parts: list[Connection]) -> None:
    found = [row for part in parts for row in part.execute("select part_index, part_count from parts")]
    if sorted(found) != [(index, len(parts)) for index in range(len(parts))]:
        raise StateError(f"the recovery store has {len(parts)} files, which say to be partitions {sorted(found)}")


def _position(parts: list[Connection]) -> Position:
    """As Bytewax computes it: the oldest epoch that some worker of the last run has not finished."""
    runs = [row for part in parts for row in part.execute("select ex_num, worker_count, resume_epoch from exs")]
    if not runs:
        return Position(-1, 1)
    execution, workers, resumed = max(runs)
    if not 0 < workers <= MAX_WORKERS:
        raise StateError(f"the recovery store says that {workers} workers wrote it")
    query = "select worker_index, worker_frontier from fronts where ex_num = ?"
    fronts = dict(row for part in parts for row in part.execute(query, (execution,)))
    return Position(execution, min(max(resumed, fronts.get(worker, resumed)) for worker in range(workers)))


def _check_commits(parts: list[Connection], position: Position) -> None:
    """Nothing that is needed may have been deleted as older."""
    commits = [row[0] for part in parts for row in part.execute("select commit_epoch from commits")]
    if max(commits, default=0) >= position.epoch:
        raise StateError(
            f"the recovery store goes on at epoch {position.epoch}, but kept nothing before {max(commits)}"
        )


def _check_states(parts: list[Connection], position: Position) -> None:
    """Every state whole, and all states of one journal at the same row of it, the source's too."""
    rows: dict[str, int] = {}
    count = 0
    for (step, key), pickled in _states(parts, position):
        count += 1
        sealed = opened_pickle(pickled) if pickled is not None else None
        if sealed is None or sealed.row == NO_ROW:
            continue
        journal = _journal(key)
        if rows.setdefault(journal, sealed.row) != sealed.row:
            raise StateError(f"{step} stands at row {sealed.row} of {journal}, other states at row {rows[journal]}")
    if position.epoch > 1 and not count:
        raise StateError(f"the recovery store goes on at epoch {position.epoch}, but holds no state")


def _journal(key: str) -> str:
    """The journal that a key speaks of: a source is called like the file, a stage's key is its shard.

    >>> _journal("okx-0"), _journal("okx/0"), _journal("okx/0#17")
    ('okx-0', 'okx-0', 'okx-0')
    """
    return key.partition("#")[0].replace("/", "-")


def _states(parts: list[Connection], position: Position) -> Iterator[tuple[State, bytes | None]]:
    for part in parts:
        for step, key, _, pickled in part.execute(_NEWEST, (position.epoch,)):
            yield (step, key), pickled
