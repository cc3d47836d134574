"""`Entry`: how requests reach the venue: over its order socket where it has one and it is open, else over HTTP.

Over the socket many requests are under way at once and answers come in any order. When the socket breaks, every
request without an answer is in doubt: NoAnswerError, as of HTTP. None is ever sent again, by neither way.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from market.clock import SECOND_NS, Clock
from sinks.orders.http import Answer, Leave, NoAnswerError, NotSentError, Pool, at_once, end_abruptly, is_loopback
from sinks.orders.terms import Terms
from sinks.orders.waits import Waits
from venues.orders import OrderRequest, OrderVenue

MOST_UNDER_WAY = 4_096  # requests without an answer on the socket; a further one goes over HTTP
FRAME_BYTES = 1 << 20
PING_S = 5.0  # a socket whose peer is gone is noticed after twice as long
LEAST_WAIT_S, MOST_WAIT_S = 0.25, 15.0

log = logging.getLogger("barograph.orders")


class Entry:
    """One venue's order entry; within one event loop."""

    def __init__(self, venue: OrderVenue, clock: Clock, terms: Terms, random: Callable[[], float]) -> None:
        self._venue, self._clock, self._terms = venue, clock, terms
        self._pool = Pool(clock, terms)
        self._waits = Waits(random, LEAST_WAIT_S, MOST_WAIT_S)
        self._socket: ClientConnection | None = None
        self._under_way: dict[int, asyncio.Future[Answer]] = {}
        self._number = 0

    async def ask(self, request: OrderRequest, leave: Leave = at_once) -> Answer:
        """Send once and wait for the answer. Raises NotSentError or NoAnswerError."""
        if self._socket is not None and len(self._under_way) < MOST_UNDER_WAY:
            self._number += 1
            frame = self._venue.socket_frame(request, self._number)
            if frame is not None:
                return await self._ask_socket(self._socket, frame, self._number, leave)
        return await self._pool.ask(request, leave)

    async def run(self) -> None:
        """Keep the order socket open, until cancelled; returns at once where there is none to be had."""
        url = self._venue.socket_url() if self._terms.order_socket else None
        if url is None:
            return
        while True:
            try:
                await self._hold(url)
                reason = "closed"
            except (OSError, TimeoutError, WebSocketException) as error:
                reason = str(error) or type(error).__name__
            wait_s = self._waits.next_s()
            log.warning("the order socket is lost (%s); orders go over HTTP, again in %.1f s", reason, wait_s)
            await asyncio.sleep(wait_s)

    def close(self) -> None:
        """Let go of what rests."""
        self._pool.close()

    async def _ask_socket(self, socket: ClientConnection, frame: bytes, number: int, leave: Leave) -> Answer:
        if why := leave():
            raise NotSentError(why)
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._under_way[number] = waiting
        try:
            async with asyncio.timeout(self._terms.answer_s):
                await socket.send(frame, text=True)
                return await waiting
        except TimeoutError:
            raise NoAnswerError(f"no answer within {self._terms.answer_s:g} s") from None
        except WebSocketException as error:
            raise NoAnswerError(f"the order socket was lost: {error}") from error
        finally:
            del self._under_way[number]

    async def _hold(self, url: str) -> None:
        """One connection, from its handshake to its loss."""
        opened_ns = self._clock.monotonic_ns()
        async with connected(url, self._terms.connect_s, PING_S) as socket:
            end_abruptly(socket.transport)
            self._socket = socket
            try:
                async for frame in socket:
                    self._take(frame if isinstance(frame, bytes) else frame.encode())
            finally:
                self._socket = None
                if self._clock.monotonic_ns() - opened_ns > MOST_WAIT_S * SECOND_NS:
                    self._waits.forget()
                for waiting in self._under_way.values():
                    if not waiting.done():
                        waiting.set_exception(NoAnswerError("the order socket was lost"))

    def _take(self, frame: bytes) -> None:
        answer = self._venue.socket_answer(frame)
        waiting = self._under_way.get(answer.number) if answer is not None else None
        if answer is not None and waiting is not None:
            with suppress(asyncio.InvalidStateError):
                waiting.set_result(Answer(answer.status, answer.body, self._clock.now_ns()))


class Straight(connect):
    """Goes where it was told to: to follow a redirect is to log in elsewhere."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Of websockets: where to go instead, or the error to raise."""
        return exc


def connected(url: str, open_s: float, ping_s: float | None) -> connect:
    """A WebSocket to a venue; raises OSError where orders must not go. Plain ones are for this machine alone."""
    parts = urlsplit(url)
    here = is_loopback(parts.hostname or "")
    if parts.scheme not in ("wss", "ws") or (parts.scheme == "ws" and not here):
        raise OSError(f"{parts.scheme}://{parts.hostname} is no address of a venue; it must be wss://host")
    return Straight(
        url,
        compression=None,
        max_size=FRAME_BYTES,
        open_timeout=open_s,
        close_timeout=0.5,
        ping_interval=ping_s,
        ping_timeout=ping_s,
        proxy=None,
    )
