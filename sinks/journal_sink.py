"""The journal as a Bytewax sink: every item becomes one durable row before the next is taken.

A disk that takes nothing is no error: the sink holds what it has, says so once and by every beat, tries again every
second, and goes on when it can; what it holds back is the source, whose queue sheds in its own order meanwhile. In what
order things are given up before it comes to that: sinks/journal_bounds.py. A disk that fails is an error: the process
ends, and the next one goes on after the last durable row.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from market import metric_table
from market.beat import Beat, unheard
from market.clock import SECOND_NS, Clock
from market.errors import JournalError
from market.metrics import Metrics
from sinks.journal import JournalWriter
from sinks.journal_age import Age
from sinks.journal_bounds import STAYING, Bounds, duty, room_of
from sinks.journal_faults import HeldError

KEEP_EVERY_NS = SECOND_NS  # how often the journal is flushed and its bounds are looked at
PRUNED_ROWS = 20_000  # at a time: some 50 ms
RETRY_S = 1.0
LAST_TRIES = 3  # a sink that is stopped while it holds rows tries so often to get rid of them
HELD = "disk"  # the alarm, and what the beat waits for: the disk takes nothing
AGE = "age"  # the note that keeps how long rows have been on record

log = logging.getLogger("barograph.journal")

Frames = list[tuple[int, bytes]]  # receive time in ns, frame
Stored = Callable[[], int | None]


class Stop(Protocol):
    """What tells that it should end; a threading.Event is one."""

    def is_set(self) -> bool:
        """True from the moment it should end."""


class JournalSink(FixedPartitionedSink[Frames, None]):
    """Appends to one partition and keeps it within its bounds; closes the writer.

    `stored` tells up to which offset the tables have everything, None where nobody knows. `error` is what ended it.
    """

    def __init__(
        self,
        writer: JournalWriter,
        *,
        bounds: Bounds,
        clock: Clock,
        beat: Beat = unheard,
        stop: Stop | None = None,
        stored: Stored = lambda: None,
        sleep: Callable[[float], object] = time.sleep,
        metrics: Metrics | None = None,
    ) -> None:
        self.metrics = metrics or Metrics()
        self.alarms: dict[str, str] = {}  # what is wrong now: reason by name
        self.used_bytes = 0  # of the journal, when last looked at
        self.error: JournalError | None = None
        self.writer, self.bounds, self.clock, self.stored = writer, bounds, clock, stored
        self._beat, self._stop, self._sleep = beat, stop, sleep

    def list_parts(self) -> list[str]:
        """The one partition."""
        return ["0"]

    def part_fn(self, item_key: str) -> int:
        """The one partition."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "JournalSinkPartition":  # noqa: ARG002
        """Begin to append."""
        return JournalSinkPartition(self)

    def persist(self, write: Callable[[], object]) -> None:
        """Write, however long the disk takes nothing; until some seconds after the stop."""
        tries_left = LAST_TRIES
        while True:
            try:
                write()
                break
            except HeldError as error:
                self._hold(error)
                tries_left -= self._stop is not None and self._stop.is_set()
                if not tries_left:
                    self.error = error
                    raise
                self._sleep(RETRY_S)
            except JournalError as error:
                self.error = error
                raise
        if self.alarms.pop(HELD, None) is not None:
            log.warning("the journal takes rows again")

    def _hold(self, error: HeldError) -> None:
        if HELD not in self.alarms:
            log.error("%s; holding what arrives", error)
        self.alarms[HELD] = error.reason
        self._beat(HELD)


class JournalSinkPartition(StatefulSinkPartition[Frames, None]):
    """The appending."""

    def __init__(self, sink: JournalSink) -> None:
        self._sink, self._writer = sink, sink.writer
        retention_ns, now_ns = sink.bounds.retention_ns, sink.clock.monotonic_ns()
        facts = self._writer.meta()
        noted, shard = facts.get(AGE, ""), facts.get("shard", "")
        self._seconds = sink.metrics.histogram(metric_table.JOURNAL_SECONDS, shard)
        self._frames = sink.metrics.histogram(metric_table.JOURNAL_FRAMES, shard)
        self._age = None if retention_ns is None else Age(noted, retention_ns=retention_ns, now_ns=now_ns)
        self._kept_ns = now_ns - KEEP_EVERY_NS

    def write_batch(self, items: list[Frames]) -> None:
        """One row per item."""
        for frames in items:
            times, payload = [received_ns for received_ns, _ in frames], [frame for _, frame in frames]
            began_ns = self._sink.clock.monotonic_ns()
            self._sink.persist(partial(self._writer.append, times, payload))
            self._seconds.observe((self._sink.clock.monotonic_ns() - began_ns) / SECOND_NS)
            self._frames.observe(len(frames))
        now_ns = self._sink.clock.monotonic_ns()
        if now_ns - self._kept_ns >= KEEP_EVERY_NS:
            self._kept_ns = now_ns
            self._keep(now_ns)

    def snapshot(self) -> None:
        """The journal is its own state."""

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()

    def _keep(self, now_ns: int) -> None:
        """Flush, and prune what the bounds ask for. That the disk has no space to prune in is no error here."""
        sink = self._sink
        try:
            self._writer.sync()
            newest = self._writer.last_offset()
            if self._age is not None and self._age.grow(now_ns, last_offset=newest):
                self._writer.note(AGE, self._age.text)
            sink.used_bytes, inside_bytes = self._writer.size()
            asked = duty(
                sink.bounds,
                room_of(self._writer.path, sink.used_bytes, inside_bytes),
                expired_to=0 if self._age is None else self._age.expired_to,
                newest=newest,
                stored=sink.stored(),
            )
            if asked.prune_to and self._writer.prune(
                asked.prune_to, most_rows=PRUNED_ROWS, most_bytes=asked.most_bytes
            ):
                asked.alarms.pop(STAYING, None)  # while others can go
        except HeldError as error:
            log.debug("%s", error)
            return
        except JournalError as error:
            sink.error = error
            raise
        self._tell(asked.alarms)

    def _tell(self, alarms: dict[str, str]) -> None:
        for name, reason in alarms.items():
            if name not in self._sink.alarms:
                log.error("%s: %s", name, reason)
        self._sink.alarms = alarms
