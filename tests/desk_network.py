"""A mock venue of the simulator (`simulator.venues.desk.Desk`) as a network in virtual time.

The client's library is here too: it answers pings, sends its own, and gives a peer up that does not answer them.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from market.clock import SECOND_NS
from simulator.venues.desk import Answer as Said
from simulator.venues.desk import Desk, Session
from sources import transport
from sources.rest import Answer
from sources.transport import LostError, named_wait_s
from tests.virtual import VirtualClock


@dataclass
class DeskNetwork:
    """`opener` and `get` of a `Feed`, against one desk. `pings`: the client's library pings as it does in earnest."""

    desk: Desk
    clock: VirtualClock
    latency_s: float = 0.02
    pings: bool = True

    async def opener(self, url: str) -> "DeskSocket":
        await asyncio.sleep(self.latency_s)
        found = self.desk.connect(_path(url), {}, self.clock.now_ns())
        if isinstance(found, Said):
            wait_s = named_wait_s(dict(found.headers).get("Retry-After"))
            text = f"server rejected WebSocket connection: HTTP {found.status}"
            raise LostError(text, found.status, found.body.decode("utf-8", "replace"), wait_s)
        return DeskSocket(found, self.clock, pings=self.pings)

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        await asyncio.sleep(self.latency_s)
        found = self.desk.get(_path(url), headers, self.clock.now_ns())
        return Answer(found.status, {name.lower(): text for name, text in found.headers}, found.body)


class DeskSocket:
    """A `sources.transport.Socket`."""

    def __init__(self, session: Session, clock: VirtualClock, *, pings: bool) -> None:
        self._session, self._clock, self._pings = session, clock, pings
        self._wake = asyncio.Event()
        self._pinged_ns = clock.now_ns()
        self._ponged = True

    async def receive(self, take: Callable[[bytes], None], may_take: Callable[[], bool]) -> None:
        while True:
            now_ns = self._clock.now_ns()
            frames, close = self._session.due(now_ns)
            for frame in frames:
                if frame.opcode == "ping":
                    self._session.receive(frame.data, now_ns, "pong")
                elif frame.opcode == "pong":
                    self._ponged = True
                elif frame.role == "claim":
                    self._session.leave()
                    raise LostError("sent 1009 (message too big); no close frame received")
                else:
                    take(frame.data)
                    while not may_take():
                        await asyncio.sleep(transport.LOOK_AGAIN_S)
            if close:
                raise _lost(close.code, close.reason)
            if not self._session.open:
                raise LostError("no close frame received")
            if self._pings:
                self._ping(now_ns)
            await self._sleep(self._session.desk.next_ns - now_ns)

    async def send(self, message: bytes) -> None:
        if not self._session.open:
            raise LostError("no close frame received")
        self._session.receive(message, self._clock.now_ns())
        self._wake.set()

    async def close(self) -> None:
        self._session.leave()

    def _ping(self, now_ns: int) -> None:
        waited_s = (now_ns - self._pinged_ns) / SECOND_NS
        if not self._ponged and waited_s >= transport.PING_TIMEOUT_S:
            self._session.leave()
            raise LostError("keepalive ping timeout; no close frame received")
        if self._ponged and waited_s >= transport.PING_INTERVAL_S:
            self._pinged_ns, self._ponged = now_ns, False
            self._session.receive(b"alive", now_ns, "ping")
            self._wake.set()

    async def _sleep(self, ahead_ns: int) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(min(max(ahead_ns / SECOND_NS, 1e-4), 1.0)):
                await self._wake.wait()
        except TimeoutError:
            pass


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _lost(code: int, reason: str) -> LostError:
    if code == 1006:
        return LostError("no close frame received")
    return LostError(f"received {code} {reason}".rstrip(), code, reason)
