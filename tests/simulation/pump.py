"""`Pump`: what sinks.clickhouse.writer does, without its thread: a line, a spool and a drain in virtual time.

While there is no room for a block it holds it, and the flow must not go on: `stuck` says so.
"""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from market.clock import SECOND_NS, Clock
from sinks.clickhouse.blocks import Block, source_of
from sinks.clickhouse.disk import LocalDisk
from sinks.clickhouse.drain import Drain
from sinks.clickhouse.line import Line, Waiting
from sinks.clickhouse.spool import Spool
from sinks.clickhouse.writer import BEAT_S
from tests.simulation.fuse import Fuse
from tests.simulation.store import Till

MEMORY_BLOCKS = 4  # so that the spool is used
SPOOL_BYTES = 600_000  # some ten seconds of a world, so that it is full at times
BLOCKS_PER_S = 8.0  # of a backlog
SLOW_S = 1.5  # an insert, where the store is slow
MOST_STEPS = 400  # at one look


class Pump:
    """Who takes the blocks of a ClickHousePartition."""

    def __init__(
        self,
        spool: Path,
        waiting: Waiting | None,
        till: Till,
        fuse: Fuse,
        clock: Clock,
        random: Random,
        *,
        slow: Callable[[], bool],
        spool_bytes: int = SPOOL_BYTES,
    ) -> None:
        held = Spool(spool, limit_bytes=spool_bytes, disk=_FusedDisk(fuse))
        self.line = Line(held, waiting, source=source_of(""), memory_blocks=MEMORY_BLOCKS)
        self.drain = Drain(
            self.line, till, alone=True, blocks_per_s=BLOCKS_PER_S, clock=clock, chance=Random(random.random())
        )
        self._clock, self._outside = clock, deque[Block]()
        self.confirmed = self.waits = self.spooled = 0
        self._slow = slow
        self._not_before_ns = self._offer_ns = 0

    @property
    def stuck(self) -> bool:
        """Whether a block waits outside."""
        return bool(self._outside)

    def put(self, block: Block) -> None:
        """Take a block."""
        if self.stuck or self.line.offer(block):
            self._outside.append(block)
            self.waits += 1

    def waiting(self) -> Waiting:
        """What is not confirmed; never asked for while a block waits outside."""
        assert not self._outside, "a snapshot was taken while a block waited"
        return self.line.waiting()

    def close(self, timeout_s: float, last: Sequence[Block] = ()) -> int:
        """Take the last blocks and insert what can be inserted now; how many are left."""
        self.line.add(last)
        self.turn()
        return len(self.line)

    def turn(self) -> None:
        """Insert until the drain wants to wait. What waits outside is offered when the store took something, and each
        second.
        """
        confirmed = self.confirmed
        self._insert()
        now_ns = self._clock.monotonic_ns()
        if self._outside and (self.confirmed != confirmed or now_ns >= self._offer_ns):
            self._offer_ns = now_ns + round(BEAT_S * SECOND_NS)
            while self._outside and not self.line.offer(self._outside[0]):
                self._outside.popleft()

    def _insert(self) -> None:
        self.spooled = max(self.spooled, self.line.spooled_bytes)
        for _ in range(MOST_STEPS):
            if self._clock.monotonic_ns() < self._not_before_ns:
                return
            step = self.drain.step()
            self.confirmed += step.confirmed is not None
            if self._slow():
                self._not_before_ns = self._clock.monotonic_ns() + round(SLOW_S * SECOND_NS)
            if step.wait_s > 0:
                return


class _FusedDisk(LocalDisk):
    """A disk on the way to which the process may die."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse

    def write(self, path: Path, data: Sequence[bytes]) -> None:
        self._fuse.step("spool")
        super().write(path, data)
        self._fuse.step("spooled")

    def remove(self, path: Path) -> None:
        self._fuse.step("unspool")
        super().remove(path)
