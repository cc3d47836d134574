"""What a journal is made of, for its writer and its readers: where a partition lies, what a row is, how it is packed.

One row is one micro-batch and carries one Arrow IPC record batch of `SCHEMA`. Since schema 2 it also carries a CRC-32
over everything else it says, its offset included: a row whose bytes changed on the disk is known as such. CRC-32 finds
every change of a single bit or of up to 32 bits in a row, and of others all but one in 4 billion.
"""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from market.errors import JournalError
from market.frames import Frames

LIVE_BLOCK_NS = 1_000_000_000  # recorded time of an insert block; docs/decisions/003-insert-blocks-of-one-second.md
SCHEMA_VERSION = 2
READABLE_SCHEMAS = ("1", "2")  # 1 had no checksums
SCHEMA = pa.schema([("received_ns", pa.int64()), ("frame", pa.binary())])
MAX_ROW_BYTES = 256 << 20  # a row beyond it is refused: SQLite's own limit is 1 GB and Arrow's offsets end at 2 GB

_CHECKED = struct.Struct("<qqq")

SKIPPED_FROM = "skipped:"  # and an offset: the note that names the last one that was left out on purpose from there on

# One more than the last row where all rows were imported.
FIRST_RECEIVED = (
    "select coalesce((select offset from batches where source is null order by offset limit 1), max(offset) + 1, 1)"
    " from batches"
)


class JournalBatch(NamedTuple):
    """One row: frames that arrived together."""

    offset: int
    received_ns: np.ndarray[tuple[int], np.dtype[np.int64]]  # one per frame
    frames: Frames  # as received


class StoredRow(NamedTuple):
    """One row as it stands in the file, whole or not."""

    offset: int
    received_ns: int  # of its last frame
    frames: bytes  # packed
    source: str | None  # that the row names, as history does
    source_offset: int | None
    checksum: int | None  # None in rows of schema 1

    def is_whole(self, checked_after: int) -> bool:
        """Whether it is what was written. Of rows that carry no checksum, only that it can be unpacked is known."""
        try:
            if self.checksum is None:
                return self.offset <= checked_after and _unpacks(self)
            return self.checksum == checksum(
                self.offset, self.received_ns, self.frames, self.source, self.source_offset
            )
        except (TypeError, struct.error, AttributeError):
            return False  # a number where bytes should be, or the other way round


def partition_path(data: Path, topic: str, shard: str) -> Path:
    """Where the partition of a shard lies.

    >>> partition_path(Path("data"), "market", "binance-usdm/0").as_posix()
    'data/journal/market/binance-usdm-0.db'
    """
    return data / "journal" / topic / f"{shard.replace('/', '-')}.db"


def partitions(data: Path, topic: str) -> list[Path]:
    """The partitions of a topic that exist now, sorted by name."""
    return sorted((data / "journal" / topic).glob("*.db"))


def pack(received_ns: Sequence[int], frames: Sequence[bytes]) -> memoryview:
    """Frames and their receive times as the bytes of one row.

    Built from buffers, because `pa.array` imports pandas when first used: 250 ms, with sockets already open.
    """
    data = b"".join(frames)
    if len(data) > MAX_ROW_BYTES:
        raise JournalError(
            f"a micro-batch of {len(data)} bytes is over the limit of {MAX_ROW_BYTES}; append it in parts"
        )
    count = len(frames)
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum([len(frame) for frame in frames], out=offsets[1:])
    times = pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(np.asarray(received_ns, np.int64))])
    payload = pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    return memoryview(pa.RecordBatch.from_arrays([times, payload], schema=SCHEMA).serialize())


def unpack(offset: int, blob: bytes) -> JournalBatch:
    """A row, unpacked without a copy: times and frames are views of the blob."""
    times, frames = pa.ipc.read_record_batch(pa.py_buffer(blob), SCHEMA).columns
    _, offsets, payload = frames.buffers()
    data = np.frombuffer(payload, np.uint8) if payload is not None else np.empty(0, np.uint8)
    return JournalBatch(
        offset,
        np.frombuffer(times.buffers()[1], np.int64)[: len(times)],
        Frames(data, np.frombuffer(offsets, np.int32)[: len(frames) + 1]),
    )


def checksum(
    offset: int, received_ns: int, frames: bytes | memoryview, source: str | None, source_offset: int | None
) -> int:
    """CRC-32 of a row: offset, receive time and source offset as little-endian int64, the source, the packed frames.

    >>> checksum(1, 2, b"frames", None, None)
    1570258084
    """
    named = _CHECKED.pack(offset, received_ns, source_offset or 0) + (source or "").encode()
    return zlib.crc32(frames, zlib.crc32(named))


def unreadable(path: Path, error: Exception) -> JournalError:
    """What to tell when a file cannot be used as a journal."""
    return JournalError(
        f"{path} is not a usable journal ({error}); move it away, or restore it from a copy, and start again"
    )


def _unpacks(row: StoredRow) -> bool:
    """Whether frames without a checksum can at least be taken apart and end where the row says."""
    try:
        _, times, frames = unpack(row.offset, row.frames)
    except (pa.ArrowException, EOFError, IndexError, OSError, ValueError):
        return False
    ends = frames.offsets
    ascending = len(ends) > 1 and ends[0] >= 0 and bool((np.diff(ends) >= 0).all()) and ends[-1] <= len(frames.data)
    return bool(ascending) and len(times) == len(frames) and int(times[-1]) == row.received_ns
