"""One socket to a venue, from handshake to loss: logs in, subscribes, keeps alive, watches, and hands every frame on.

Reading does nothing but stamp, look at the streams' names and hand on, so that the venue is never kept waiting. All
decisions about time are made by `_tend`, from the pure `Ledger`, `Watchdog`, `Quarantine` and `Pulse`.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from market.clock import SECOND_NS
from sources.credentials import ExpiredError
from sources.ledger import DEAF_TRIES, Ledger
from sources.pace import Pace
from sources.pulse import Pulse
from sources.quarantine import Quarantine
from sources.shared import Shared
from sources.transport import LostError, Socket
from sources.verdict import LoginError, RefusedError
from sources.watchdog import Alarm, Watchdog
from venues.venue import Channel, Reply, Route

TEND_MOST_S = 2.0  # how long tending may sleep
TEND_LEAST_S = 0.02
LOGIN_TIMEOUT_NS = 10 * SECOND_NS
SPENT_S = 60.0  # a wait this long for the hour's budget of subscriptions: another connection has one of its own
BEATS = (Channel.DEPTH, Channel.TICKER, Channel.MARK)  # trades and statuses may not come for long
MAINTENANCE_MOST_NS = 4 * 3600 * SECOND_NS  # a notice whose end never came does not silence alarms for ever

log = logging.getLogger("barograph.capture")


@dataclass
class Connection:
    """One socket of a route. `on_frame(connection, streams, received_ns, frame)` gets every frame, () for frames of no
    stream; `on_refused(stream, reason)` a stream that the venue does not take.
    """

    shared: Shared
    route: Route
    watchdog: Watchdog
    quarantine: Quarantine
    on_frame: Callable[["Connection", tuple[str, ...], int, bytes], None]
    on_ack: Callable[[str], None]
    on_alarm: Callable[[Alarm], None]
    on_refused: Callable[[str, str], None]
    may_read: Callable[[], bool]  # False while the queue is full
    opened_ns: int = 0  # monotonic
    frames: int = 0
    data_frames: int = 0
    seen: set[str] = field(default_factory=set)  # streams that gave data on this socket
    shutdown_announced: bool = False
    replace_ns: int = 0  # not replaced before, after a try that failed
    maintenance: str = ""  # the venue's notice, while it holds
    entered: asyncio.Event = field(default_factory=asyncio.Event)  # logged in, or there is no login
    ledger: Ledger = field(init=False)
    _pulse: Pulse = field(init=False)
    _pace: Pace = field(init=False)
    _socket: Socket | None = None
    _logins: list[bytes] = field(default_factory=list)  # to send
    _answers_due: int = 0  # to logins
    _maintenance_ns: int = 0
    _given_up: str = ""  # why
    _unheard: set[str] = field(default_factory=set)  # streams reported as never answered
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.shared.venue, self.route.streams, refused=set(self.quarantine.kept))
        self._pulse = Pulse(self.shared.venue.keepalive)
        self._pace = Pace(self.shared.venue.limits)

    @property
    def lively(self) -> bool:
        """Whether every subscription is answered for and most that come on a beat give data, if the market is open."""
        shared = self.shared
        if not self.ledger.complete or not self.ledger.acknowledged:
            return False
        due = [stream for stream in self.ledger.acknowledged if shared.venue.channel_of(stream) in BEATS]
        seen = sum(stream in self.seen for stream in due)
        return 2 * seen >= len(due) or not shared.hours.are_open(shared.clock.now_ns())

    @property
    def ready(self) -> bool:
        """Whether it may take over: lively, and every book has begun where books begin in band."""
        venue = self.shared.venue
        if not self.lively or venue.capability.snapshot == "rest":
            return self.lively
        missing = self.ledger.acknowledged - self.seen
        return not any(venue.channel_of(stream) is Channel.DEPTH for stream in missing)

    async def open(self) -> None:
        """Handshake; raises LostError, OSError or TimeoutError."""
        venue, clock = self.shared.venue, self.shared.clock
        self._logins = list(venue.login(self._secrets(), clock.now_ns()))
        self._answers_due = len(self._logins)
        self._socket = await self.shared.opener(self.route.url)
        self.opened_ns = clock.monotonic_ns()
        self._pulse.heard(self.opened_ns)
        if not self._logins:
            self._enter()

    async def run(self) -> None:
        """Read until the connection is lost; always ends with LostError or cancellation."""
        assert self._socket is not None
        tending = asyncio.create_task(self._tend(self._socket))
        reading = asyncio.create_task(self._socket.receive(self._received, self.may_read))
        try:
            done, _ = await asyncio.wait({tending, reading}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (tending, reading):
                task.cancel()
            await asyncio.gather(tending, reading, return_exceptions=True)

    async def close(self) -> None:
        """Say goodbye briefly, then drop the connection whatever the peer does."""
        if self._socket is None:
            return
        closing = asyncio.ensure_future(self._socket.close())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing  # a stop waits for it: it is brief
            raise

    def renew(self, streams: list[str]) -> None:
        """Subscribe anew to some streams, so that those that begin with a full book begin again."""
        self.ledger.renew([stream for stream in streams if stream in self.ledger.acknowledged])
        self._wake.set()

    def give_up(self, reason: str) -> None:
        """Be lost, for a reason that somebody else has seen."""
        self._given_up = reason
        self._wake.set()

    def _received(self, frame: bytes) -> None:
        shared = self.shared
        streams = shared.venue.streams_of(frame)
        now_ns = shared.clock.monotonic_ns()
        self._pulse.heard(now_ns)
        self.on_frame(self, streams, shared.clock.now_ns(), frame)
        self.frames += 1
        if not streams:
            self._control(frame, now_ns)
            return
        self.data_frames += 1
        for stream in streams:
            self.watchdog.data(stream, now_ns)
            self.seen.add(stream)
            if not self.ledger.complete and self.ledger.gave_data(stream):
                self._acknowledged((stream,), now_ns)

    def _control(self, frame: bytes, now_ns: int) -> None:
        reply = self.shared.venue.reply(frame)
        if reply is None or reply.kind == "pong":
            return
        match reply.kind:
            case "login":
                self._answers_due -= 1
                if self._answers_due <= 0 and not self.entered.is_set():
                    self._enter()
            case "refused":
                raise RefusedError(f"the venue refuses: {reply.text}")
            case "shutdown":
                self.shutdown_announced = True
            case "maintenance":
                self._maintain(reply, now_ns)
            case "error" if not self.entered.is_set():
                raise LoginError(f"the login failed: {reply.text}")
            case _:
                self._acknowledged(self.ledger.answered(reply), now_ns)
                self._leave_out(now_ns)
        self._wake.set()

    def _acknowledged(self, streams: tuple[str, ...], now_ns: int) -> None:
        for stream in streams:
            self.watchdog.acknowledged(stream, self.shared.venue.channel_of(stream), now_ns)
            if self.quarantine.accepted(stream):
                log.info("the venue takes %s again", stream)
            self.on_ack(stream)

    def _leave_out(self, now_ns: int) -> None:
        for stream, reason in self.ledger.take_refusals():
            self.watchdog.left_out(stream)
            first = self.quarantine.refused(stream, reason, now_ns)
            wait_s = (self.quarantine.kept[stream].until_ns - now_ns) / SECOND_NS
            log.error("the venue refuses %s: %s; it is left out and tried again in %.0f s", stream, reason, wait_s)
            if first:
                self.on_refused(stream, reason)

    def _maintain(self, reply: Reply, now_ns: int) -> None:
        if reply.back and not self.maintenance:
            return  # all is well, as some venues say on every connection
        log.warning("notice of maintenance: %s%s", reply.text, " (over)" if reply.back else "")
        self.maintenance = "" if reply.back else reply.text or "maintenance"
        self._maintenance_ns = now_ns
        self.watchdog.excuse(now_ns)

    def _enter(self) -> None:
        self.entered.set()
        self.ledger.subscribe([stream for stream in self.route.streams if stream not in self.quarantine.kept])

    def _secrets(self) -> dict[str, str]:
        try:
            return dict(self.shared.secrets())
        except ExpiredError as error:
            raise LoginError(str(error)) from error

    async def _tend(self, socket: Socket) -> None:
        """Send what is to be sent, below the venue's limits of messages, and act on silence."""
        while True:
            now_ns = self.shared.clock.monotonic_ns()
            self._check(now_ns)
            self._pulse.check(now_ns)
            self._watch(now_ns)
            await self._sleep(await self._send(socket, now_ns), now_ns)

    def _check(self, now_ns: int) -> None:
        """What should have been answered by now, and whether anybody still wants this connection."""
        if self._given_up:
            raise LostError(self._given_up)
        self._secrets()
        if not self.entered.is_set():
            if now_ns - self.opened_ns >= LOGIN_TIMEOUT_NS:
                raise LoginError(f"no answer to the login within {LOGIN_TIMEOUT_NS / SECOND_NS:.0f} s")
            return
        for stream in self.quarantine.due(now_ns):
            if stream in self.ledger.refused:
                self.ledger.subscribe([stream])  # alone, so that it can spoil nothing
        deaf = self.ledger.repeat_unanswered(now_ns)
        if deaf and not self.ledger.acknowledged and not self.ledger.refused:
            raise LostError("no subscription was answered")
        for stream in deaf:
            if stream not in self._unheard:
                self._unheard.add(stream)
                log.warning("%s was asked for %d times without an answer", stream, DEAF_TRIES)
                self.on_alarm(Alarm(stream, self.opened_ns, "resubscribe"))

    def _watch(self, now_ns: int) -> None:
        if self.maintenance and now_ns - self._maintenance_ns >= MAINTENANCE_MOST_NS:
            self.maintenance = ""
        if self.maintenance or not self.shared.hours.are_open(self.shared.clock.now_ns()):
            self.watchdog.excuse(now_ns)
            return
        for alarm in self.watchdog.alarms(now_ns):
            self._raise_alarm(alarm)

    async def _send(self, socket: Socket, now_ns: int) -> float:
        """Send one message, if there is one and it may go; seconds until the next may."""
        subscribes = self.ledger.has_message()
        pings = self._pulse.due(now_ns)
        if not (self._logins or pings or subscribes):
            return TEND_MOST_S
        wait_s = self._pace.wait_s(now_ns, request=not pings or bool(self._logins))
        if wait_s > SPENT_S:
            raise LostError("the hour's budget of subscriptions on this connection is spent")
        if wait_s > 0:
            return wait_s
        if self._logins:
            await socket.send(self._logins.pop(0))
        elif pings:
            await socket.send(self._pulse.beat(now_ns))
        elif (message := self.ledger.next_message(now_ns)) is not None:
            await socket.send(self.shared.sign(message))
        return 0.0

    async def _sleep(self, wait_s: float, now_ns: int) -> None:
        """Until something is due, or something came that may need an answer."""
        dues = (self._pulse.next_ns(), self.watchdog.next_ns(), self.ledger.next_ns(), self.quarantine.next_ns())
        soonest_ns = min((due for due in dues if due is not None and due > now_ns), default=None)
        if soonest_ns is not None:
            wait_s = min(wait_s, (soonest_ns - now_ns) / SECOND_NS)
        self._wake.clear()
        try:
            async with asyncio.timeout(max(wait_s, TEND_LEAST_S)):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _raise_alarm(self, alarm: Alarm) -> None:
        silent_s = (self.shared.clock.monotonic_ns() - alarm.since_ns) / SECOND_NS
        log.warning("%s is silent for %.0f s on an open connection; %s", alarm.stream, silent_s, alarm.step)
        if alarm.step == "reconnect":
            raise LostError(f"{alarm.stream} stayed silent for {silent_s:.0f} s")
        self.on_alarm(alarm)
        self.renew([alarm.stream])
