"""One socket to a venue, from handshake to loss: subscribes, watches, and hands every frame on.

Reading does nothing but stamp, look at the stream's name and hand on, so that the venue is never kept waiting. All
decisions about time are made a few times a second by `_tend`, from the pure `Ledger` and `Watchdog`.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from market.clock import SECOND_NS, Clock
from sources.ledger import Ledger
from sources.rest import LOOPBACK
from sources.watchdog import Alarm, Watchdog
from venues.venue import Reply, Route, Venue

MAX_FRAME_BYTES = 16 << 20  # a larger message closes the connection with 1009
MAX_UNREAD_FRAMES = 1024  # in the library's own queue; then TCP back-pressure begins
OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 0.5
PING_INTERVAL_S = 20.0
PING_TIMEOUT_S = 30.0  # a peer that is gone without a word is noticed after both
TEND_S = 0.1

log = logging.getLogger("barograph.capture")


class LostError(Exception):
    """The connection is given up; the text says why."""


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
    opened_ns: int = 0  # monotonic
    frames: int = 0
    seen: set[str] = field(default_factory=set)  # streams that gave data on this socket
    shutdown_announced: bool = False
    ledger: Ledger = field(init=False)
    _socket: ClientConnection | None = None

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.venue, self.route.streams)

    @property
    def ready(self) -> bool:
        """Whether every subscription is answered for and most give data: it may take over from another."""
        return self.ledger.complete and 2 * len(self.seen) >= len(self.ledger.acknowledged) > 0

    async def open(self) -> None:
        """Handshake; raises OSError, TimeoutError or a websockets exception."""
        direct = urlsplit(self.route.url).hostname in LOOPBACK
        self._socket = await connect(
            self.route.url,
            max_size=MAX_FRAME_BYTES,
            max_queue=MAX_UNREAD_FRAMES,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            proxy=None if direct else True,
        )
        self.opened_ns = self.clock.monotonic_ns()
        self.ledger.subscribe(self.route.streams)

    async def run(self) -> None:
        """Read until the connection is lost; always ends with LostError or cancellation."""
        assert self._socket is not None
        tending = asyncio.create_task(self._tend(self._socket))
        reading = asyncio.create_task(self._read(self._socket))
        try:
            done, _ = await asyncio.wait({tending, reading}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except ConnectionClosed as error:
            raise LostError(str(error)) from error
        finally:
            for task in (tending, reading):
                task.cancel()
            await asyncio.gather(tending, reading, return_exceptions=True)

    async def close(self) -> None:
        """Say goodbye briefly, then drop the connection whatever the peer does."""
        if self._socket is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close()
        except TimeoutError:
            self._socket.transport.abort()

    async def _read(self, socket: ClientConnection) -> None:
        stream_of, now_ns, on_frame = self.venue.stream_of, self.clock.now_ns, self.on_frame
        while True:
            frame = await socket.recv(decode=False)
            stream = stream_of(frame)
            on_frame(self, stream, now_ns(), frame)
            self.frames += 1
            if stream:
                self.watchdog.data(stream, self.clock.monotonic_ns())
                self.seen.add(stream)
            else:
                self._control(frame)
            while not self.may_read():
                await asyncio.sleep(TEND_S / 10)

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

    async def _tend(self, socket: ClientConnection) -> None:
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
                await socket.send(message, text=True)
                continue
            await asyncio.sleep(TEND_S)

    def _raise_alarm(self, alarm: Alarm) -> None:
        silent_s = (self.clock.monotonic_ns() - alarm.since_ns) / SECOND_NS
        log.warning("%s is silent for %.0f s on an open connection; %s", alarm.stream, silent_s, alarm.step)
        if alarm.step == "reconnect":
            raise LostError(f"{alarm.stream} stayed silent for {silent_s:.0f} s")
        self.on_alarm(alarm)
        self.ledger.renew([alarm.stream])
