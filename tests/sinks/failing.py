"""A SQLite connection that fails when it is told to: at the Nth statement from now, as SQLite itself would fail."""

import sqlite3
from pathlib import Path
from typing import Any

from sinks.journal_file import BUSY_TIMEOUT_S


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError(f"told to fail with {code}")
    error.sqlite_errorcode = code
    error.sqlite_errorname = str(code)
    return error


class Disk:
    """What the connections of a test stand on. `fails_at`: statements that change something, counted from 1."""

    def __init__(self) -> None:
        self.count = 0
        self.fails_at = 0
        self.fails_to = 0  # inclusive
        self.code = 0
        self.opened = 0

    def fail(self, code: int, at: int = 1, statements: int = 1 << 30) -> None:
        """From the `at`th statement from now on, so many statements."""
        self.code, self.fails_at = code, self.count + at
        self.fails_to = self.fails_at + statements - 1

    def heal(self) -> None:
        self.fails_at = 0

    def connect(self, path: Path) -> sqlite3.Connection:
        disk = self
        self.opened += 1

        class Connection(sqlite3.Connection):
            def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
                if statement.lstrip().lower().startswith(("insert", "delete", "update", "commit", "begin")):
                    disk.count += 1
                    if disk.fails_at and disk.fails_at <= disk.count <= disk.fails_to:
                        raise sqlite_error(disk.code)
                return super().execute(statement, *parameters)

        return sqlite3.connect(
            path, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False, factory=Connection
        )
