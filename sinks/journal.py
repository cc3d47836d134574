"""The journal's writer: every raw frame is durable here before anybody decodes it.

One SQLite file in WAL mode per partition; one row is one micro-batch (`market.journal` packs it), and a micro-batch is
the unit of flow: a replay reads the same rows, so every operator sees the same frames together.

With `synchronous=NORMAL` an append survives the death of the process (kill -9) and with FULL the loss of power too.
Rows that name their `source` can be appended again and again and are there once.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal, Self

from market.errors import JournalError
from market.journal import SCHEMA_VERSION, pack, unreadable

BUSY_TIMEOUT_S = 10  # how long an append waits for another writer of the same file

_CREATE = """
pragma journal_mode=wal;
create table meta (key text primary key, value text not null) without rowid;
create table batches (
    offset integer primary key,
    received_ns integer not null,
    frames blob not null,
    source text,
    source_offset integer
);
create unique index batches_by_source on batches (source, source_offset) where source is not null;
"""


class JournalWriter:
    """Appends micro-batches to one partition; creates it where it does not exist.

    `block_ns` is the interval of insert blocks in recorded time; an existing journal keeps its own, so that every
    replay cuts alike.
    Raises JournalError when the file is torn, not a journal, or belongs to another venue or shard.
    """

    def __init__(
        self,
        path: Path,
        *,
        venue: str,
        shard: str,
        block_ns: int,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
    ) -> None:
        if block_ns <= 0:
            raise ValueError(f"block_ns must be positive, is {block_ns}")
        self._path = path
        if synchronous not in ("NORMAL", "FULL"):
            raise ValueError(f"synchronous must be NORMAL or FULL, is {synchronous}")
        facts = {"schema": str(SCHEMA_VERSION), "venue": venue, "shard": shard, "block_ns": str(block_ns)}
        if not path.exists():
            _create(path, facts)
        self._database = sqlite3.connect(
            path, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False, cached_statements=16
        )
        try:
            self._database.execute(f"pragma synchronous={synchronous}")
            self._check(facts)
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise unreadable(path, error) from error
        except JournalError:
            self._database.close()
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
        return self._insert(int(received_ns[-1]), pack(received_ns, frames), source, source_offset)

    def meta(self) -> dict[str, str]:
        """What the journal says about itself: schema, venue, shard, block_ns, and notes."""
        return dict(self._database.execute("select key, value from meta"))

    def note(self, key: str, value: str) -> None:
        """Keep a fact about this partition, such as which file was imported into it."""
        self._database.execute("insert or replace into meta values (?, ?)", (key, value))

    def last_offset(self) -> int:
        """Offset of the newest row, 0 where there is none."""
        return int(self._database.execute("select coalesce(max(offset), 0) from batches").fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All appends and notes inside become durable together, or none does."""
        self._database.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._database.execute("rollback")
            raise
        self._database.execute("commit")

    def prune(self, before_ns: int) -> int:
        """Drop micro-batches received before a time and return their number; the newest stays: offsets must go on
        rising. So do those that name a source, as history does: what a person imported was not received then.

        The file does not shrink; its free pages are used again. `InstrumentDefined` records go with their rows, which
        is why capture writes them anew from time to time.
        """
        return self._database.execute(
            "delete from batches where received_ns < ? and source is null"
            " and offset < (select max(offset) from batches)",
            (before_ns,),
        ).rowcount

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self, wanted: dict[str, str]) -> None:
        """Refuse a journal of something else."""
        present = self.meta()
        for key in ("schema", "venue", "shard"):
            if present.get(key) != wanted[key]:
                raise JournalError(
                    f"{self._path} is a journal of {key} {present.get(key)}, not {wanted[key]}; use another data folder"
                )

    def _insert(self, received_ns: int, blob: memoryview, source: str | None, source_offset: int | None) -> int:
        row = (received_ns, blob, source, source_offset)
        cursor = self._database.execute(
            "insert or ignore into batches (received_ns, frames, source, source_offset) values (?, ?, ?, ?)", row
        )
        if cursor.rowcount:
            return int(cursor.lastrowid or 0)
        found = self._database.execute(
            "select offset from batches where source = ? and source_offset = ?", (source, source_offset)
        )
        return int(found.fetchone()[0])


def _create(path: Path, facts: dict[str, str]) -> None:
    """Make an empty journal beside its place and put it there in one step, so that nobody ever sees half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}.partial")
    with closing(sqlite3.connect(partial, isolation_level=None)) as database:
        database.executescript(_CREATE)
        database.executemany("insert into meta values (?, ?)", list(facts.items()))
    try:
        os.link(partial, path)
    except FileExistsError:
        pass  # another writer was quicker
    except OSError:
        partial.replace(path)  # a file system without hard links
    partial.unlink(missing_ok=True)
