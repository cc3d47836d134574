"""The journal's file: made, brought to the present schema, and made anew from its whole rows when it is damaged.

A repair never removes the damaged file: it keeps it beside the journal as NAME.db.damaged-N. Killed at any point, it is
finished by the next one.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from market.journal import FIRST_RECEIVED, SCHEMA_VERSION, SKIPPED_FROM, StoredRow, unreadable
from market.journal_facts import CHECKED_AFTER, PRUNED_TO, SCHEMA, UNSEALED_SCHEMA, are_whole, sealed
from market.salvage import Salvage

BUSY_TIMEOUT_S = 10  # how long an append waits for another writer of the same file
ROWS_AT_ONCE = 256
SKIPPED = 1 << 20  # offsets, where the newest rows may be lost: more than are ever written between two flushes

Connect = Callable[[Path], sqlite3.Connection]

log = logging.getLogger("barograph.journal")

_TABLES = """
pragma journal_mode=wal;
create table meta (key text primary key, value text not null) without rowid;
create table facts (key text primary key, value text not null) without rowid;
create table batches (
    offset integer primary key,
    received_ns integer not null,
    frames blob not null,
    source text,
    source_offset integer,
    checksum integer
);
create unique index batches_by_source on batches (source, source_offset) where source is not null;
"""
INSERT = "insert or ignore into batches values (?, ?, ?, ?, ?, ?)"


def connect(path: Path) -> sqlite3.Connection:
    """The file, every statement a transaction of its own."""
    return sqlite3.connect(
        path, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False, cached_statements=16
    )


def create(path: Path, facts: Mapping[str, str]) -> None:
    """Make an empty journal beside its place and put it there in one step, so that nobody ever sees half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}.partial")
    try:
        _build(partial, facts, {}, iter(()))
        _flush(partial)
        try:
            os.link(partial, path)
        except FileExistsError:
            pass  # another writer was quicker
        except OSError:
            partial.replace(path)  # a file system without hard links
        _flush(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def write_facts(database: sqlite3.Connection, facts: Mapping[str, str]) -> None:
    """Both copies; inside a transaction."""
    for table in ("meta", "facts"):
        database.executemany(f"insert or replace into {table} values (?, ?)", list(sealed(facts).items()))


def migrate(database: sqlite3.Connection) -> None:
    """Bring schema 1 to the present one: its rows stay without checksums."""
    database.execute("begin immediate")
    try:
        facts = dict(database.execute("select key, value from meta"))
        if facts.get(SCHEMA) == UNSEALED_SCHEMA:
            last = str(database.execute("select coalesce(max(offset), 0) from batches").fetchone()[0])
            database.execute("alter table batches add column checksum integer")
            database.execute("create table facts (key text primary key, value text not null) without rowid")
            pruned = str(database.execute(FIRST_RECEIVED).fetchone()[0] - 1)
            write_facts(database, facts | {SCHEMA: str(SCHEMA_VERSION), CHECKED_AFTER: last, PRUNED_TO: pruned})
    except BaseException:
        if database.in_transaction:
            database.execute("rollback")
        raise
    database.execute("commit")


def repair(path: Path, facts: Mapping[str, str] | None = None) -> int:
    """Make the journal anew from its whole rows and return their number. Nobody may have it open to write. It goes on
    SKIPPED offsets later, because readers may have seen newer rows than are left.

    `facts` are used where the file does not say them any more. Raises JournalError where nothing of a journal is found.
    """
    with closing(Salvage(path)) as found:
        meta = found.meta if are_whole(found.meta) else _facts_of(found, facts or {})
        if SCHEMA not in meta or not (len(found.offsets) or are_whole(found.meta)):
            raise unreadable(path, ValueError("nothing of a journal was found in it"))
        last = max(found.offsets, default=0)
        if meta[SCHEMA] == UNSEALED_SCHEMA:
            meta = meta | {SCHEMA: str(SCHEMA_VERSION), CHECKED_AFTER: str(last), PRUNED_TO: str(last)}
        partial, repaired = path.with_suffix(".repairing"), _repaired(path)
        partial.unlink(missing_ok=True)
        _build(partial, meta, found.meta | _holes(found) | skip_after(last), _rows(found))
        _flush(partial)
        partial.replace(repaired)
        _flush(path.parent)
    kept = finish_repair(path)
    log.error(
        "%s was damaged and is made anew from its %d whole rows; it is kept as %s", path, len(found.offsets), kept
    )
    return len(found.offsets)


def finish_repair(path: Path) -> Path | None:
    """Put a repaired file in the place of the damaged one, which is kept; its new name, None where there was none."""
    repaired = _repaired(path)
    if not repaired.exists():
        return None
    kept = next(
        name for number in range(1, 1 << 20) if not (name := path.with_name(f"{path.name}.damaged-{number}")).exists()
    )
    log_file = path.with_name(path.name + "-wal")
    if log_file.exists():
        log_file.replace(kept.with_name(kept.name + "-wal"))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    if path.exists():
        path.replace(kept)
    repaired.replace(path)
    _flush(path.parent)
    return kept


def _build(partial: Path, facts: Mapping[str, str], notes: Mapping[str, str], rows: Iterator[StoredRow]) -> None:
    with closing(sqlite3.connect(partial, isolation_level=None)) as database:
        database.executescript(_TABLES)
        database.execute("begin")
        database.executemany("insert or replace into meta values (?, ?)", list(notes.items()))
        write_facts(database, facts)
        database.executemany(INSERT, rows)
        database.execute("commit")


def skip_after(last: int) -> dict[str, str]:
    """The note that leaves out offsets behind the last row."""
    return {f"{SKIPPED_FROM}{last + 1}": str(last + SKIPPED)}


def _facts_of(found: Salvage, facts: Mapping[str, str]) -> dict[str, str]:
    """Facts where the file does not say them any more: of the rows that are left, which carry no checksum."""
    unchecked = max((row.offset for row in _rows(found) if row.checksum is None), default=0)
    return {**facts, CHECKED_AFTER: str(unchecked), PRUNED_TO: "0"}


def _holes(found: Salvage) -> dict[str, str]:
    """Notes of what is missing for good, so that nobody looks for it again."""
    before = found.pruned_to
    holes: dict[str, str] = {}
    for offset in found.offsets.tolist():
        if offset > before + 1:
            holes[f"{SKIPPED_FROM}{before + 1}"] = str(offset - 1)
        before = max(before, offset)
    return holes


def _rows(found: Salvage) -> Iterator[StoredRow]:
    rows = found.after(-1, ROWS_AT_ONCE)
    while rows:
        yield from rows
        rows = found.after(rows[-1].offset, ROWS_AT_ONCE)


def _repaired(path: Path) -> Path:
    return path.with_suffix(".repaired")


def _flush(path: Path) -> None:
    """What a rename promises holds through a power loss when file and folder are flushed."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
