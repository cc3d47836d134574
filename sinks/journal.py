"""The journal's writer: every raw frame is durable here before anybody decodes it.

One SQLite file in WAL mode per partition; one row is one micro-batch (`market.journal` packs it), and a micro-batch is
the unit of flow: a replay reads the same rows, so every operator sees the same frames together.

With `synchronous=NORMAL` an append survives the death of the process (kill -9), and the loss of power from the next
`sync` on; with FULL every append survives both. Rows that name their `source` can be appended again and again and are
there once. No offset is ever given twice (sinks/journal_start.py).
"""

import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

from market.errors import DiskError, JournalError
from market.journal import SCHEMA_VERSION, SKIPPED_FROM, StoredRow, checksum, pack
from market.journal_facts import CHECKED_AFTER, PRUNED_TO, number
from sinks.fence import Fence
from sinks.journal_faults import UNSURE, fault_of, leave_mark
from sinks.journal_file import INSERT, Connect, connect, write_facts
from sinks.journal_start import BOOT, start_alone, start_shared

# The row with which so many bytes are reached, else the last.
_HOLDING = """
select max(offset) from (
    select offset, sum(length(frames)) over (order by offset rows between unbounded preceding and 1 preceding) as before
    from batches where offset between ? and ?
) where coalesce(before, 0) < ?
"""

# What `newest_of` must know of rows that go.
_KEEP_NEWEST_OF = """
insert or replace into meta
select ? || source, cast(max(source_offset) as text) from batches
where source is not null and offset > ? and offset <= ? group by source
"""
PRUNED_OF = "pruned of "  # and a source: the note of the greatest offset of it that was pruned

log = logging.getLogger("barograph.journal")


