"""The spool: insert blocks on disk while the store does not take them, one file per block.

    DATA/spool/market/binance-usdm-0/00000000000000000041-00000000000000000042-00000000000000000057-1f2e3d4c5b6a.block

The name says the shard, the row of the journal before the block, its first and last row, and what computed it. A block
that is cut again after a crash is the same block and replaces itself. The file holds finished rows as Arrow, so that
a newer version can hand over what an older one left, and a digest over all of it.
"""

import json
import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from market.errors import StoreError
from sinks.clickhouse.disk import PARTIAL, Disk, LocalDisk
from sinks.clickhouse.loads import Insertion, Load

log = logging.getLogger("barograph.writer")

SUFFIX = ".block"
DAMAGED = ".damaged"
MARK = b"barograph block 1\n"
_DIGEST_BYTES = 16
_HEAD_BYTES = len(MARK) + _DIGEST_BYTES + 8
_NAME = re.compile(r"^(\d{20})-(\d{20})-(\d{20})-([0-9a-f]{12})\.block$")


class Spooled(NamedTuple):
    """A block on disk."""

    shard: str
    source: str
    previous_offset: int
    first_offset: int
    last_offset: int
    nbytes: int


class SpoolFullError(Exception):
    """The spool is at its limit of bytes."""


class Spool:
    """Blocks on disk, in one folder per shard.

    only: the one shard whose blocks it holds, where each has a spool of its own. limit_bytes: of all files together;
    0: nothing is added, what is there is handed over. reserve_bytes: what must stay free on the disk for others; the
    journal needs it more.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limit_bytes: int,
        reserve_bytes: int = 0,
        only: str | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._folder, self._limit_bytes, self._reserve_bytes = folder, limit_bytes, reserve_bytes
        self._searched = folder if only is None else folder / _place(only)
        self._disk: Disk = disk or LocalDisk()
        self._lock = threading.Lock()
        self._sizes = self._disk.sizes(self._searched, SUFFIX)  # written by one thread, removed by another
        self._total = sum(self._sizes.values())
        with suppress(OSError):
            for path in self._disk.sizes(self._searched, SUFFIX + PARTIAL):  # a death left it half written
                self._disk.remove(path)

    @property
    def takes(self) -> bool:
        """Whether blocks may be added at all."""
        return self._limit_bytes > 0

    @property
    def nbytes(self) -> int:
        """Of all files together."""
        return self._total

    def write(self, load: Load) -> Spooled:
        """Make a block durable. Raises SpoolFullError at the limit, OSError where the disk does not take it."""
        data = _encoded(load)
        size = sum(map(len, data))
        spooled = Spooled(load.shard, load.source, load.previous_offset, load.first_offset, load.last_offset, size)
        path = self.path(spooled)
        if self._total - self._sizes.get(path, 0) + size > self._limit_bytes:
            raise SpoolFullError
        if self._disk.free_bytes(self._folder) - size < self._reserve_bytes:
            raise OSError(f"less than {self._reserve_bytes} bytes would stay free")
        self._disk.write(path, data)
        self._sized(path, size)
        return spooled

    def read(self, spooled: Spooled) -> Load:
        """A block as it was written; raises StoreError where its file is missing or damaged."""
        path = self.path(spooled)
        try:
            return _decoded(self._disk.read(path))
        except (OSError, ValueError) as error:
            raise StoreError(
                f"{path} cannot be read ({error}): rows after it wait; move the file and the recovery folder of this"
                " flow away, and all is computed again from the journal"
            ) from None

    def remove(self, spooled: Spooled) -> None:
        """Let go of a block that the store has."""
        self._forget(self.path(spooled))

    def between(self, shard: str, source: str, after: int, until: int) -> list[Spooled]:
        """Blocks of a shard that follow one row of its journal, up to another, in order."""
        return [
            Spooled(shard, source, previous, first, last, self._sizes[path])
            for path, previous, first, last, by in self._named(_place(shard))
            if by == _digest_of(source) and previous >= after and last <= until
        ]

    def keep_only(self, kept: Sequence[Spooled]) -> int:
        """Remove all other blocks; how many there were."""
        wanted = {self.path(spooled) for spooled in kept}
        others = [path for path in self._sizes if path not in wanted]
        for path in others:
            self._forget(path)
        return len(others)

    def of_others(self, source: str) -> list[Spooled]:
        """The blocks that another source has computed, in order; a damaged file is set aside, with an error per file.

        For a flow that begins anew: it computes all again from the journal, as far as that reaches back.
        """
        found = []
        for path in [path for path in self._sizes if not path.stem.endswith(_digest_of(source))]:
            try:
                load = _decoded(self._disk.read(path))
            except (OSError, ValueError):
                self._disk.rename(path, path.name + DAMAGED)
                self._sized(path, None)
                log.error("%s is damaged and set aside as %s", path, path.name + DAMAGED)
                continue
            size = self._sizes[path]
            found.append(
                Spooled(load.shard, load.source, load.previous_offset, load.first_offset, load.last_offset, size)
            )
        return sorted(found, key=lambda spooled: (spooled.source, spooled.shard, spooled.previous_offset))

    def path(self, spooled: Spooled) -> Path:
        """Where a block lies."""
        offsets = (spooled.previous_offset, spooled.first_offset, spooled.last_offset)
        name = "-".join((*(f"{offset:020d}" for offset in offsets), _digest_of(spooled.source)))
        return self._folder / _place(spooled.shard) / (name + SUFFIX)

    def _named(self, place: str) -> Iterator[tuple[Path, int, int, int, str]]:
        for path in sorted(self._sizes):
            name = _NAME.match(path.name)
            if name is not None and path.parent.name == place:
                yield path, int(name[1]), int(name[2]), int(name[3]), name[4]

    def _forget(self, path: Path) -> None:
        self._disk.remove(path)
        self._sized(path, None)

    def _sized(self, path: Path, size: int | None) -> None:
        """Note how large a file is now; None: gone."""
        with self._lock:
            self._total -= self._sizes.pop(path, 0)
            if size is not None:
                self._sizes[path] = size
                self._total += size


def _place(shard: str) -> str:
    return shard.replace("/", "-")


def _digest_of(source: str) -> str:
    return blake2b(source.encode(), digest_size=6).hexdigest()


def _encoded(load: Load) -> list[bytes]:
    """Mark, digest of all that follows, length of the head, head as JSON, one Arrow stream per insertion."""
    streams = [_stream(insertion.rows) for insertion in load.insertions]
    said = load._asdict() | {
        "insertions": [
            {"table": insertion.table, "token": insertion.token, "nbytes": len(stream)}
            for insertion, stream in zip(load.insertions, streams, strict=True)
        ]
    }
    head = json.dumps(said).encode()
    rest = [len(head).to_bytes(8, "little"), head, *streams]
    return [MARK, _checked(rest), *rest]


def _decoded(data: bytes) -> Load:
    """Raises ValueError for bytes that are not as they were written."""
    if data[: len(MARK)] != MARK:
        raise ValueError("it is no block of a spool")
    if _checked([data[len(MARK) + _DIGEST_BYTES :]]) != data[len(MARK) : len(MARK) + _DIGEST_BYTES]:
        raise ValueError(f"its {len(data)} bytes are not those that were written")
    at = _HEAD_BYTES + int.from_bytes(data[_HEAD_BYTES - 8 : _HEAD_BYTES], "little")
    said = json.loads(data[_HEAD_BYTES:at])
    insertions = []
    for one in said.pop("insertions"):
        rows = pa.ipc.open_stream(pa.py_buffer(data[at : at + one["nbytes"]])).read_all()
        insertions.append(Insertion(one["table"], one["token"], rows))
        at += one["nbytes"]
    return Load(**said, insertions=tuple(insertions))


def _stream(rows: pa.Table) -> bytes:
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, rows.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(rows.combine_chunks())
    return bytes(stream.getvalue())


def _checked(data: Sequence[bytes]) -> bytes:
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for piece in data:
        digest.update(piece)
    return digest.digest()
