"""`Keeper`: keeps one route connected for ever: reconnects with backoff, and rotates before the venue's own limit of
life.

A rotation overlaps: the new socket must deliver before the old one goes. Until then its frames are held back, only
those of the last second; they are handed on when it takes over. So a rotation repeats up to a second of messages and
loses none.
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from market import record
from market.clock import SECOND_NS, Clock
from sources.backoff import Backoff
from sources.connection import Connection
from sources.transport import Library, LostError
from sources.watchdog import Alarm, Watchdog
from venues.venue import Route, Venue

ROTATE_BEFORE_S = 3600  # one hour before the end of its life
ROTATE_JITTER_S = 1800  # give or take
HANDOVER_NS = SECOND_NS
HANDOVER_TIMEOUT_S = 60.0
LIVELY_S = 0.2

Failures = (OSError, TimeoutError, LostError, ssl.SSLError)

log = logging.getLogger("barograph.capture")


@dataclass
class Keeper:
    """One route and its socket of now. What happens is told through the callbacks, in the loop's thread."""

    venue: Venue
    route: Route
    symbols: tuple[str, ...]
    clock: Clock
    random: Callable[[], float]
    say: Callable[[record.Record], None]  # a record for the journal
    on_frame: Callable[[str, int, bytes], None]
    on_ack: Callable[[str], None]
    may_read: Callable[[], bool]
    transport: Library = "websockets"
    state: str = "connecting"  # connecting, open, waiting, closed
    since_ns: int = 0  # wall clock, of the state
    reason: str = ""
    generation: int = 0
    frames: int = 0
    watchdog: Watchdog = field(default_factory=Watchdog)
    _live: Connection | None = None
    _held: deque[tuple[str, int, bytes]] = field(default_factory=deque)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        backoff = Backoff(self.random)
        try:
            while True:
                reason = await self._connected(backoff)
                wait_s = backoff.failed()
                self._turn("waiting", reason)
                log.warning("%s; retrying in %.1f s", reason, wait_s)
                await asyncio.sleep(wait_s)
        finally:
            self._turn("closed", "stopped")

    async def _connected(self, backoff: Backoff) -> str:
        """One life of the route: connect, stay through rotations, and say why it ended."""
        self._turn("connecting", "")
        connection = self._connection(Watchdog() if self.generation == 0 else self.watchdog)
        try:
            await connection.open()
        except Failures as error:
            await connection.close()
            return f"cannot reach {self.route.url}: {_text(error)}"
        self._take_over(connection, overlap=False)
        return await self._stay(connection, backoff)

    async def _stay(self, connection: Connection, backoff: Backoff) -> str:
        running = asyncio.create_task(connection.run())
        rotate_at_ns = self._rotation(connection)
        try:
            while not running.done():
                await asyncio.wait({running}, timeout=LIVELY_S)
                now_ns = self.clock.monotonic_ns()
                if connection.seen:
                    backoff.data(now_ns)
                if (now_ns >= rotate_at_ns or connection.shutdown_announced) and not running.done():
                    connection, running = await self._rotate(connection, running)
                    rotate_at_ns = self._rotation(connection)
        finally:
            self._live = None
            self.watchdog.disconnected()
            running.cancel()
            (result,) = await asyncio.gather(running, return_exceptions=True)
            await connection.close()
            reason = _text(result) if isinstance(result, Exception) else "stopped"
            self.say(record.Disconnected(self.route.name, reason, list(self.symbols)))
        if isinstance(result, Exception) and not isinstance(result, Failures):
            raise result  # ours, not the network's
        return f"lost {self.route.url}: {reason}"

    async def _rotate(self, old: Connection, running: "asyncio.Task[None]") -> "tuple[Connection, asyncio.Task[None]]":
        """Put a new socket in the place of the old one; the old one stays when the new one does not deliver."""
        self._held.clear()
        fresh = self._connection(Watchdog())
        try:
            await fresh.open()
        except Failures as error:
            return self._kept(old, running, _text(error))
        starting = asyncio.create_task(fresh.run())
        deadline_ns = self.clock.monotonic_ns() + int(HANDOVER_TIMEOUT_S * SECOND_NS)
        while not (fresh.ready or running.done() or starting.done()) and self.clock.monotonic_ns() < deadline_ns:
            await asyncio.wait({running, starting}, timeout=LIVELY_S, return_when=asyncio.FIRST_COMPLETED)
        if not fresh.ready or running.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await fresh.close()
            return self._kept(old, running, "the new connection did not deliver")
        self._take_over(fresh, overlap=True)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await old.close()
        return fresh, starting

    def _kept(
        self, old: Connection, running: "asyncio.Task[None]", why: str
    ) -> "tuple[Connection, asyncio.Task[None]]":
        self._held.clear()
        old.shutdown_announced = False
        log.warning("rotation of %s put off: %s", self.route.name, why)
        return old, running

    def _connection(self, watchdog: Watchdog) -> Connection:
        self.watchdog = watchdog if self._live is None else self.watchdog
        return Connection(
            self.venue,
            self.route,
            self.clock,
            watchdog,
            self._received,
            self._acknowledged,
            self._alarmed,
            self.may_read,
            self.transport,
        )

    def _take_over(self, connection: Connection, *, overlap: bool) -> None:
        self.generation += 1
        self._turn("open", "")
        self.say(record.Connected(self.route.name, self.generation, list(self.symbols), overlap))
        self._live = connection
        self.watchdog = connection.watchdog
        while self._held:
            self.on_frame(*self._held.popleft())

    def _received(self, connection: Connection, stream: str, received_ns: int, frame: bytes) -> None:
        if connection is self._live:
            self.frames += 1
            self.on_frame(stream, received_ns, frame)
            return
        self._held.append((stream, received_ns, frame))
        while received_ns - self._held[0][1] > HANDOVER_NS:
            self._held.popleft()

    def _acknowledged(self, stream: str) -> None:
        self.on_ack(stream)

    def _alarmed(self, alarm: Alarm) -> None:
        since_ns = self.clock.now_ns() - (self.clock.monotonic_ns() - alarm.since_ns)
        self.say(record.Silent(alarm.stream, self.venue.symbol_of(alarm.stream), since_ns))

    def _rotation(self, connection: Connection) -> int:
        """When to rotate next, monotonic; an hour later after a try that failed."""
        longest_s = self.venue.limits.connection_life_s or 1 << 31
        life_s = longest_s - ROTATE_BEFORE_S + (2 * self.random() - 1) * ROTATE_JITTER_S
        planned_ns = connection.opened_ns + int(life_s * SECOND_NS)
        return max(planned_ns, self.clock.monotonic_ns() + int(HANDOVER_TIMEOUT_S * SECOND_NS))

    def _turn(self, state: str, reason: str) -> None:
        if state != self.state or reason:
            self.since_ns = self.clock.now_ns()
        self.state, self.reason = state, reason


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__