class JournalWriter:
    """Appends micro-batches to one partition; creates it where it does not exist.

    `block_ns` is the interval of insert blocks in recorded time; an existing journal keeps its own, so that every
    replay cuts alike. `alone`: no other process may record into it, which lets this one repair it. `connect` opens the
    file.
    Raises JournalError when the file is not a journal, belongs to another venue or shard, or is damaged and not alone;
    HeldError when the disk takes nothing now, after which the same append may be tried again; DiskError when the disk
    failed, after which the writer is done with.
    """

    def __init__(
        self,
        path: Path,
        *,
        venue: str,
        shard: str,
        block_ns: int,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        alone: bool = False,
        connect: Connect = connect,
    ) -> None:
        if block_ns <= 0:
            raise ValueError(f"block_ns must be positive, is {block_ns}")
        if synchronous not in ("NORMAL", "FULL"):
            raise ValueError(f"synchronous must be NORMAL or FULL, is {synchronous}")
        self.path = path
        self._alone = alone
        wanted = {"schema": str(SCHEMA_VERSION), "venue": venue, "shard": shard, "block_ns": str(block_ns)}
        self._next: int | None = None  # offset of the next row, while nobody else appends
        self._failed: JournalError | None = None
        self._closed = False
        self._fence = Fence(path) if alone else None
        try:
            started = (start_alone if alone else start_shared)(path, wanted, connect)
            self._database, self._facts, self._noted_boot = started
            self._database.execute(f"pragma synchronous={synchronous}")
        except BaseException:
            self._unfence()
            raise

    def append(
        self,
        received_ns: Sequence[int],
        frames: Sequence[bytes],
        *,
        source: str | None = None,
        source_offset: int | None = None,
    ) -> int:
        """Make one micro-batch durable and return its offset; a row of the same source and offset is kept as it is.

        `received_ns` and `frames` have one entry per frame, at least one, in the order they arrived.
        """
        if not frames or len(frames) != len(received_ns):
            raise ValueError(f"{len(frames)} frames with {len(received_ns)} receive times")
        if self._failed is not None:
            raise self._failed
        try:
            return self._insert(int(received_ns[-1]), pack(received_ns, frames), source, source_offset)
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def meta(self) -> dict[str, str]:
        """What the journal says about itself: schema, venue, shard, block_ns, and notes."""
        return dict(self._execute("select key, value from meta"))

    def note(self, key: str, value: str) -> None:
        """Keep a fact about this partition, such as which file was imported into it."""
        self._execute("insert or replace into meta values (?, ?)", key, value)

    def note_once(self, key: str, value: str) -> str:
        """Keep a fact that nobody has kept yet; what is kept of it."""
        self._execute("insert or ignore into meta values (?, ?)", key, value)
        kept: str = self._execute("select value from meta where key = ?", key).fetchone()[0]
        return kept

    def last_offset(self) -> int:
        """Offset of the newest row, 0 where there is none."""
        return self._one("select max(offset) from batches") or 0

    def last_received_ns(self) -> int | None:
        """Receive time of the newest row that was received and not imported; None where there is none."""
        rows = self._database.execute(
            "select offset, received_ns, frames, source, source_offset, checksum from batches"
            " where source is null order by offset desc limit 64"
        )
        checked_after = number(self._facts, CHECKED_AFTER, 0)
        whole = (row for row in map(StoredRow._make, rows) if row.is_whole(checked_after))
        return next((row.received_ns for row in whole), None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All appends and notes inside become durable together, or none does."""
        self._execute("begin immediate")
        try:
            yield
            self._execute("commit")
        except BaseException:
            self._next = None  # what it was may not have come to be
            if self._database.in_transaction:
                self._database.execute("rollback")
            raise

    def sync(self) -> None:
        """Make all rows durable against the loss of power."""
        try:
            flushed = os.open(self.path.with_name(self.path.name + "-wal"), os.O_RDONLY)
        except FileNotFoundError:
            return  # nothing was written yet
        except OSError as error:
            raise self._failed_flush(error) from error
        try:
            os.fsync(flushed)
        except OSError as error:
            raise self._failed_flush(error) from error
        finally:
            os.close(flushed)

    def newest_of(self, source: str) -> int:
        """Greatest offset of a source that was ever appended, 0 for none; rows that were pruned count."""
        pruned = self._execute("select value from meta where key = ?", f"{PRUNED_OF}{source}").fetchone()
        return max(
            self._one("select max(source_offset) from batches where source = ?", source) or 0,
            int(pruned[0]) if pruned else 0,
        )

    def prune(
        self, to_offset: int, *, most_rows: int, most_bytes: int | None = None, with_sources: bool = False
    ) -> int:
        """Drop the oldest rows up to an offset, at most so many, or until so many bytes are free; return their number.

        The newest row stays: offsets must go on rising. So do those that name a source, as history does: what a person
        imported was not received then; but not `with_sources`, which is for a journal that nobody computes from. The
        file does not shrink; its free pages are used again. `InstrumentDefined` records go with their rows, which is
        why capture writes them anew from time to time.
        """
        with self.transaction():
            done = number(self._facts, PRUNED_TO, 0)
            first = self._one("select min(offset) from batches where offset > ?", done)
            last = self._one("select max(offset) from batches")
            to = min(to_offset, (first or 0) + most_rows - 1, (last or 0) - 1)
            if most_bytes is not None and first is not None:
                to = min(to, self._one(_HOLDING, first, to, most_bytes) or 0)
            if first is None or to < first:
                return 0
            if with_sources:
                self._execute(_KEEP_NEWEST_OF, PRUNED_OF, done, to)
            spared = "" if with_sources else " and source is null"
            statement = f"delete from batches where offset > ? and offset <= ?{spared}"
            dropped = self._execute(statement, done, to).rowcount
            pruned = self._facts | {PRUNED_TO: str(to)}
            write_facts(self._database, pruned)
        self._facts = pruned
        return dropped

    def size(self) -> tuple[int, int]:
        """Bytes of the file that hold something, and bytes that are free in it."""
        names = ("page_count", "freelist_count", "page_size")
        pages, free, page_bytes = (self._one(f"pragma {name}") or 0 for name in names)
        return (pages - free) * page_bytes, free * page_bytes

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it; again does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._noted_boot and self._failed is None:
                self._database.execute("delete from meta where key = ?", (BOOT,))
        except sqlite3.Error as error:
            log.warning("%s was not closed properly: %s", self.path, error)
        self._database.close()
        self._unfence()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unfence(self) -> None:
        if self._fence is not None:
            self._fence.close()

    def _insert(self, received_ns: int, blob: memoryview, source: str | None, source_offset: int | None) -> int:
        while True:
            offset = self._next or self._following()
            check = checksum(offset, received_ns, blob, source, source_offset)
            row = (offset, received_ns, blob, source, source_offset, check)
            if self._database.execute(INSERT, row).rowcount:
                self._next = offset + 1 if self._alone else None
                return offset
            self._next = None
            known = "select offset from batches where source = ? and source_offset = ?"
            found = self._database.execute(known, (source, source_offset)).fetchone()
            if found is not None:
                return int(found[0])

    def _following(self) -> int:
        """The offset after the newest row, or after those that were left out on purpose behind it."""
        following = self.last_offset() + 1
        left_out = self._database.execute("select value from meta where key = ?", (f"{SKIPPED_FROM}{following}",))
        found = left_out.fetchone()
        return following if found is None else int(found[0]) + 1

    def _execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def _one(self, statement: str, *values: int | str) -> int | None:
        found: int | None = self._execute(statement, *values).fetchone()[0]
        return found

    def _fault(self, error: sqlite3.Error) -> JournalError:
        found = fault_of(self.path, error, marked=self._alone)
        if isinstance(found, DiskError):
            self._failed = found
        return found

    def _failed_flush(self, error: OSError) -> DiskError:
        if self._alone:
            leave_mark(self.path, UNSURE)
        self._failed = DiskError(
            f"the disk failed to keep {self.path} ({error}); it goes on after the last row that is durable"
        )
        return self._failed
