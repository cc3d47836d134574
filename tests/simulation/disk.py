"""The disk of capture's journal: SQLite itself, which may be told that there is no space, or lose its power."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sinks.journal_file import connect


def full_at(is_full: Callable[[], bool]) -> Callable[[Path], sqlite3.Connection]:
    """A way to open journals that takes no rows while the disk is full."""
    return lambda path: _Full(connect(path), is_full)  # type: ignore[return-value]


class _Full:
    def __init__(self, database: sqlite3.Connection, is_full: Callable[[], bool]) -> None:
        self._database, self._is_full = database, is_full

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if statement.startswith("insert") and self._is_full():
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return self._database.execute(statement, *values)


def lose_power(path: Path, *, durable: int) -> int:
    """Leave of a closed journal what power loss would, rows up to an offset; how many rows are lost."""
    with sqlite3.connect(path) as database:
        lost = database.execute("delete from batches where offset > ?", (durable,)).rowcount
        database.execute("insert or replace into meta values ('boot', 'another')")
    database.close()
    return lost
