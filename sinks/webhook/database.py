"""The database of the webhooks: DATA/webhooks/webhooks.db, SQLite, for its owner's eyes only.

Endpoints, their secrets, deliveries, attempts, and how far the broadcast journal was read, in one file, so that one
transaction can hold a delivery and the cursor together. WAL with `synchronous=FULL`: what was committed survives kill
-9 and a loss of power. The secrets must be readable, because every attempt is signed with them: the file has mode 0600
in a folder of mode 0700.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from market.private_file import private_file
from sinks.webhook.errors import DatabaseError
from sinks.webhook.limits import BUSY_S

SCHEMA_VERSION = "1"
Database = sqlite3.Connection

_SCHEMA = """
create table if not exists facts (name text primary key, value text not null) strict;
create table if not exists endpoints (
    id text primary key, tenant text not null, url text not null, filters text not null,
    state text not null check (state in ('enabled', 'disabled')), reason text not null,
    stream text not null, since integer not null, created_ns integer not null,
    enabled_ns integer not null, succeeded_ns integer not null, tests integer not null default 0
) strict;
create index if not exists endpoints_tenant on endpoints (tenant);
create table if not exists secrets (
    endpoint text not null, number integer not null, secret blob not null,
    created_ns integer not null, valid_until_ns integer, primary key (endpoint, number)
) strict;
create table if not exists deliveries (
    webhook_id text primary key, endpoint text not null, kind text not null, venue text not null,
    instrument text not null, timeframe text not null, stream text not null, sequence integer not null,
    position integer not null, receive_ns integer not null, payload blob not null,
    state text not null check (state in ('pending', 'delivered', 'dead')),
    attempts integer not null, base integer not null, queued_ns integer not null, due_ns integer not null,
    ended_ns integer
) strict;
create index if not exists deliveries_due on deliveries (endpoint, state, due_ns, sequence, position);
create index if not exists deliveries_time on deliveries (endpoint, receive_ns);
create index if not exists deliveries_ended on deliveries (state, ended_ns);
create table if not exists attempts (
    number integer primary key autoincrement, tenant text not null, endpoint text not null, webhook_id text not null,
    kind text not null, venue text not null, instrument text not null, timeframe text not null, stream text not null,
    sequence integer not null, position integer not null, receive_ns integer not null, attempt integer not null,
    started_ns integer not null, duration_ns integer not null, status_code integer not null, error text not null,
    state text not null, next_ns integer
) strict;
create index if not exists attempts_endpoint on attempts (endpoint, number);
create table if not exists missed (
    number integer primary key autoincrement, endpoint text not null, reason text not null, stream text not null,
    first_sequence integer not null, last_sequence integer not null, events integer not null,
    first_ns integer not null, last_ns integer not null
) strict;
create index if not exists missed_endpoint on missed (endpoint, number);
create table if not exists cursors (stream text primary key, sequence integer not null, moved_ns integer not null)
    strict;
create table if not exists shipments (first integer primary key, last integer not null) strict;
"""


def database_path(data: Path) -> Path:
    """Where it lies."""
    return data / "webhooks" / "webhooks.db"


def private_folder(data: Path) -> Path:
    """The folder of the database, made where it is missing, closed to others where it was not; raises DatabaseError."""
    folder = database_path(data).parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise DatabaseError(f"{folder} cannot be made: {error}") from error
    return folder


def opened(data: Path) -> Database:
    """The database of a data folder, made where it is missing; raises DatabaseError.

    A connection may be used by several threads, one at a time.
    """
    path = private_folder(data) / database_path(data).name
    try:
        private_file(path)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        database = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(f"{path} cannot be opened: {error}") from error
    try:
        _prepare(database)
    except BaseException:
        database.close()
        raise
    return database


def asked(database: Database, question: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """All rows of an answer; raises DatabaseError where there is none."""
    try:
        return database.execute(question, values).fetchall()
    except sqlite3.Error as error:
        raise DatabaseError(f"the database of the webhooks cannot be read: {error}") from error


def asked_one(database: Database, question: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
    """The first row of an answer, None where it has none; raises DatabaseError."""
    return next(iter(asked(database, question, values)), None)


def asked_number(database: Database, question: str, values: Sequence[object] = ()) -> int:
    """What a question for one number is answered with, 0 where that is null; raises DatabaseError."""
    found = asked_one(database, question, values)
    return int(found[0] or 0) if found is not None else 0


@contextmanager
def transaction(database: Database) -> Iterator[None]:
    """All or nothing; raises DatabaseError where the database cannot take it."""
    try:
        database.execute("begin immediate")
        try:
            yield
        except BaseException:
            database.rollback()
            raise
        database.commit()
    except sqlite3.Error as error:
        raise DatabaseError(f"the database of the webhooks does not take it: {error}") from error


def database_id(database: Database) -> str:
    """What tells this database from every other, such as one begun anew in its place."""
    return "".join(str(row[0]) for row in asked(database, "select value from facts where name = 'id'"))


def database_bytes(database: Database) -> int:
    """How much it holds; pages that are free again do not count."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (asked_number(database, f"pragma {name}") for name in names)
    return (pages - free) * size


def _prepare(database: Database) -> None:
    try:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")
        database.execute("begin immediate")
        for statement in _SCHEMA.split(";\n"):
            database.execute(statement)
        database.execute("insert or ignore into facts values ('schema', ?)", (SCHEMA_VERSION,))
        database.execute("insert or ignore into facts values ('id', lower(hex(randomblob(8))))")
        database.commit()
        found = database.execute("select value from facts where name = 'schema'").fetchone()[0]
    except sqlite3.Error as error:
        raise DatabaseError(f"the database of the webhooks cannot be used: {error}") from error
    if found != SCHEMA_VERSION:
        raise DatabaseError(f"the database of the webhooks has schema {found}, this Barograph knows {SCHEMA_VERSION}")
