"""The journal's reader: micro-batches of one partition in offset order, also while another process appends to it."""

import sqlite3
from pathlib import Path
from typing import Any, NamedTuple, Self

from market.errors import JournalError
from market.history import HISTORY
from market.journal import SCHEMA_VERSION, JournalBatch, unpack, unreadable

BUSY_TIMEOUT_S = 10


class Row(NamedTuple):
    """One micro-batch, still packed."""

    offset: int
    received_ns: int  # of its last frame
    frames: bytes
    source: str  # that the row names, as history does; empty: none


class JournalReader:
    """Reads one partition; never writes, never blocks its writer.

    Raises JournalError when there is no journal, or the file is torn or of another schema.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            raise JournalError(f"there is no journal at {path}; `barograph capture` or `barograph import` makes one")
        uri = f"{path.absolute().as_uri()}?mode=ro"
        try:
            self._database = sqlite3.connect(
                uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False
            )
        except sqlite3.DatabaseError as error:
            raise unreadable(path, error) from error
        try:
            self._check_schema()
        except JournalError:
            self._database.close()
            raise

    def read(self, after: int, limit: int) -> list[JournalBatch]:
        """Up to `limit` micro-batches with offsets above `after`, in order; empty where there are none yet."""
        return [unpack(row.offset, row.frames) for row in self.rows(after, limit)]

    def rows(self, after: int, limit: int) -> list[Row]:
        """As `read`, but with the frames still packed."""
        columns = "offset, received_ns, frames, coalesce(source, '')"
        found = self._all(f"select {columns} from batches where offset > ? order by offset limit ?", after, limit)
        return [Row(*row) for row in found]

    def meta(self) -> dict[str, str]:
        """What the journal says about itself: schema, venue, shard, block_ns, and notes."""
        return dict(self._all("select key, value from meta"))

    def last_offset(self) -> int:
        """Offset of the newest row, 0 where there is none."""
        return int(self._all("select coalesce(max(offset), 0) from batches")[0][0])

    def received_ns(self, offset: int) -> int:
        """Receive time of a row, 0 where there is no such row."""
        found = self._all("select received_ns from batches where offset = ?", offset)
        return int(found[0][0]) if found else 0

    def is_history(self) -> bool:
        """Whether all its rows are history."""
        found = self._all("select 1 from batches where source is null or source != ? limit 1", HISTORY)
        return not found

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _all(self, statement: str, *values: int | str) -> list[Any]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise unreadable(self._path, error) from error

    def _check_schema(self) -> None:
        schema = self.meta().get("schema")
        if schema != str(SCHEMA_VERSION):
            raise JournalError(
                f"{self._path} has journal schema {schema}, this Barograph reads {SCHEMA_VERSION}; use its own version"
            )
