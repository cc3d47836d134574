"""One socket to a venue, from handshake to loss: subscribes, watches, and hands every frame on.

Reading does nothing but stamp, look at the stream's name and hand on, so that the venue is never kept waiting. All
decisions about time are made a few times a second by `_tend`, from the pure `Ledger` and `Watchdog`.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from market.clock import SECOND_NS, Clock
from sources.ledger import Ledger
from sources.transport import Library, LostError, Socket, opener
from sources.watchdog import Alarm, Watchdog
from venues.venue import Reply, Route, Venue

TEND_S = 0.1

log = logging.getLogger("barograph.capture")


@dataclass
class Connection:
    """One socket of a route. `on_frame(stream, received_ns, frame)` gets every frame, "" for frames of no stream."""

    venue: Venue
    route: Route
    clock: Clock
    watchdog: Watchdog
    on_frame: Callable[["Connection", str, int, bytes], None]
    on_ack: Callable[[str], None]
    on_alarm: Callable[[Alarm], None]
    may_read: Callable[[], bool]  # False while the queue is full
    transport: Library = "websockets"
    opened_ns: int = 0  # monotonic
    frames: int = 0
    seen: set[str] = field(default_factory=set)  # streams that gave data on this socket
    shutdown_announced: bool = False
    ledger: Ledger = field(init=False)
    _socket: Socket | None = None

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.venue, self.route.streams)

    @property
    def ready(self) -> bool:
        """Whether every subscription is answered for and most give data: it may take over from another."""
        return self.ledger.complete and 2 * len(self.seen) >= len(self.ledger.acknowledged) > 0

    async def open(self) -> None:
        """Handshake; raises LostError, OSError or TimeoutError."""
        self._socket = await opener(self.transport)(self.route.url)
        self.opened_ns = self.clock.monotonic_ns()
        self.ledger.subscribe(self.route.streams)

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
        if self._socket is not None:
            await self._socket.close()

    def _received(self, frame: bytes) -> None:
        stream = next(iter(self.venue.streams_of(frame)), "")
        self.on_frame(self, stream, self.clock.now_ns(), frame)
        self.frames += 1
        if stream:
            self.watchdog.data(stream, self.clock.monotonic_ns())
            self.seen.add(stream)
        else:
            self._control(frame)

    def _control(self, frame: bytes) -> None:
        reply = self.venue.reply(frame)
        if reply is None:
            return
        if reply.kind == "shutdown":
            self.shutdown_announced = True
            return
        self._acknowledge(reply)

    def _acknowledge(self, reply: Reply) -> None:
        now_ns = self.clock.monotonic_ns()
        for stream in self.ledger.answered(reply):
            self.watchdog.acknowledged(stream, self.venue.channel_of(stream), now_ns)
            self.on_ack(stream)

    async def _tend(self, socket: Socket) -> None:
        """Send what is to be sent, below the venue's limit of messages, and act on silence."""
        apart_ns = 2 * SECOND_NS // self.venue.limits.requests_per_second
        sent_ns = -apart_ns
        while True:
            now_ns = self.clock.monotonic_ns()
            self.ledger.repeat_unanswered(now_ns)
            for alarm in self.watchdog.alarms(now_ns):
                self._raise_alarm(alarm)
            if now_ns - sent_ns >= apart_ns and (message := self.ledger.next_message(now_ns)) is not None:
                sent_ns = now_ns
                await socket.send(message)
                continue
            await asyncio.sleep(TEND_S)

    def _raise_alarm(self, alarm: Alarm) -> None:
        silent_s = (self.clock.monotonic_ns() - alarm.since_ns) / SECOND_NS
        log.warning("%s is silent for %.0f s on an open connection; %s", alarm.stream, silent_s, alarm.step)
        if alarm.step == "reconnect":
            raise LostError(f"{alarm.stream} stayed silent for {silent_s:.0f} s")
        self.on_alarm(alarm)
        self.ledger.renew([alarm.stream])
