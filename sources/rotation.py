"""`Rotation`: puts a new connection in the place of an old one, which goes only when the new one delivers.

So nothing is lost; what both told is told twice, which ids, snapshots and the memory of trades see to.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from market.clock import SECOND_NS
from sources.connection import Connection
from sources.shared import Shared
from sources.transport import FAILURES

if TYPE_CHECKING:
    from sources.keeper import Keeper

ROTATE_BEFORE = 1 / 24  # of the venue's limit of life, before its end: an hour of a day
ROTATE_JITTER = 1 / 48  # give or take
HANDOVER_TIMEOUT_S = 60.0
LOOK_AGAIN_S = 0.2

log = logging.getLogger("barograph.capture")

Running = tuple[Connection, "asyncio.Task[None]"]


def rotation_due_ns(shared: Shared, connection: Connection) -> int:
    """When to rotate, monotonic; never, where the venue names no end of a connection's life."""
    longest_s = shared.venue.limits.connection_life_s
    if longest_s is None:
        return 1 << 62
    life_s = longest_s * (1 - ROTATE_BEFORE + (2 * shared.random() - 1) * ROTATE_JITTER)
    return connection.opened_ns + int(life_s * SECOND_NS)


class Rotation:
    """One try; the old connection stays when the new one does not deliver."""

    def __init__(self, keeper: "Keeper", old: Connection, running: "asyncio.Task[None]") -> None:
        self._keeper, self._shared = keeper, keeper.shared
        self._old, self._running = old, running
        self._deadline_ns = self._shared.clock.monotonic_ns() + int(HANDOVER_TIMEOUT_S * SECOND_NS)

    async def turn(self, *, urgent: bool) -> Running:
        """The connection of afterwards and its task. An `urgent` one does not wait for others that rotate."""
        if urgent:
            return await self._turn()
        async with self._shared.rotating:
            return await self._turn()

    async def _turn(self) -> Running:
        if not await self._permitted():
            return self._put_off("no further connection is allowed now")
        self._keeper.held.clear()
        fresh = self._keeper.connection(self._keeper.watchdog.successor())
        try:
            await fresh.open()
        except FAILURES as error:
            await fresh.close()
            self._keeper.law.judge(f"cannot reach {fresh.route.url}: {error}", error, fresh)
            return self._put_off(str(error) or type(error).__name__)
        starting = asyncio.create_task(fresh.run())
        taken = False
        try:
            await self._until_ready(fresh, starting)
            taken = self._may_take_over(fresh, starting)
            if taken:
                self._keeper.replace((self._old, self._running), (fresh, starting))
        finally:
            await self._close(*((self._old, self._running) if taken else (fresh, starting)))
        return (fresh, starting) if taken else self._put_off("the new connection did not deliver")

    async def _permitted(self) -> bool:
        """Wait for the budget's permission, no longer than the handover may take and the old connection lives."""
        clock = self._shared.clock
        while wait_s := self._shared.budget.connect_wait_s(now_ns := clock.monotonic_ns()):
            if self._running.done() or now_ns + wait_s * SECOND_NS > self._deadline_ns:
                return False
            await asyncio.wait({self._running}, timeout=wait_s)
        return True

    async def _until_ready(self, fresh: Connection, starting: "asyncio.Task[None]") -> None:
        tasks = {self._running, starting}
        while not (fresh.ready or self._keeper.held.full or any(task.done() for task in tasks)):
            if self._shared.clock.monotonic_ns() >= self._deadline_ns:
                return
            await asyncio.wait(tasks, timeout=LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)

    def _may_take_over(self, fresh: Connection, starting: "asyncio.Task[None]") -> bool:
        """At the end of the wait a book that has not begun may begin later; most must have. The old connection may be
        lost meanwhile: then the new one is better than none.
        """
        usable = fresh.entered.is_set() if self._running.done() else fresh.lively
        return usable and not (self._keeper.held.full or starting.done())

    async def _close(self, connection: Connection, running: "asyncio.Task[None]") -> None:
        running.cancel()
        (result,) = await asyncio.gather(running, return_exceptions=True)
        await connection.close()
        if isinstance(result, Exception):
            if not isinstance(result, FAILURES):
                raise result  # ours, not the network's
            self._keeper.law.judge(f"lost {connection.route.url}: {result}", result, connection)

    def _put_off(self, why: str) -> Running:
        self._keeper.held.clear()
        log.warning("rotation of %s put off: %s", self._old.route.name, why)
        return self._old, self._running
