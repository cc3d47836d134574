"""What a journal is made of, for its writer and its readers: where a partition lies, how a row packs its frames.

One row is one micro-batch and carries one Arrow IPC record batch of `SCHEMA`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from market.errors import JournalError
from market.frames import Frames

LIVE_BLOCK_NS = 1_000_000_000  # recorded time of an insert block; docs/decisions/003-insert-blocks-of-one-second.md
SCHEMA_VERSION = 1
SCHEMA = pa.schema([("received_ns", pa.int64()), ("frame", pa.binary())])
MAX_ROW_BYTES = 256 << 20  # a row beyond it is refused: SQLite's own limit is 1 GB and Arrow's offsets end at 2 GB


class JournalBatch(NamedTuple):
    """One row: frames that arrived together."""

    offset: int
    received_ns: np.ndarray[tuple[int], np.dtype[np.int64]]  # one per frame
    frames: Frames  # as received


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


def unreadable(path: Path, error: Exception) -> JournalError:
    """What to tell when a file cannot be used as a journal."""
    return JournalError(
        f"{path} is not a usable journal ({error}); move it away, or restore it from a copy, and start again"
    )
