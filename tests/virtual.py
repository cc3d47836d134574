"""Time that jumps and sockets in memory: the real feed of a venue lives through days in seconds, without a network.

`run` gives a coroutine a loop whose clock goes on only when nobody has anything to do. `Network` stands for the way to
a venue: `opener` opens sockets and `get` answers requests, both by a `Server` of the test's.
"""

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from market.clock import SECOND_NS
from sources import transport
from sources.rest import Answer
from sources.transport import LostError

START_NS = 1_790_000_000 * SECOND_NS  # wall clock at virtual time 0: a Monday in September 2026, 14:13 UTC
GOODBYE_S = 0.1  # that a close takes
Result = TypeVar("Result")


class _Jump(selectors.DefaultSelector):  # type: ignore[valid-type,misc]  # chosen by the platform
    """Waits for nothing: the time that a wait would take is over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.time_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits for something that will never come")
        self.time_s += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.time_s

    def freeze(self, seconds: float) -> None:
        """Time that passes while nobody here runs, as on a machine that sleeps."""
        self._jump.time_s += seconds


@dataclass
class VirtualClock:
    """The clock of a virtual loop; `skew_ns` may be set any time: the wall clock alone is wrong by so much."""

    loop: asyncio.AbstractEventLoop
    start_ns: int = START_NS
    skew_ns: int = 0

    def now_ns(self) -> int:
        return self.start_ns + self.skew_ns + self.monotonic_ns()

    def monotonic_ns(self) -> int:
        return round(self.loop.time() * SECOND_NS)


def run(body: Callable[[VirtualClock], Coroutine[Any, Any, Result]], start_ns: int = START_NS) -> Result:
    """Run a coroutine in virtual time, from its beginning."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(body(VirtualClock(runner.get_loop(), start_ns)))


class RefusedHandshakeError(Exception):
    """A handshake answered with an HTTP status."""

    def __init__(self, status: int, retry_after_s: float | None = None, body: str = "") -> None:
        super().__init__(f"server rejected WebSocket connection: HTTP {status}")
        self.status, self.retry_after_s, self.body = status, retry_after_s, body


@dataclass(eq=False)
class Wire:
    """The server's end of a connection in memory."""

    url: str
    opened_ns: int
    half_open: bool = False  # nothing passes any more, and nobody is told
    is_open: bool = True
    heard: list[bytes] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)  # the server's
    _to_client: asyncio.Queue[bytes | LostError] = field(default_factory=asyncio.Queue)

    def send(self, frame: bytes) -> None:
        """Say something."""
        if self.is_open and not self.half_open:
            self._to_client.put_nowait(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Close with a code."""
        self._end(LostError(f"received {code} {reason}".rstrip(), code, reason))

    def cut(self) -> None:
        """Drop the connection without a word."""
        self._end(LostError("no close frame received"))

    def _end(self, error: LostError) -> None:
        if self.is_open and not self.half_open:
            self._to_client.put_nowait(error)
        self.is_open = False

    async def next(self) -> bytes | LostError:
        """What the client gets next; a peer that is gone without a word is noticed by the library's pings."""
        while True:
            try:
                async with asyncio.timeout(transport.PING_INTERVAL_S + transport.PING_TIMEOUT_S):
                    return await self._to_client.get()
            except TimeoutError:
                if self.half_open:
                    return LostError("keepalive ping timeout; no close frame received")


class Server(Protocol):
    """What a test's venue does; raises RefusedHandshakeError in `connect`."""

    def connect(self, wire: Wire) -> None:
        """A connection is opened."""

    def hear(self, wire: Wire, message: bytes) -> None:
        """A message of the client."""

    def gone(self, wire: Wire) -> None:
        """The client closed, or dropped the connection."""

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Answer a request."""


@dataclass
class Network:
    """The way to a server."""

    server: Server
    clock: VirtualClock
    latency_s: float = 0.05
    wires: list[Wire] = field(default_factory=list)
    down: bool = False

    async def opener(self, url: str) -> "MemorySocket":
        await asyncio.sleep(self.latency_s)
        if self.down:
            raise OSError("network is unreachable")
        wire = Wire(url, self.clock.monotonic_ns())
        try:
            self.server.connect(wire)
        except RefusedHandshakeError as refused:
            raise LostError(str(refused), refused.status, refused.body, refused.retry_after_s) from refused
        self.wires.append(wire)
        return MemorySocket(wire, self.server)

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        await asyncio.sleep(self.latency_s)
        if self.down:
            raise OSError("network is unreachable")
        return self.server.get(url, headers)


class MemorySocket:
    """The client's end: a `sources.transport.Socket`."""

    def __init__(self, wire: Wire, server: Server) -> None:
        self._wire, self._server = wire, server
        self._closed = False

    async def receive(self, take: Callable[[bytes], None], may_take: Callable[[], bool]) -> None:
        while True:
            got = await self._wire.next()
            if isinstance(got, LostError):
                raise got
            take(got)
            while not may_take():
                await asyncio.sleep(transport.LOOK_AGAIN_S)

    async def send(self, message: bytes) -> None:
        if self._closed:
            raise LostError("closed by us")
        self._wire.heard.append(message)
        if self._wire.is_open and not self._wire.half_open:
            self._server.hear(self._wire, message)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await asyncio.sleep(GOODBYE_S)
            self._wire.is_open = False
            self._server.gone(self._wire)


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> Any:
    """Work beside the test; ended with it. What it raised by itself is raised."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        ended = task.done()
        task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
        if ended and isinstance(result, Exception):
            raise result
