"""How a writer begins with a journal: made where there is none, repaired where damaged, and no offset given twice.

The newest rows of a journal may be lost when the machine stopped before it was closed, when its disk failed, or when it
had to be repaired. Readers may have seen them. So it goes on `SKIPPED` offsets later then; a note says so.
"""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from market.errors import JournalError
from market.journal import StoredRow, unreadable
from market.journal_facts import CHECKED_AFTER, PRUNED_TO, SCHEMA, SHARD, UNSEALED_SCHEMA, VENUE, are_whole
from market.salvage import Salvage
from sinks.journal_faults import DAMAGED, HeldError, fault_of, is_damage, leave_mark, mark_of, remove_mark
from sinks.journal_file import INSERT, SKIPPED, Connect, create, finish_repair, migrate, repair, skip_after

NEWER = re.compile("[3-9]|[1-9][0-9]+")  # schemas
BOOT = "boot"  # the note that names the boot of the machine in which the file is open


class Started(NamedTuple):
    """An open journal."""

    database: sqlite3.Connection
    facts: dict[str, str]  # as they were sealed
    noted_boot: bool = True  # whether BOOT is to be removed when it is closed


def start_shared(path: Path, wanted: Mapping[str, str], connect: Connect) -> Started:
    """Open a journal that other processes may write to as well. Raises JournalError where it is damaged."""
    try:
        logged = _logged(path)
        started = _opened(path, wanted, connect)
        return started._replace(noted_boot=_go_on(started.database, logged, unsure=bool(mark_of(path))))
    except OSError as error:
        raise HeldError(path, error.strerror or str(error)) from error
    except sqlite3.Error as error:
        if is_damage(error):
            raise unreadable(path, error) from error
        raise fault_of(path, error, marked=False) from error


def start_alone(path: Path, wanted: Mapping[str, str], connect: Connect) -> Started:
    """Open a journal that only this process writes to, whatever state the last one left it in."""
    try:
        return _start_alone(path, wanted, connect)
    except OSError as error:
        raise HeldError(path, error.strerror or str(error)) from error
    except sqlite3.Error as error:
        raise fault_of(path, error, marked=True) from error


def _start_alone(path: Path, wanted: Mapping[str, str], connect: Connect) -> Started:
    mark = mark_of(path)
    finish_repair(path)
    if path.exists() and mark == DAMAGED:
        repair(path, _facts(wanted))
    logged = _logged(path)
    try:
        started = _opened(path, wanted, connect)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        leave_mark(path, DAMAGED)  # should this process die on the way, the next one skips as well
        repair(path, _facts(wanted))
        mark = DAMAGED
        started = _opened(path, wanted, connect)
    _go_on(started.database, logged, unsure=bool(mark))
    remove_mark(path)
    return started


def _opened(path: Path, wanted: Mapping[str, str], connect: Connect) -> Started:
    """Raises JournalError for a journal of something else, sqlite3.Error where it cannot be used."""
    if not path.exists():
        _refuse_left_log(path)
        create(path, _facts(wanted))
    database = connect(path)
    try:
        facts = _sealed(database)
        if facts[SCHEMA] == UNSEALED_SCHEMA:
            migrate(database)
            facts = _sealed(database)
        for key in (SCHEMA, VENUE, SHARD):
            if facts[key] != wanted[key]:
                raise JournalError(
                    f"{path} is a journal of {key} {facts[key]}, not {wanted[key]}; use another data folder"
                )
        database.execute("select * from batches order by offset desc limit 1").fetchall()
    except BaseException:
        database.close()
        raise
    return Started(database, facts)


def _refuse_left_log(path: Path) -> None:
    """SQLite would write the pages of a log that was left behind over those of a new journal."""
    left = path.with_name(path.name + "-wal")
    if left.exists() and left.stat().st_size and not path.exists():
        raise JournalError(f"{left} holds rows of a journal that is gone; restore {path}, or move the log away as well")


def _sealed(database: sqlite3.Connection) -> dict[str, str]:
    """The facts, from the copy that is whole. One of another schema is taken at its word."""
    notes = dict(database.execute("select key, value from meta"))
    if are_whole(notes) or (NEWER.fullmatch(notes.get(SCHEMA, "")) and SHARD in notes and VENUE in notes):
        return notes
    facts = dict(database.execute("select key, value from facts"))
    if not are_whole(facts):
        raise sqlite3.DatabaseError("it does not say what it is")
    return facts


def _go_on(database: sqlite3.Connection, logged: Sequence[StoredRow], *, unsure: bool) -> bool:
    """Take back rows of the log that SQLite did not see, and leave out offsets where the newest rows may be lost.
    Whether nobody else had noted the boot.
    """
    (last,) = database.execute("select coalesce(max(offset), 0) from batches").fetchone()
    unseen, boot = [row for row in logged if row.offset > last], _boot()
    last = max(last, *(row.offset for row in unseen)) if unseen else last
    booted = dict(database.execute("select key, value from meta where key = ?", (BOOT,))).get(BOOT)
    with closing(database.cursor()) as cursor:
        cursor.execute("begin immediate")
        cursor.executemany(INSERT, unseen)
        if unsure or unseen or booted not in (None, boot):
            cursor.executemany("insert or replace into meta values (?, ?)", skip_after(last).items())
        cursor.execute("insert or replace into meta values (?, ?)", (BOOT, boot))
        cursor.execute("commit")
    return booted != boot


def _logged(path: Path) -> list[StoredRow]:
    """The whole rows in the log that the last process left, if it did not close it.

    SQLite ends a log at its first bad frame, without a word about those that follow.
    """
    log_file = path.with_name(path.name + "-wal")
    if not path.exists() or not log_file.exists() or not log_file.stat().st_size:
        return []
    with closing(Salvage(path, only_log=True)) as found:
        return found.after(-1, SKIPPED)


def _facts(wanted: Mapping[str, str]) -> dict[str, str]:
    return {**wanted, CHECKED_AFTER: "0", PRUNED_TO: "0"}


def _boot() -> str:
    """What names the present boot of the machine, empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
