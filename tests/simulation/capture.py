"""`Capture`: the real feed of a venue, and the real journal that it fills, as one process."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Literal

import venues
from market import record
from market.clock import SECOND_NS
from market.errors import JournalError
from market.journal import LIVE_BLOCK_NS, partition_path
from market.steady_clock import SteadyClock
from simulator.venues import EXAMPLES
from sinks.journal import JournalWriter
from sinks.journal_faults import HeldError
from sources.budget_file import BudgetFile
from sources.control import ControlTail
from sources.frame_queue import Frame, FrameQueue
from sources.shared import Shared
from sources.sockets import MAX_BATCH_BYTES, MAX_BATCH_FRAMES
from sources.websocket import Feed
from tests.desk_network import DeskNetwork
from tests.faults.run import SECRETS
from tests.simulation.disk import full_at, lose_power
from tests.simulation.process import Process
from tests.virtual import VirtualClock

Synchronous = Literal["NORMAL", "FULL"]


class Capture(Process):
    """Frames that are in the queue when it dies were never accepted; what was appended stays."""

    def __init__(
        self,
        venue: str,
        data: Path,
        random: Random,
        clock: VirtualClock,
        network: DeskNetwork,
        *,
        synchronous: Synchronous,
        queue_frames: int,
        disk_full: Callable[[], bool],
    ) -> None:
        super().__init__("capture", random)
        self.venue, self._data, self._wall, self._network = venue, data, clock, network
        self._synchronous, self._queue_frames, self._disk_full = synchronous, queue_frames, disk_full
        self.shard = f"{venue}/0"
        self.path = partition_path(data, "market", self.shard)
        self.feed: Feed | None = None
        self.wrote_after_beginning = 0  # times that a row was appended after a start on a journal that had some
        self.shed = self.held = self.lost = 0  # frames, tries of an append, rows
        self.durable = 0  # the row that the last flush made durable
        self.began_wrong = False  # while the wall clock was wrong
        self._untold = False
        self._held: list[Frame] = []  # that the disk did not take
        self._task: asyncio.Task[None] | None = None
        self.ended: list[asyncio.Task[None]] = []  # of feeds that were killed

    def begin(self) -> None:
        client = venues.get(self.venue).at(stream_url="ws://desk", rest_url="http://desk")
        self._writer = JournalWriter(
            self.path,
            venue=self.venue,
            shard=self.shard,
            block_ns=LIVE_BLOCK_NS,
            synchronous=self._synchronous,
            alone=True,
            connect=full_at(self._disk_full),
        )
        self.fuse.step("opened")
        since_ns = self._writer.last_received_ns()
        self.began_wrong |= self._wall.skew_ns != 0
        clock = self._clock = SteadyClock(
            at_least_ns=since_ns or 0, wall_ns=self._wall.now_ns, timer_ns=self._wall.monotonic_ns
        )
        self._looked_ns = clock.monotonic_ns()
        self._control = ControlTail(self._data, venue=self.venue)
        chance = Random(self._random.random()).random
        shared = Shared.of(client, clock, chance, self._network.opener)
        shared.secrets = lambda: {name: SECRETS[name] for name in client.secrets}
        BudgetFile(self._data / "limits.json", "desk", clock).restore(shared.budget)
        self.feed = Feed(
            client,
            EXAMPLES[self.venue],
            clock,
            chance,
            wanted=self._control.wishes,
            queue=FrameQueue(self._queue_frames),
            shared=shared,
            get=self._network.get,
            look_every_s=0.25,
        )
        self._untold = since_ns is not None
        if since_ns is not None:
            self._say(record.Began(since_ns, list(self.feed.symbols)))
        self._task = asyncio.get_running_loop().create_task(self.feed.run())
        self.fuse.step("begun")

    def _say(self, said: record.Record) -> None:
        assert self.feed is not None
        self.feed.queue.put(self._clock.now_ns(), record.encode(said))

    def turn(self) -> None:
        assert self.feed is not None
        assert self._task is not None
        if self._task.done():
            self._task.result()
        if self._clock.monotonic_ns() - self._looked_ns >= SECOND_NS:
            self._look()
        self._held = self._held or self.feed.queue.take(MAX_BATCH_FRAMES, MAX_BATCH_BYTES)
        if self._held:
            self._append()

    def _look(self) -> None:
        """What capture does about every second: look at the wall clock, and flush."""
        self._looked_ns = self._clock.monotonic_ns()
        if (stepped := self._clock.look()) is not None:
            self._say(stepped)
        self.fuse.step("flush")
        self._writer.sync()
        self.durable = self._writer.last_offset()

    def _append(self) -> None:
        self.fuse.step("append")
        times, frames = [received_ns for received_ns, _ in self._held], [frame for _, frame in self._held]
        try:
            offset = self._writer.append(times, frames)
        except HeldError:
            self.held += 1
            return
        if self._synchronous == "FULL":
            self.durable = offset
        self._held = []
        self.wrote_after_beginning += self._untold
        self._untold = False
        self.fuse.step("appended")

    def finish(self) -> None:
        """Append what is there; whatever the venue says meanwhile is lost, and told."""
        assert self.feed is not None
        while (self._held or len(self.feed.queue)) and not self._disk_full():
            self.turn()

    def fall(self) -> None:
        self._network.cut()
        if self.feed is not None:
            self.shed += sum(self.feed.queue.shed.values())
            self.feed.budget.changed = lambda _: None
            self._control.close()
        if self._task is not None:
            self._task.cancel()
            self.ended.append(self._task)
        with suppress(JournalError):
            self._writer.close()
        self.feed, self._task, self._held = None, None, []

    def lose_power(self) -> None:
        """What was not flushed is gone; call it after its death."""
        if self.path.exists():
            self.lost += lose_power(self.path, durable=self.durable)
