"""`Merge`: partitions of a topic as one stream of micro-batches, ordered by receive time.

Rows of one partition keep their order; among the partitions the one whose next row is oldest goes first, the first by
name at a tie. A row is released only when every partition that has more has shown its next row, so that complete
journals always merge alike. A partition that has nothing more now is not waited for.
"""

import logging
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from market.clock import SECOND_NS, Clock
from market.errors import JournalError
from market.journal import JournalBatch, partitions, unpack
from sources.journal_reader import JournalReader, another_journal
from sources.journal_row import Row, mark_of

ROWS_PER_READ = 64
SHORT_NS = 60 * SECOND_NS  # so long is waited for a live journal that ends before what was read of it
RELISTED_AFTER_NS = SECOND_NS  # new files are looked for no more often

log = logging.getLogger("barograph.journal")


class Place(NamedTuple):
    """How far a partition was read, and what stood there."""

    offset: int = 0
    mark: int | None = None  # of the row at that offset; None: not known


@dataclass
class Partition:
    """One file and how far it is read."""

    name: str
    shard: str
    reader: JournalReader
    begun: Place  # where this run has begun
    begun_ns: int  # receive time of the row there, 0 where there was none
    last: Row | None = None  # that was handed on, in this run
    rows: deque[Row] = field(default_factory=deque)  # read and not handed on

    def fill(self) -> bool:
        """Read on when everything read was handed on. False: there is nothing more now."""
        if not self.rows:
            self.rows.extend(self.reader.rows(self.released, ROWS_PER_READ))
        return bool(self.rows)

    @property
    def place(self) -> Place:
        """How far it is read."""
        return self.begun if self.last is None else Place(self.last.offset, mark_of(self.last.frames))

    @property
    def released(self) -> int:
        """Offset of the last row that was handed on."""
        return self.begun.offset if self.last is None else self.last.offset

    @property
    def released_ns(self) -> int:
        """Its receive time, 0 where there was none."""
        return self.begun_ns if self.last is None else self.last.received_ns

    def release(self) -> JournalBatch:
        """The next row, unpacked."""
        self.last = row = self.rows.popleft()
        return unpack(row.offset, row.frames)


class Merge:
    """Reads the partitions that were taken in; those without a file wait for it.

    `lenient`: a partition that cannot be read is left out until it can; else it raises JournalError. Another journal in
    the place of the one that was read is an error in any case.
    """

    def __init__(self, data: Path, topic: str, clock: Clock, *, lenient: bool) -> None:
        self._data, self._topic, self._clock, self._lenient = data, topic, clock, lenient
        self._partitions: dict[str, Partition] = {}
        self._waiting: dict[str, Place] = {}  # those that are not open yet
        self._short: dict[str, int] = {}  # since when they are seen to end too early
        self._held: set[str] = set()
        self._unreadable: set[Path] = set()
        self._listed_ns: int | None = None

    @property
    def partitions(self) -> list[Partition]:
        """The partitions that are open, by name."""
        return list(self._partitions.values())

    @property
    def names(self) -> set[str]:
        """The partitions that were taken in."""
        return self._partitions.keys() | self._waiting.keys()

    def take_in(self, name: str, place: Place) -> None:
        """Read a partition from after a place, held until it is let go."""
        self._waiting[name] = place
        self._held.add(name)
        self._listed_ns = None

    def place(self, name: str) -> Place:
        """Last row of a partition that was handed on."""
        opened = self._partitions.get(name)
        return self._waiting[name] if opened is None else opened.place

    def hold(self, name: str) -> None:
        """Hand on no row of a partition, nor any younger one, until it is let go."""
        self._held.add(name)

    def let_go(self, name: str) -> None:
        """End `hold`."""
        self._held.discard(name)

    def peek(self) -> Partition | None:
        """The partition whose next row is due; None where there is no row now, or it is held."""
        self._open_all()
        ready = [partition for partition in self._partitions.values() if partition.fill()]
        oldest = min(ready, key=lambda partition: (partition.rows[0].received_ns, partition.name), default=None)
        return None if oldest is not None and oldest.name in self._held else oldest

    @property
    def holding(self) -> bool:
        """Whether a partition is held."""
        return bool(self._held)

    def close(self) -> None:
        """Let go of all files."""
        for partition in self._partitions.values():
            partition.reader.close()

    def _open_all(self) -> None:
        """Open, about once a second, what can be opened by now."""
        now_ns = self._clock.monotonic_ns()
        if not self._waiting or (self._listed_ns is not None and now_ns - self._listed_ns < RELISTED_AFTER_NS):
            return
        self._listed_ns = now_ns
        for path in partitions(self._data, self._topic):
            if path.stem in self._waiting:
                self._open(path)
        self._partitions = dict(sorted(self._partitions.items()))

    def _open(self, path: Path) -> None:
        """Open a partition. What cannot be read among live ones is tried again, and named once."""
        try:
            reader = JournalReader(path)
        except JournalError as error:
            if not self._lenient:
                raise
            if path not in self._unreadable:
                self._unreadable.add(path)
                log.warning("left out until it can be read: %s", error)
            return
        place = self._waiting[path.stem]
        try:
            if not self._is_there(path, reader, place):
                reader.close()
                return
        except JournalError:
            reader.close()
            raise
        del self._waiting[path.stem]
        self._partitions[path.stem] = Partition(
            path.stem, reader.meta()["shard"], reader, place, reader.received_ns(place.offset)
        )

    def _is_there(self, path: Path, reader: JournalReader, place: Place) -> bool:
        """Whether a journal reaches to where it was read. After a loss of power it may not, until its writer has noted
        which offsets it leaves out.
        """
        if reader.goes_on(*place):
            return True
        now_ns = self._clock.monotonic_ns()
        if path.stem not in self._short:
            self._short[path.stem] = now_ns
            log.warning("%s ends before row %d, which was read; waiting for its writer", path, place.offset)
        if not self._lenient or now_ns - self._short[path.stem] >= SHORT_NS:
            raise another_journal(path, f"it ends before row {place.offset}")
        return False
