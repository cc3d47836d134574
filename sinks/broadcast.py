"""The broadcast journal as a Bytewax sink: what a flow has to say to the world, each item once, and not kept for ever.

Two flows and all their workers append to one journal; in which order is decided there, once, and is the sequence of the
stream. An item of a shard that is not newer than the newest told is not told again, also when what was told of it is
pruned already: after a crash, and when a flow begins anew at the start of its journal, nobody hears of the past twice.

The journal is bounded by age and bytes (sinks/pruning.py).
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

from bytewax.outputs import DynamicSink, StatelessSinkPartition

from market.broadcast import SHARD, STREAM
from market.clock import Clock
from market.journal import LIVE_BLOCK_NS
from market.metric_table import BROADCAST_EVENTS, BROADCAST_ROWS
from market.metrics import Metrics
from sinks.journal import JournalWriter
from sinks.journal_bounds import Bounds
from sinks.outbox import VENUE
from sinks.pruning import Pruning

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
        self, writer: JournalWriter, frames: Frames, pruning: Pruning | None, metrics: Metrics | None = None
    ) -> None:
        metrics = metrics or Metrics()
        self._rows, self._events = metrics.counter(BROADCAST_ROWS), metrics.counter(BROADCAST_EVENTS)
        self._writer, self._frames, self._pruning = writer, frames, pruning
        self._told: dict[str, int] = {}  # newest offset by shard

    def write_batch(self, items: list[tuple[str, Any]]) -> None:
        """One row per item that says something; all at once, where nothing is pruned in between."""
        said = [(item, frames) for _, item in items if (frames := self._frames(item))]
        with self._writer.transaction() if len(said) > 1 and self._pruning is None else nullcontext():
            for item, frames in said:
                if item.offset > self._newest(item.shard):
                    self._append(item, frames)

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()

    def _append(self, item: Any, frames: Sequence[bytes]) -> None:
        self._writer.append([item.receive_time] * len(frames), frames, source=item.shard, source_offset=item.offset)
        self._told[item.shard] = item.offset
        self._rows.add()
        self._events.add(len(frames))
        if self._pruning is not None:
            self._pruning.appended()

    def _newest(self, shard: str) -> int:
        if shard not in self._told:
            self._told[shard] = self._writer.newest_of(shard)
        return self._told[shard]
