"""`Line`: blocks on their way to the store, in order: the oldest in memory, then those on disk.

Memory holds MEMORY_BLOCKS or MEMORY_BYTES, whatever is reached first, and always one block; the spool takes what comes
beyond; where that is full, or there is none, the next block waits outside. No thread and no clock: two threads may use
it, one that offers and one that takes.

After a restart the line is what the last snapshot said: its blocks in memory, and between two rows of a journal the
blocks on disk. A file that is not there any more was confirmed after that snapshot, or is lost: `Proof` stands in its
place, and the store is asked.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from sinks.clickhouse.blocks import Block
from sinks.clickhouse.loads import Load, load_of
from sinks.clickhouse.spool import Spool, Spooled, SpoolFullError

MEMORY_BLOCKS = 64
MEMORY_BYTES = 64 << 20
CALM_BLOCKS = 4  # with more in memory, measurements of the run are dropped and the rest counts as a backlog

THE_STORE = "the store"
DISK_SPACE = "disk space"


class Proof(NamedTuple):
    """Rows of a journal whose blocks are not on disk any more: the store must have them."""

    shard: str
    source: str
    previous_offset: int
    last_offset: int


class Stretch(NamedTuple):
    """Rows of a journal whose blocks are on disk."""

    shard: str
    source: str
    previous_offset: int  # the row before the first
    last_offset: int


class Waiting(NamedTuple):
    """What a snapshot holds of a line."""

    blocks: tuple[Block, ...] = ()
    stretches: tuple[Stretch, ...] = ()


Entry = Block | Spooled | Proof


class Line:
    """The blocks that the store has not confirmed. waiting: of a snapshot; None: the flow begins anew.

    source: what computes the blocks now. A flow that begins anew cuts its own blocks again; those that another version
    has left in the spool are handed over first, as that version would have done.
    """

    def __init__(
        self,
        spool: Spool | None = None,
        waiting: Waiting | None = None,
        *,
        source: str = "",
        memory_blocks: int = MEMORY_BLOCKS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._spool, self._memory_blocks, self._memory_bytes = spool, memory_blocks, memory_bytes
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(_restored(spool, waiting, source))
        self._blocks = sum(isinstance(entry, Block) for entry in self._entries)
        self._bytes = sum(entry.nbytes for entry in self._entries if isinstance(entry, Block))
        self.dropped = 0  # measurements

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def spooled_bytes(self) -> int:
        """Of the files of the spool."""
        return self._spool.nbytes if self._spool is not None else 0

    @property
    def oldest_ns(self) -> int:
        """Receive time of the oldest block where it is in memory; 0 where it is on disk, or nothing waits."""
        with self._lock:
            first = self._entries[0] if self._entries else None
            return first.last_receive_ns if isinstance(first, Block) else 0

    def offer(self, block: Block) -> str:
        """Take a block, or say what it waits for: `the store` or `disk space`; then it is to be offered again."""
        with self._lock:
            if self._fits(block):
                self._append(block)
                return ""
        if block.measured:
            self.dropped += 1
            return ""
        if self._spool is None or not self._spool.takes:
            return THE_STORE
        try:
            spooled = self._spool.write(load_of(block))
        except SpoolFullError:
            return THE_STORE
        except OSError:
            return DISK_SPACE
        with self._lock:
            self._entries.append(spooled)
        return ""

    def room_for(self, block: Block) -> bool:
        """Whether memory would take a block now."""
        with self._lock:
            return self._fits(block)

    def add(self, blocks: Iterable[Block]) -> None:
        """Take blocks whatever is full: the few that the end of a flow cuts. They are not spooled."""
        with self._lock:
            for block in blocks:
                self._append(block)

    def first(self) -> Entry | None:
        """The oldest, None where nothing waits."""
        with self._lock:
            return self._entries[0] if self._entries else None

    def load(self, entry: Block | Spooled) -> Load:
        """What is inserted for an entry; raises StoreError where its file is missing or damaged."""
        if isinstance(entry, Block):
            return load_of(entry)
        assert self._spool is not None
        return self._spool.read(entry)

    def done(self) -> None:
        """The store has the oldest."""
        with self._lock:
            entry = self._entries.popleft()
            if isinstance(entry, Block):
                self._blocks -= 1
                self._bytes -= entry.nbytes
        if isinstance(entry, Spooled) and self._spool is not None:
            with suppress(OSError):  # it stays until the next start, which knows that it is not wanted any more
                self._spool.remove(entry)

    def waiting(self) -> Waiting:
        """A copy of what is to go on after a restart; without measurements, which are of this run."""
        with self._lock:
            entries = tuple(self._entries)
        blocks = tuple(entry for entry in entries if isinstance(entry, Block) and not entry.measured)
        return Waiting(blocks, tuple(_stretches(entry for entry in entries if not isinstance(entry, Block))))

    def _fits(self, block: Block) -> bool:
        if len(self._entries) > self._blocks:
            return False  # some are on disk, and come first
        if block.measured:
            return self._blocks < CALM_BLOCKS
        room = self._blocks < self._memory_blocks and self._bytes + block.nbytes <= self._memory_bytes
        return room or not self._blocks

    def _append(self, block: Block) -> None:
        self._entries.append(block)
        self._blocks += 1
        self._bytes += block.nbytes


def _stretches(entries: Iterable[Spooled | Proof]) -> Iterator[Stretch]:
    """Blocks of a shard and source that follow one another, as one."""
    newest: dict[tuple[str, str], Stretch] = {}
    for entry in entries:
        key = entry.shard, entry.source
        begun = newest.get(key)
        if begun is not None and begun.last_offset == entry.previous_offset:
            newest[key] = begun._replace(last_offset=entry.last_offset)
            continue
        if begun is not None:
            yield begun
        newest[key] = Stretch(*key, entry.previous_offset, entry.last_offset)
    yield from newest.values()


def _restored(spool: Spool | None, waiting: Waiting | None, source: str) -> Iterator[Entry]:
    if waiting is None:
        if spool is not None:
            others = spool.of_others(source)
            spool.keep_only(others)
            yield from others
        return
    yield from waiting.blocks
    on_disk = [entry for stretch in waiting.stretches for entry in _along(spool, stretch)]
    if spool is not None:
        spool.keep_only([entry for entry in on_disk if isinstance(entry, Spooled)])
    yield from on_disk


def _along(spool: Spool | None, stretch: Stretch) -> Iterator[Spooled | Proof]:
    """The blocks of a stretch, and a proof for each part of it that is not on disk."""
    at = stretch.previous_offset
    found = spool.between(*stretch) if spool is not None else []
    for spooled in found:
        if spooled.previous_offset != at:
            yield Proof(stretch.shard, stretch.source, at, spooled.previous_offset)
        yield spooled
        at = spooled.last_offset
    if at != stretch.last_offset:
        yield Proof(stretch.shard, stretch.source, at, stretch.last_offset)
