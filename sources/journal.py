"""The journal as a source of batches: one Bytewax partition that reads all partitions of a topic, merged by receive
time.

Following, it waits for more, and when it is stopped it first reads what is there; replaying, it ends where the journals
end. Before it ends it emits, per shard, one closing batch: `last` is set, `offset` is the shard's last, there are no
frames, and `receive_times` holds only the shard's last receive time. Its state for recovery is the last offset handed
on of every partition.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from market.batch import Batch
from market.beat import Beat, unheard
from market.clock import Clock, SystemClock
from market.history import HISTORY
from sources.journal_reader import Row
from sources.merge import Merge

ROWS_PER_POLL = 64  # a poll hands over up to so many rows,
FRAMES_PER_POLL = 4096  # or as many as reach this number of frames
DRAIN_NS = 1_000_000_000  # a live flow that is stopped reads on to the end of the journal, but no longer than this

Offsets = dict[str, int]
Keyed = tuple[str, Batch]


class Stop(Protocol):
    """What a source asks whether it should end; a threading.Event is one."""

    def is_set(self) -> bool:
        """True from the moment it should end."""


class JournalSource(FixedPartitionedSource[Keyed, Offsets]):
    """Items are (shard, batch) with `frames`, `receive_times` and `offset` filled.

    `follow`: wait for more instead of ending. `speed`: replay at this multiple of recorded time, None for as fast as
    it goes. Idle polls return nothing; Bytewax asks again after about 1 ms.
    """

    def __init__(
        self,
        data: Path,
        *,
        topic: str = "market",
        follow: bool,
        stop: Stop,
        speed: float | None = None,
        clock: Clock | None = None,
        beat: Beat = unheard,
    ) -> None:
        if speed is not None and not 0 < speed < float("inf"):
            raise ValueError(f"speed must be above 0 and finite, is {speed}")
        self._data, self._topic, self._follow, self._stop, self._speed = data, topic, follow, stop, speed
        self._clock, self._beat = clock or SystemClock(), beat

    def list_parts(self) -> list[str]:
        """The one Bytewax partition."""
        return [self._topic]

    def build_part(
        self,
        step_id: str,
        for_part: str,
        resume_state: Offsets | None,
    ) -> "JournalPartition":
        """Begin, or go on after the offsets of a snapshot."""
        merge = Merge(self._data, self._topic, resume_state or {}, self._clock, lenient=self._follow)
        return JournalPartition(
            merge, self._follow, self._stop, _pace(self._speed, self._clock), self._clock, self._beat
        )


class JournalPartition(StatefulSourcePartition[Keyed, Offsets]):
    """The reading itself."""

    def __init__(
        self, merge: Merge, follow: bool, stop: Stop, due: Callable[[int], bool], clock: Clock, beat: Beat
    ) -> None:
        self._merge, self._follow, self._stop, self._due, self._clock = merge, follow, stop, due, clock
        self._beat = beat
        self._drained_by_ns: int | None = None
        self._closed = False

    def next_batch(self) -> list[Keyed]:
        """The rows that are due; the closing batches at the end, then StopIteration."""
        if self._closed:
            raise StopIteration
        self._beat("")
        items = [] if self._stopped() else list(self._take())
        if not items and self._ended():
            self._closed = True
            return self._closing()
        return items

    def snapshot(self) -> Offsets:
        """Last offset handed on, by partition name."""
        return self._merge.offsets()

    def close(self) -> None:
        """Let go of the files."""
        self._merge.close()

    def _take(self) -> Iterator[Keyed]:
        frames = rows = 0
        while rows < ROWS_PER_POLL and frames < FRAMES_PER_POLL:
            partition = self._merge.peek()
            if partition is None or not self._is_due(partition.rows[0]):
                return
            row = partition.release()
            yield partition.shard, Batch(partition.shard, row.offset, row.received_ns, row.frames)
            rows += 1
            frames += len(row.frames)

    def _is_due(self, row: Row) -> bool:
        """History has no pace: it comes at once, whatever its times."""
        return row.source == HISTORY or self._due(row.received_ns)

    def _stopped(self) -> bool:
        """Whether to read no further: a replay at once, the live flow when it was given time to read to the end."""
        if not self._stop.is_set():
            return False
        if self._drained_by_ns is None:
            self._drained_by_ns = self._clock.monotonic_ns() + (DRAIN_NS if self._follow else 0)
        return self._clock.monotonic_ns() >= self._drained_by_ns

    def _ended(self) -> bool:
        return self._stop.is_set() or (not self._follow and self._merge.peek() is None)

    def _closing(self) -> list[Keyed]:
        return [
            (read.shard, Batch(read.shard, read.released, np.array([read.released_ns], np.int64), last=True))
            for read in self._merge.partitions
            if read.released
        ]


def _pace(speed: float | None, clock: Clock) -> Callable[[int], bool]:
    """Whether a receive time has come, `speed` times as fast as recorded; the first time asked for has come at once."""
    if speed is None:
        return lambda _received_ns: True
    origin: list[int] = []

    def due(received_ns: int) -> bool:
        now_ns = clock.monotonic_ns()
        if not origin:
            origin.extend((received_ns, now_ns))
        return received_ns - origin[0] <= (now_ns - origin[1]) * speed

    return due
