"""`Stream`: the user stream: login, what it says, and a new connection when it is lost or silent.

A stream that shows no sign of life for `capability.quiet_s` is dead: pings are sent twice in that time, and a pong is a
sign of life. Reconnects wait with jitter, never less than LEAST_WAIT_S.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from market.clock import MILLISECOND_NS, SECOND_NS, Clock
from market.errors import FrameError
from sinks.orders.doubt import Enquire, same
from sinks.orders.entry import connected
from sinks.orders.waits import Waits
from venues.orders import OrderVenue, Said

LOGIN_S = 10.0
LEAST_WAIT_S, MOST_WAIT_S = 0.25, 30.0
HEALTHY_NS = 30 * SECOND_NS  # a connection that held for so long lets failures be forgotten

log = logging.getLogger("barograph.orders")


class StreamError(Exception):
    """The stream cannot be used; the text says why."""


class Stream:
    """`hear` takes what it says, `unread` a frame that cannot be read, `lost` why it is lost. `ready` runs once login
    and subscription hold, and is cancelled when they do not any more.
    """

    def __init__(
        self,
        venue: OrderVenue,
        clock: Clock,
        *,
        open_s: float,
        random: Callable[[], float],
        enquire: Enquire,
        hear: Callable[[Sequence[Said]], None],
        unread: Callable[[str], None],
        ready: Callable[[], Awaitable[None]],
        lost: Callable[[str], None],
    ) -> None:
        self._venue, self._clock, self._open_s = venue, clock, open_s
        self._enquire, self._hear, self._unread, self._ready, self._lost = enquire, hear, unread, ready, lost
        self._waits = Waits(random, LEAST_WAIT_S, MOST_WAIT_S)
        self._socket: ClientConnection | None = None

    async def run(self) -> None:
        """Keep it open until cancelled."""
        while True:
            try:
                await self._hold()
                reason = "the venue closed the user stream"
            except (OSError, TimeoutError, WebSocketException, StreamError) as error:
                reason = f"the user stream is lost: {error or type(error).__name__}"
            self._lost(reason)
            await asyncio.sleep(self._waits.next_s())

    def renew(self, reason: str) -> None:
        """Give the connection up: it does not say what it should."""
        if self._socket is not None:
            log.error("the user stream is given up: %s", reason)
            self._socket.transport.abort()

    async def _hold(self) -> None:
        key = await self._key()
        quiet_s = self._venue.capability.quiet_s
        async with connected(self._venue.stream_url(key), self._open_s, quiet_s / 2) as socket:
            began_ns = self._clock.monotonic_ns()
            async with asyncio.timeout(LOGIN_S):
                ready = not self._venue.capability.greets
                for hello in self._venue.stream_hello(self._now_ms()):
                    await socket.send(hello)
                    if not ready:  # a subscription before the login is answered may be refused
                        ready = self._take(await socket.recv(decode=False))
                while not ready:
                    ready = self._take(await socket.recv(decode=False))
            works = [asyncio.create_task(self._guarded(socket))]
            if self._venue.capability.keep_stream_s:
                works.append(asyncio.create_task(self._keep(key)))
            self._socket = socket
            try:
                while True:
                    self._take(await socket.recv(decode=False))
            finally:
                self._socket = None
                if self._clock.monotonic_ns() - began_ns >= HEALTHY_NS:
                    self._waits.forget()
                for work in works:
                    work.cancel()
                await asyncio.gather(*works, return_exceptions=True)

    async def _guarded(self, socket: ClientConnection) -> None:
        """Do what is due at the start; an error of ours ends the connection, which is then tried anew, and is told."""
        try:
            await self._ready()
        except Exception:
            log.exception("the start of the user stream failed")
            socket.transport.abort()
            raise

    async def _key(self) -> str:
        request = self._venue.stream_key(self._now_ms())
        if request is None:
            return ""
        answered = await self._enquire(partial(same, request))
        if not answered.stream_key:
            raise StreamError(answered.reason or "the venue gives no key for it")
        return answered.stream_key

    async def _keep(self, key: str) -> None:
        while True:
            await asyncio.sleep(self._venue.capability.keep_stream_s)
            request = self._venue.keep_stream(key, self._now_ms())
            if request is not None:
                await self._enquire(partial(same, request))

    def _take(self, frame: bytes) -> bool:
        """Hand on what a frame says; whether it says that login and subscription hold. Raises StreamError."""
        ready = self._venue.stream_ready(frame)
        if ready is False:
            raise StreamError("the venue ended the login")
        try:
            said = self._venue.stream_said(frame, self._clock.now_ns())
        except FrameError as error:
            self._unread(str(error))
        else:
            if said:
                self._hear(said)
        return bool(ready)

    def _now_ms(self) -> int:
        return self._clock.now_ns() // MILLISECOND_NS
