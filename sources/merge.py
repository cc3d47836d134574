"""`Merge`: all partitions of a topic as one stream of micro-batches, ordered by receive time.

Rows of one partition keep their order; among the partitions the one whose next row is oldest goes first, the first by
name at a tie. A row is released only when every partition that has more has shown its next row, so that complete
journals always merge alike. A partition that has nothing more now is not waited for.
"""

import logging
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from market.clock import SECOND_NS, Clock
from market.errors import JournalError
from market.journal import JournalBatch, partitions, unpack
from sources.journal_reader import JournalReader, Row

ROWS_PER_READ = 64
RELISTED_AFTER_NS = SECOND_NS  # new partitions are looked for no more often

log = logging.getLogger("barograph.journal")


@dataclass
class Partition:
    """One file and how far it is read."""

    name: str
    shard: str
    reader: JournalReader
    released: int  # offset of the last row that was handed on
    released_ns: int  # its receive time, 0 where there was none
    rows: deque[Row] = field(default_factory=deque)  # read and not handed on

    def fill(self) -> bool:
        """Read on when everything read was handed on. False: there is nothing more now."""
        if not self.rows:
            self.rows.extend(self.reader.rows(self.released, ROWS_PER_READ))
        return bool(self.rows)

    def release(self) -> JournalBatch:
        """The next row, unpacked."""
        row = self.rows.popleft()
        self.released, self.released_ns = row.offset, row.received_ns
        return unpack(row.offset, row.frames)


class Merge:
    """Reads a topic. `offsets`: last row handed on by partition name, others start at their first row.

    `lenient`: a partition that cannot be read is left out; else it raises JournalError.
    """

    def __init__(self, data: Path, topic: str, offsets: dict[str, int], clock: Clock, *, lenient: bool) -> None:
        self._data, self._topic, self._clock, self._lenient = data, topic, clock, lenient
        self._resumed = dict(offsets)
        self._partitions: dict[str, Partition] = {}
        self._unreadable: set[Path] = set()
        self._listed_ns: int | None = None

    @property
    def partitions(self) -> list[Partition]:
        """The partitions found so far, by name."""
        return list(self._partitions.values())

    def offsets(self) -> dict[str, int]:
        """Last row handed on, by partition name."""
        return self._resumed | {name: partition.released for name, partition in self._partitions.items()}

    def peek(self) -> Partition | None:
        """The partition whose next row is due; None where there is no row now."""
        self._list()
        ready = [partition for partition in self._partitions.values() if partition.fill()]
        return min(ready, key=lambda partition: (partition.rows[0].received_ns, partition.name), default=None)

    def close(self) -> None:
        """Let go of all files."""
        for partition in self._partitions.values():
            partition.reader.close()

    def _list(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if self._listed_ns is not None and now_ns - self._listed_ns < RELISTED_AFTER_NS:
            return
        self._listed_ns = now_ns
        for path in partitions(self._data, self._topic):
            if path.stem not in self._partitions:
                self._open(path)
        self._partitions = dict(sorted(self._partitions.items()))

    def _open(self, path: Path) -> None:
        """Take a partition in. What cannot be read among live ones is tried again, and named once."""
        try:
            reader = JournalReader(path)
        except JournalError as error:
            if not self._lenient:
                raise
            if path not in self._unreadable:
                self._unreadable.add(path)
                log.warning("left out until it can be read: %s", error)
            return
        offset = self._resumed.get(path.stem, 0)
        self._partitions[path.stem] = Partition(
            path.stem, reader.meta()["shard"], reader, offset, reader.received_ns(offset)
        )
