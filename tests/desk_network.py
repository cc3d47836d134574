"""A mock venue of the simulator (`simulator.venues.desk.Desk`) as a network in virtual time.

The client's library is here too: it answers pings, sends its own, and gives a peer up that does not answer them.
`Truth` remembers what was true of the venue's books at every moment.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from market.clock import SECOND_NS
from simulator.venues.book import BUY, SELL
from simulator.venues.desk import Answer as Said
from simulator.venues.desk import Desk, Session
from simulator.venues.market import Market, Step
from sources import transport
from sources.rest import Answer
from sources.transport import LostError, named_wait_s
from tests.virtual import VirtualClock

DEPTH = 10  # levels a side that are remembered
GOODBYE_S = 0.1  # that a close takes
Levels = tuple[tuple[int, int], ...]  # ticks, lots, best first
Sides = tuple[Levels, Levels]  # bids, asks


class Truth:
    """A market that remembers every state of its books."""

    def __init__(self, market: Market, start_ns: int) -> None:
        self._market = market
        self.listings, self.mark = market.listings, market.mark
        self.states: list[list[tuple[int, Sides]]] = [[(start_ns, self._now(i))] for i in range(len(market.listings))]

    @property
    def books(self) -> object:
        return self._market.books

    @property
    def next_ns(self) -> int | None:
        return self._market.next_ns

    def step(self) -> Step:
        step = self._market.step()
        self.states[step.instrument].append((step.time_ns, self._now(step.instrument)))
        return step

    def _now(self, instrument: int) -> Sides:
        book = self._market.books[instrument]
        sides = (sorted(book.side(side).items(), reverse=side == BUY)[:DEPTH] for side in (BUY, SELL))
        bids, asks = (tuple(levels) for levels in sides)
        return bids, asks


@dataclass
class DeskNetwork:
    """`opener` and `get` of a `Feed`, against one desk. `pings`: the client's library pings as it does in earnest."""

    desk: Desk
    clock: VirtualClock
    latency_s: float = 0.02
    pings: bool = True
    sockets: list["DeskSocket"] = field(default_factory=list)  # that are open

    @property
    def now_ns(self) -> int:
        """The venue's own time, which no skew of the client's changes."""
        return self.clock.start_ns + self.clock.monotonic_ns()

    def cut(self) -> None:
        """The client's process is gone: all its sockets with it."""
        for socket in tuple(self.sockets):
            socket.leave()

    async def opener(self, url: str) -> "DeskSocket":
        await asyncio.sleep(self.latency_s)
        found = self.desk.connect(_path(url), {}, self.now_ns)
        if isinstance(found, Said):
            wait_s = named_wait_s(dict(found.headers).get("Retry-After"))
            text = f"server rejected WebSocket connection: HTTP {found.status}"
            raise LostError(text, found.status, found.body.decode("utf-8", "replace"), wait_s)
        self.sockets.append(DeskSocket(found, self))
        return self.sockets[-1]

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        await asyncio.sleep(self.latency_s)
        found = self.desk.get(_path(url), headers, self.now_ns)
        return Answer(found.status, {name.lower(): text for name, text in found.headers}, found.body)


class DeskSocket:
    """A `sources.transport.Socket`."""

    def __init__(self, session: Session, network: DeskNetwork) -> None:
        self._session, self._network = session, network
        self._wake = asyncio.Event()
        self._pinged_ns = network.now_ns
        self._ponged = True

    async def receive(self, take: Callable[[bytes], None], may_take: Callable[[], bool]) -> None:
        while True:
            now_ns = self._network.now_ns
            frames, close = self._session.due(now_ns)
            for frame in frames:
                if frame.opcode == "ping":
                    self._session.receive(frame.data, now_ns, "pong")
                elif frame.opcode == "pong":
                    self._ponged = True
                elif frame.role == "claim":
                    self.leave()
                    raise LostError("sent 1009 (message too big); no close frame received")
                else:
                    take(frame.data)
                    while not may_take():
                        await asyncio.sleep(transport.LOOK_AGAIN_S)
            if close:
                self.leave()
                raise _lost(close.code, close.reason)
            if not self._session.open:
                self.leave()
                raise LostError("no close frame received")
            if self._network.pings:
                self._ping(now_ns)
            await self._sleep(self._session.desk.next_ns - now_ns)

    async def send(self, message: bytes) -> None:
        if not self._session.open:
            raise LostError("no close frame received")
        self._session.receive(message, self._network.now_ns)
        self._wake.set()

    async def close(self) -> None:
        if self in self._network.sockets:
            await asyncio.sleep(GOODBYE_S)
            self.leave()

    def leave(self) -> None:
        """Gone, without a word."""
        if self in self._network.sockets:
            self._network.sockets.remove(self)
        if self._session.open:
            self._session.leave()

    def _ping(self, now_ns: int) -> None:
        waited_s = (now_ns - self._pinged_ns) / SECOND_NS
        if not self._ponged and waited_s >= transport.PING_TIMEOUT_S:
            self.leave()
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
