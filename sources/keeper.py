"""`Keeper`: keeps one route connected for ever: within the venue's budget, with backoff, and rotated before the venue's
own limit of life or at its notice.

A refusal for good ends the tries for an hour; a sign of a ban stops every socket and REST together. One socket of a
venue rotates at a time (sources/rotation.py); where two connections are not allowed at once, it is closed first.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from market import record
from market.clock import SECOND_NS
from sources.backoff import Backoff
from sources.budget import REFUSED_S
from sources.connection import Connection
from sources.held import Held
from sources.law import Law
from sources.quarantine import Quarantine
from sources.rotation import Rotation, Running, rotation_due_ns
from sources.shared import Shared
from sources.transport import FAILURES, LostError
from sources.watchdog import Alarm, Watchdog
from venues.venue import Route

LIVELY_S = 1.0
ROTATE_AGAIN_S = 300.0  # after a rotation that was put off
REPLACE_AGAIN_S = 5.0  # the same, when the venue has said that it will close

log = logging.getLogger("barograph.capture")


@dataclass
class Keeper:
    """One route and its socket of now. What happens is told through the callbacks, in the loop's thread."""

    shared: Shared
    route: Route
    symbols: tuple[str, ...]  # of the route
    say: Callable[[record.Record], None]  # a record for the journal
    on_frame: Callable[[tuple[str, ...], int, bytes], None]
    on_ack: Callable[[str], None]
    may_read: Callable[[], bool]
    state: str = "connecting"  # connecting, open, maintenance, waiting, refused, closed
    since_ns: int = 0  # wall clock, of the state
    reason: str = ""
    generation: int = 0
    frames: int = 0
    watchdog: Watchdog = field(init=False)
    quarantine: Quarantine = field(default_factory=Quarantine)
    live: Connection | None = None
    law: Law = field(init=False)
    held: Held = field(init=False)  # frames of a connection that has not taken over yet
    _current: Running = field(init=False)  # connection and its task
    _rotate_ns: int = 0  # not before, after a rotation that was put off; monotonic
    _has_turn: bool = False  # closed for a rotation and not open again

    def __post_init__(self) -> None:
        self.watchdog = Watchdog()
        self.law = Law(self.shared, self._turn)
        self.held = Held(everything=self.shared.venue.capability.snapshot == "stream")

    async def run(self) -> None:
        """Stay connected until cancelled."""
        backoff = Backoff(self.shared.random)
        try:
            while True:
                await self._life(backoff)
        finally:
            self._end_turn()
            self._turn("closed", "stopped")

    def renew(self, streams: list[str]) -> bool:
        """Subscribe anew to some streams; False where there is no connection, so that they begin anew anyway."""
        if self.live is not None:
            self.live.renew(streams)
        return self.live is not None

    def give_up(self, reason: str) -> None:
        """Have another connection instead of the one there is."""
        if self.live is not None:
            self.live.give_up(reason)

    async def _life(self, backoff: Backoff) -> None:
        """One life of the route: connect, stay through rotations, and wait for as long as its end asks for."""
        await self.law.permission()
        self._turn("connecting", "")
        self.held.clear()
        connection = self.connection(self.watchdog)
        try:
            await connection.open()
        except FAILURES as error:
            self._end_turn()
            await connection.close()
            await self._pause(f"cannot reach {self.route.url}: {_text(error)}", error, connection, backoff)
            return
        current = self._current = connection, asyncio.create_task(connection.run())
        ending = "stopped"
        try:
            await self._entered(*current)
            self._end_turn()
            if not current[1].done():
                self.take_over(connection, overlap=False)
            while not current[1].done():
                if await self._stay(*current, backoff) == "close":
                    ending = "closed for a rotation"
                    break
                if not current[1].done():
                    current = await self._rotated(*current)
        finally:
            connection, _ = self._current
            lost = await self._finish(*self._current, ending)
        if lost is not None:
            await self._pause(f"lost {self.route.url}: {_text(lost)}", lost, connection, backoff)

    async def _entered(self, connection: Connection, running: "asyncio.Task[None]") -> None:
        """Wait until it is logged in, or lost; the connection keeps the time."""
        entering = asyncio.create_task(connection.entered.wait())
        try:
            await asyncio.wait({entering, running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            entering.cancel()

    async def _stay(
        self, connection: Connection, running: "asyncio.Task[None]", backoff: Backoff
    ) -> Literal["lost", "close", "rotate"]:
        """Until the connection is lost, or its time has come: to be closed first, or to be replaced."""
        rotate_ns, counted = max(self._rotate_ns, rotation_due_ns(self.shared, connection)), 0
        while not running.done():
            await asyncio.wait({running}, timeout=LIVELY_S)
            now_ns = self.shared.clock.monotonic_ns()
            if connection.data_frames > counted:
                counted = connection.data_frames
                backoff.data(now_ns)
                self.law.welcomed()
            self._show(connection)
            urgent = connection.shutdown_announced and now_ns >= connection.replace_ns
            if running.done() or not (urgent or now_ns >= rotate_ns):
                continue
            if not self.shared.venue.limits.may_overlap:
                await self._take_turn(urgent=urgent)
                return "close"
            if urgent or not self.shared.rotating.locked():
                return "rotate"
        return "lost"

    async def _rotated(self, old: Connection, running: "asyncio.Task[None]") -> Running:
        """The connection after a rotation, which is the old one where it was put off."""
        now_ns = self.shared.clock.monotonic_ns()
        current = await Rotation(self, old, running).turn(urgent=old.shutdown_announced)
        put_off = current[0] is old
        old.replace_ns = now_ns + int(REPLACE_AGAIN_S * SECOND_NS)
        self._rotate_ns = now_ns + int(ROTATE_AGAIN_S * SECOND_NS) if put_off else 0
        return current

    async def _take_turn(self, *, urgent: bool) -> None:
        """No other socket of the venue is closed for a rotation until this one is open again."""
        if not urgent:
            await self.shared.rotating.acquire()
            self._has_turn = True

    def _end_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self.shared.rotating.release()

    async def _finish(self, connection: Connection, running: "asyncio.Task[None]", ending: str) -> Exception | None:
        """Close what is left of a connection and say so; why it was lost, None where we are `ending` it."""
        was_live = self.live is connection
        self.live = None
        self.watchdog = connection.watchdog
        self.watchdog.disconnected()
        running.cancel()
        (result,) = await asyncio.gather(running, return_exceptions=True)
        await connection.close()
        error = result if isinstance(result, Exception) else None
        if was_live:
            reason = ending if error is None else _text(error)
            self.say(record.Disconnected(self.route.name, reason, list(self.symbols)))
        else:
            self.held.hand_over(self._hand_on)  # what the venue said instead of letting us in
        if error is not None and not isinstance(error, FAILURES):
            raise error  # ours, not the network's
        return error

    async def _pause(self, reason: str, error: Exception, connection: Connection, backoff: Backoff) -> None:
        """Wait for as long as the end of a connection asks for."""
        found = self.law.judge(reason, error, connection)
        jitter_s = backoff.failed()
        if found.kind == "refused":
            self._turn("refused", reason)
            await asyncio.sleep(REFUSED_S)
            return
        wait_s = found.least_s + jitter_s
        self._turn("waiting", reason)
        if found.kind == "retry":
            log.warning("%s; retrying in %.1f s", reason, wait_s)
        await asyncio.sleep(wait_s)

    def connection(self, watchdog: Watchdog) -> Connection:
        """Another connection of the route, not open yet."""
        return Connection(
            self.shared,
            self.route,
            watchdog,
            self.quarantine,
            self._received,
            self.on_ack,
            self._alarmed,
            self._refused,
            self.may_read,
        )

    def take_over(self, connection: Connection, *, overlap: bool) -> None:
        """From here on this connection is the route's, and what it said until now is handed on."""
        self.generation += 1
        self.live, self.watchdog = connection, connection.watchdog
        self.say(record.Connected(self.route.name, self.generation, list(self.symbols), overlap))
        for stream in self.quarantine.kept if not overlap else ():
            self._say_silent(stream, self.quarantine.kept[stream].since_ns)
        self._show(connection)
        self.held.hand_over(self._hand_on)

    def replace(self, old: Running, fresh: Running) -> None:
        """Take over from a connection that still delivers, or from one that was lost meanwhile."""
        _, running = old
        lost = running.done()
        if lost:
            reason = _text(running.exception() or LostError("stopped"))
            self.say(record.Disconnected(self.route.name, reason, list(self.symbols)))
        self._current = fresh  # from here on it is the one that a stop must close
        self.take_over(fresh[0], overlap=not lost)

    def _received(self, connection: Connection, streams: tuple[str, ...], received_ns: int, frame: bytes) -> None:
        if connection is self.live:
            self._hand_on(streams, received_ns, frame)
        else:
            self.held.hold(streams, received_ns, frame)

    def _hand_on(self, streams: tuple[str, ...], received_ns: int, frame: bytes) -> None:
        self.frames += 1
        self.on_frame(streams, received_ns, frame)

    def _alarmed(self, alarm: Alarm) -> None:
        self._say_silent(alarm.stream, alarm.since_ns)

    def _refused(self, stream: str, reason: str) -> None:  # noqa: ARG002 - the connection logs it
        self._say_silent(stream, self.quarantine.kept[stream].since_ns)

    def _say_silent(self, stream: str, since_ns: int) -> None:
        clock, symbol = self.shared.clock, self.shared.venue.symbol_of(stream)
        if symbol:  # heartbeats have none
            self.say(record.Silent(stream, symbol, clock.now_ns() - (clock.monotonic_ns() - since_ns)))

    def _show(self, connection: Connection) -> None:
        """The state of an open connection."""
        left_out = [f"{stream} ({kept.reason})" for stream, kept in list(self.quarantine.kept.items())[:3]]
        more = f" and {len(self.quarantine.kept) - 3} more" if len(self.quarantine.kept) > 3 else ""
        if connection.maintenance:
            self._turn("maintenance", connection.maintenance)
        else:
            self._turn("open", f"left out: {', '.join(left_out)}{more}" if left_out else "")

    def _turn(self, state: str, reason: str) -> None:
        if (state, reason) != (self.state, self.reason) or self.since_ns == 0:
            self.since_ns = self.shared.clock.now_ns()
        self.state, self.reason = state, reason


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__
