"""`Flow`: the market or the trading flow as Bytewax runs it, with its own source, stages and sinks.

At the end of an epoch the offsets, the states of all stages and the sink's snapshot are kept together, as bytes; a
flow that starts goes on from there, or at the very beginning where nothing was kept yet.
"""

import pickle
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from market.clock import SECOND_NS, Clock
from market.seal import unseal
from operators.stage import Stage, _Advanced
from sinks.clickhouse.sink import ClickHousePartition, State
from sinks.outbox import OutboxSink
from sources.journal import JournalPartition, JournalSource
from tests.simulation.fuse import Fuse
from tests.simulation.process import Process
from tests.simulation.pump import Pump

CLOSE_S = 1.0
MakePump = Callable[[Any, Fuse], Pump]  # given what waited at the last snapshot, None where there is none


class Flow(Process):
    """`kept` is what is durable of it. `seen(item)` hears of every item that went through."""

    def __init__(
        self,
        journal: Path,
        random: Random,
        clock: Clock,
        *,
        stages: Sequence[Stage],
        outlets: Sequence[OutboxSink],
        pump: MakePump,
        block_ns: int,
        epoch_s: float,
        seen: Callable[[Any], None] = lambda _: None,
    ) -> None:
        super().__init__(journal.parent.name, random)
        self.journal, self._clock, self.stages, self._outlets = journal, clock, stages, outlets
        self._pump, self._block_ns, self._epoch_s, self._seen = pump, block_ns, epoch_s, seen
        self.kept: bytes | None = None
        self.epochs = self.offset = self.waits = self.spooled = 0
        self.pump: Pump | None = None

    def begin(self) -> None:
        offset, states, sink = pickle.loads(self.kept) if self.kept else (None, [None] * len(self.stages), None)
        self._stop = threading.Event()
        data, part = self.journal.parents[2], self.journal.stem
        source = JournalSource(data, topic=self.name, follow=True, stop=self._stop, clock=self._clock, expected={part})
        assert source.list_parts() == [part]
        self._source: JournalPartition | None = source.build_part("", part, offset)
        self._outboxes = [outlet.build("", 0, 1) for outlet in self._outlets]
        self._logics = [_Advanced(stage, state) for stage, state in zip(self.stages, states, strict=True)]
        state: State | None = unseal(sink) if sink else None
        self.pump = self._pump(state.waiting if state else None, self.fuse)
        self._tables = ClickHousePartition(self.pump, lambda _: self._block_ns, state or State(), None, CLOSE_S)
        self._epoch_ns = self._clock.monotonic_ns()
        self.fuse.step("begun")

    def turn(self) -> None:
        assert self.pump is not None
        self.pump.turn()
        if self.pump.stuck:
            return
        self._poll()
        if not self.pump.stuck and self._clock.monotonic_ns() - self._epoch_ns >= self._epoch_s * SECOND_NS:
            self._epoch_ns = self._clock.monotonic_ns()
            self.keep()

    def _poll(self) -> bool:
        """Take what the journal has; False at its end."""
        assert self._source is not None
        self.fuse.step("poll")
        try:
            keyed: list[tuple[str, Any]] = self._source.next_batch()
        except StopIteration:
            return False
        items = [item for _, item in keyed]
        for logic in self._logics if items else ():
            items, _ = logic.on_batch(items)
            self.fuse.step("stage")
        if items:
            self._give(items)
        return True

    def _give(self, items: list[Any]) -> None:
        for outbox in self._outboxes:
            outbox.write_batch([(item.shard, item) for item in items])
            self.fuse.step("outbox")
        self._tables.write_batch(items)
        self.fuse.step("tables")
        for item in items:
            self.offset = item.offset
            self._seen(item)

    def keep(self) -> None:
        """The end of an epoch."""
        self.fuse.step("keep")
        kept = self.image()
        self.fuse.step("keeping")
        self.kept = kept
        self.epochs += 1
        self.fuse.step("kept")

    def image(self) -> bytes:
        """All that the end of an epoch keeps."""
        assert self._source is not None
        states = [logic.snapshot() for logic in self._logics]
        return pickle.dumps((self._source.snapshot(), states, self._tables.snapshot()))

    def finish(self) -> None:
        """A graceful end: read on to the end of the journal, keep, and give the tables what is open."""
        assert self.pump is not None
        if self.pump.stuck:
            return  # it waits for the store, and the supervisor for it, until it is killed
        self._stop.set()
        while self._poll():
            pass
        if not self.pump.stuck:
            self.keep()
            self._tables.finish()
        self.fuse.step("finished")

    def fall(self) -> None:
        if self.pump is not None:
            self.waits += self.pump.waits
            self.spooled = max(self.spooled, self.pump.spooled)
        for outbox in self._outboxes:
            outbox.close()
        self._source = self.pump = None
