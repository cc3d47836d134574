"""The broadcast journal as a Bytewax sink: what a flow has to say to the world, each item once, and not kept for ever.

Two flows and all their workers append to one journal; in which order is decided there, once, and is the sequence of the
stream. An item of a shard that is not newer than the newest told is not told again, also when what was told of it is
pruned already: after a crash, and when a flow begins anew at the start of its journal, nobody hears of the past twice.

The journal is bounded by age and bytes. Whoever prunes does so a little at a time: a hundred rows take about 1 ms.
"""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from bytewax.outputs import DynamicSink, StatelessSinkPartition

from market.broadcast import SHARD, STREAM
from market.clock import SECOND_NS, Clock
from market.journal import LIVE_BLOCK_NS
from market.metric_table import BROADCAST_EVENTS, BROADCAST_ROWS
from market.metrics import Metrics
from sinks.journal import JournalWriter
from sinks.journal_age import Age
from sinks.journal_bounds import Bounds, duty, room_of
from sinks.journal_sink import AGE
from sinks.outbox import VENUE

PRUNE_EVERY_ROWS = 64  # of those that were appended, or
PRUNE_EVERY_NS = SECOND_NS  # so often
PRUNED_ROWS = 128  # at a time: twice as many as come, so that a journal that is too long shrinks

Frames = Callable[[Any], Sequence[bytes]]


class BroadcastSink(DynamicSink[tuple[str, Any]]):
    """Appends the events that `frames` finds in an item (of shard, offset and receive_time) to the journal at `path`.

    bounds: how much it may hold, None for a flow that leaves that to another.
    """

    def __init__(
        self,
        path: Path,
        *,
        frames: Frames,
        clock: Clock,
        bounds: Bounds | None = None,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        metrics: Metrics | None = None,
    ) -> None:
        self._metrics = metrics or Metrics()
        self._path, self._frames, self._clock, self._bounds = path, frames, clock, bounds
        self._synchronous = synchronous

    def build(self, _step_id: str, worker_index: int, _worker_count: int) -> "BroadcastPartition":
        """Open the journal; the first worker prunes."""
        writer = JournalWriter(
            self._path, venue=VENUE, shard=SHARD, block_ns=LIVE_BLOCK_NS, synchronous=self._synchronous
        )
        writer.note_once(STREAM, secrets.token_hex(8))
        pruning = None if self._bounds is None or worker_index else Pruning(writer, self._bounds, self._clock)
        return BroadcastPartition(writer, self._frames, pruning, self._metrics)


class BroadcastPartition(StatelessSinkPartition[tuple[str, Any]]):
    """The appending of one worker."""

    def __init__(
        self, writer: JournalWriter, frames: Frames, pruning: "Pruning | None", metrics: Metrics | None = None
    ) -> None:
        metrics = metrics or Metrics()
        self._rows, self._events = metrics.counter(BROADCAST_ROWS), metrics.counter(BROADCAST_EVENTS)
        self._writer, self._frames, self._pruning = writer, frames, pruning
        self._told: dict[str, int] = {}  # newest offset by shard

    def write_batch(self, items: list[tuple[str, Any]]) -> None:
        """One row per item that says something."""
        for _, item in items:
            frames = self._frames(item)
            if frames and item.offset > self._newest(item.shard):
                times = [item.receive_time] * len(frames)
                self._writer.append(times, frames, source=item.shard, source_offset=item.offset)
                self._told[item.shard] = item.offset
                self._rows.add()
                self._events.add(len(frames))
                if self._pruning is not None:
                    self._pruning.appended()

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()

    def _newest(self, shard: str) -> int:
        if shard not in self._told:
            self._told[shard] = self._writer.newest_of(shard)
        return self._told[shard]


class Pruning:
    """Keeps the journal within its bounds."""

    def __init__(self, writer: JournalWriter, bounds: Bounds, clock: Clock) -> None:
        self._writer, self._bounds, self._clock = writer, bounds, clock
        self._rows, self._looked_ns = 0, clock.monotonic_ns()
        noted, retention_ns = writer.meta().get(AGE, ""), bounds.retention_ns
        self._age = None if retention_ns is None else Age(noted, retention_ns=retention_ns, now_ns=self._looked_ns)

    def appended(self) -> None:
        """Another row is there; look at the bounds from time to time."""
        self._rows += 1
        now_ns = self._clock.monotonic_ns()
        if self._rows >= PRUNE_EVERY_ROWS or now_ns - self._looked_ns >= PRUNE_EVERY_NS:
            self._rows, self._looked_ns = 0, now_ns
            self._prune(now_ns)

    def _prune(self, now_ns: int) -> None:
        writer, age = self._writer, self._age
        newest = writer.last_offset()
        if age is not None and age.grow(now_ns, last_offset=newest):
            writer.note(AGE, age.text)
        room = room_of(writer.path, *writer.size())
        expired_to = 0 if age is None else age.expired_to
        asked = duty(self._bounds, room, expired_to=expired_to, newest=newest, stored=None)
        if asked.prune_to:
            writer.prune(asked.prune_to, most_rows=PRUNED_ROWS, most_bytes=asked.most_bytes, with_sources=True)
