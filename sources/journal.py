"""The journal as a source of batches: a Bytewax partition for every file of a topic, merged by receive time.

In one process the first partition by name reads all files as one stream; the others only keep, for recovery, how far
theirs was read. So what a snapshot holds does not depend on how many processes there are, and each can go on with the
files of another. In a cluster a process reads the files of the shards whose operators it runs, so that no batch
travels: market.shards. Rows of two processes are in no order.

Following, it waits for more, and when it is stopped it first reads what is there; replaying, it ends where the journals
end. Before it ends it emits, per shard, one closing batch: `last` is set, `offset` is the shard's last, there are no
frames, and `receive_times` holds only the shard's last receive time. Bytewax wants to know all partitions when it
starts; so when another file appears, a following source ends without closing batches, and the flow runs again.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from market.batch import Batch
from market.beat import Beat, unheard
from market.clock import Clock, SystemClock
from market.history import HISTORY
from market.journal import partitions
from market.seal import opened, seal, unseal
from market.shards import key_of, worker_of
from sources.journal_row import Row
from sources.merge import RELISTED_AFTER_NS, Merge, Place
from sources.partitions import shard_of

ROWS_PER_POLL = 64  # a poll hands over up to so many rows,
FRAMES_PER_POLL = 4096  # or as many as reach this number of frames
DRAIN_NS = 1_000_000_000  # a live flow that is stopped reads on to the end of the journal, but no longer than this

Keyed = tuple[str, Batch]


class Stop(Protocol):
    """What a source asks whether it should end; a threading.Event is one."""

    def is_set(self) -> bool:
        """True from the moment it should end."""


class JournalSource(FixedPartitionedSource[Keyed, bytes]):
    """Items are (key of the shard, batch) with `frames`, `receive_times` and `offset` filled. The state of a partition
    is the offset of the last row handed on and that row's mark, sealed: a journal that does not hold it is another one.

    `follow`: wait for more instead of ending. `speed`: replay at this multiple of recorded time, None for as fast as
    it goes. `expected`: partitions, by name, to be read even if their file is not there yet; a recovery store's must
    be among them. `worker` of `workers`: which process of a cluster this is. Idle polls return nothing; Bytewax asks
    again after about 1 ms.
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
        expected: Collection[str] = (),
        worker: int = 0,
        workers: int = 1,
    ) -> None:
        if speed is not None and not 0 < speed < float("inf"):
            raise ValueError(f"speed must be above 0 and finite, is {speed}")
        self._data, self._topic, self._follow, self._stop = data, topic, follow, stop
        self._clock, self._beat = clock or SystemClock(), beat
        self._worker, self._workers = worker, workers
        self._known = {path.stem for path in partitions(data, topic)} | {*expected}
        merge = Merge(data, topic, self._clock, lenient=follow)
        self._reading = _Reading(self, merge, follow, stop, _pace(speed, self._clock), self._clock)

    def list_parts(self) -> list[str]:
        """The partitions that this process reads; one without a file where it has none, so that it is asked at all."""
        mine = sorted(name for name in self._known if self._place(name) == self._worker) or [f"~{self._worker}"]
        self._reading.parts = mine
        return mine

    def build_part(
        self,
        step_id: str,
        for_part: str,
        resume_state: bytes | None,
    ) -> "JournalPartition":
        """Begin, or go on after the offset of a snapshot."""
        self._reading.merge.take_in(for_part, _place_of(resume_state) if resume_state else Place())
        return JournalPartition(for_part, self._reading, self._beat)

    def has_grown(self) -> bool:
        """Whether there are files that were not there, nor expected, at the start."""
        return not self._known.issuperset(path.stem for path in partitions(self._data, self._topic))

    def _place(self, name: str) -> int:
        return worker_of(shard_of(self._data, self._topic, name), self._workers) if self._workers > 1 else 0


class JournalPartition(StatefulSourcePartition[Keyed, bytes]):
    """One partition of a process's reading; the first by name reads for all."""

    def __init__(self, name: str, reading: "_Reading", beat: Beat) -> None:
        self._name, self._reading, self._beat = name, reading, beat

    def next_batch(self) -> list[Keyed]:
        """The rows that are due; the closing batches at the end, then StopIteration."""
        self._reading.merge.let_go(self._name)
        if self._reading.closed:
            raise StopIteration
        if self._name != self._reading.parts[0]:
            return []
        self._beat("")
        return self._reading.next_batch()

    def snapshot(self) -> bytes:
        """Last offset handed on, and by what its row is known again.

        Whatever is read of this partition from here on belongs to the next epoch, which has begun for certain only
        when Bytewax asks this partition again.
        """
        self._reading.merge.hold(self._name)
        offset, mark = self._reading.merge.place(self._name)
        return seal(mark, offset)

    def close(self) -> None:
        """Let go of the files, when all partitions are done."""
        if self._reading.closed:
            self._reading.merge.close()


class _Reading:
    """What the partitions of one process share."""

    def __init__(
        self, source: JournalSource, merge: Merge, follow: bool, stop: Stop, due: Callable[[int], bool], clock: Clock
    ) -> None:
        self.merge, self.parts, self.closed = merge, list[str](), False
        self._source, self._follow, self._stop, self._due, self._clock = source, follow, stop, due, clock
        self._drained_by_ns: int | None = None
        self._looked_ns = clock.monotonic_ns()

    def next_batch(self) -> list[Keyed]:
        if len(self.merge.names) < len(self.parts):
            return []  # Bytewax makes the partitions one after the other, and asks before all are there
        items = [] if self._stopped() else list(self._take())
        if not items and self._ended():
            self.closed = True
            return self._closing()
        self.closed = not items and self._follow and self._grown()
        return items

    def _take(self) -> Iterator[Keyed]:
        """Rows up to the limits. In a replay of one shard alone: Bytewax sorts what one poll gives by key, and the
        order of the shards must not depend on where polls end.
        """
        frames = rows = 0
        first = ""
        while rows < ROWS_PER_POLL and frames < FRAMES_PER_POLL:
            partition = self.merge.peek()
            if partition is None or not self._is_due(partition.rows[0]):
                return
            first = first or partition.name
            if partition.name != first and not self._follow:
                return
            row = partition.release()
            yield key_of(partition.shard), Batch(partition.shard, row.offset, row.received_ns, row.frames)
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
        if self.merge.holding and not self._stopped():
            return False
        return self._stop.is_set() or (not self._follow and self.merge.peek() is None)

    def _grown(self) -> bool:
        """Whether another file has appeared, looked at about once a second."""
        if self._clock.monotonic_ns() - self._looked_ns < RELISTED_AFTER_NS:
            return False
        self._looked_ns = self._clock.monotonic_ns()
        return self._source.has_grown()

    def _closing(self) -> list[Keyed]:
        return [
            (key_of(read.shard), Batch(read.shard, read.released, np.array([read.released_ns], np.int64), last=True))
            for read in self.merge.partitions
            if read.released
        ]


def _place_of(state: bytes) -> Place:
    return Place(opened(state).row, unseal(state))


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
