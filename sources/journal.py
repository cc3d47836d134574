"""The journal's reader: micro-batches of one partition in offset order, also while another process appends to it."""

import sqlite3
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa

from market.errors import JournalError
from sinks.journal import SCHEMA, SCHEMA_VERSION, unreadable

BUSY_TIMEOUT_S = 10


class JournalBatch(NamedTuple):
    """One row: frames that arrived together."""

    offset: int
    received_ns: np.ndarray[tuple[int], np.dtype[np.int64]]  # one per frame
    frames: tuple[bytes, ...]  # as received


def partitions(data: Path, topic: str) -> list[Path]:
    """The partitions of a topic that exist now, sorted by name."""
    return sorted((data / "journal" / topic).glob("*.db"))


class JournalReader:
    """Reads one partition; never writes, never blocks its writer.

    Raises JournalError when there is no journal, or the file is torn or of another schema.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            raise JournalError(f"there is no journal at {path}; `barograph capture` or `barograph import` makes one")
        try:
            self._database = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S,
                check_same_thread=False,
            )
            schema = self.meta().get("schema")
        except sqlite3.DatabaseError as error:
            raise unreadable(path, error) from error
        if schema != str(SCHEMA_VERSION):
            raise JournalError(f"{path} has journal schema {schema}, this Barograph reads {SCHEMA_VERSION}; use its own version")

    def read(self, after: int, limit: int) -> list[JournalBatch]:
        """Up to `limit` micro-batches with offsets above `after`, in order; empty where there are none yet."""
        return [decode_row(*row) for row in self.rows(after, limit)]

    def rows(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """As `read`, but with the frames still packed: offset and Arrow IPC bytes."""
        try:
            return self._database.execute(
                "select offset, frames from batches where offset > ? order by offset limit ?", (after, limit)
            ).fetchall()
        except sqlite3.DatabaseError as error:
            raise unreadable(self._path, error) from error

    def meta(self) -> dict[str, str]:
        """What the journal says about itself: schema, venue, shard, block_ns, and notes."""
        return dict(self._database.execute("select key, value from meta"))

    def last_offset(self) -> int:
        """Offset of the newest row, 0 where there is none."""
        return int(self._database.execute("select coalesce(max(offset), 0) from batches").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def decode_row(offset: int, blob: bytes) -> JournalBatch:
    """A row of the journal, unpacked. Slicing the one data buffer costs a fifth of Arrow's own conversion to objects."""
    times, frames = pa.ipc.read_record_batch(pa.py_buffer(blob), SCHEMA).columns
    _, offsets, payload = frames.buffers()
    ends = np.frombuffer(offsets, np.int32)[: len(frames) + 1].tolist()
    data = payload.to_pybytes() if payload is not None else b""
    return JournalBatch(
        offset,
        np.frombuffer(times.buffers()[1], np.int64)[: len(times)],
        tuple(data[start:end] for start, end in zip(ends, ends[1:], strict=False)),
    )
