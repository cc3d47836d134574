"""A mock venue at the other end of sockets in memory, and what was true of its books at every moment."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from market.clock import SECOND_NS
from simulator.venues.book import BUY, SELL
from simulator.venues.desk import Answer as Told
from simulator.venues.desk import Desk, Session
from simulator.venues.market import Market, Step
from sources.rest import Answer
from tests.virtual import RefusedHandshakeError, VirtualClock, Wire

DEPTH = 10  # levels a side that are remembered
TOO_BIG = 1009
NAP_S = 0.05
ROUNDING_S = 1e-6  # a clock of floats must not wake up just before
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
class DeskServer:
    """A `tests.virtual.Server` over a desk; `run` sends what is due."""

    desk: Desk
    clock: VirtualClock
    _sessions: dict[Wire, Session] = field(default_factory=dict)
    _stirred: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def now_ns(self) -> int:
        """The venue's own time, which no skew of the client's changes."""
        return self.clock.start_ns + self.clock.monotonic_ns()

    def connect(self, wire: Wire) -> None:
        told = self.desk.connect(_path(wire.url), {}, self.now_ns)
        if isinstance(told, Told):
            raise RefusedHandshakeError(told.status, _retry_after(told), told.body.decode())
        self._sessions[wire] = told
        self._stirred.set()

    def hear(self, wire: Wire, message: bytes) -> None:
        self._sessions[wire].receive(message, self.now_ns)
        self._stirred.set()

    def gone(self, wire: Wire) -> None:
        session = self._sessions.pop(wire, None)
        if session is not None:
            session.leave()

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        told = self.desk.get(_path(url), headers, self.now_ns)
        return Answer(told.status, {name.lower(): value for name, value in told.headers}, told.body)

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            for wire, session in tuple(self._sessions.items()):
                self._send(wire, session)
            # What a deaf connection still holds is due for ever.
            ahead_ns = self.desk.next_ns - self.now_ns
            wait_s = ahead_ns / SECOND_NS if ahead_ns > 0 else NAP_S
            self._stirred.clear()
            try:
                async with asyncio.timeout(wait_s + ROUNDING_S):
                    await self._stirred.wait()
            except TimeoutError:
                pass

    def _send(self, wire: Wire, session: Session) -> None:
        frames, close = session.due(self.now_ns)
        wire.half_open = self.desk.faults.deaf(session)
        for frame in frames:
            if frame.role == "claim":
                wire.close(TOO_BIG, "message too big")  # as the client's library does
            elif frame.opcode == "ping":
                session.receive(frame.data, self.now_ns, "pong")
            elif frame.opcode != "pong":
                wire.send(frame.data)
        if close is not None:
            wire.cut() if close.code == 1006 else wire.close(close.code, close.reason)
        if close is not None or not wire.is_open:
            session.leave()
            self._sessions.pop(wire, None)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _retry_after(told: Told) -> float | None:
    found = {name.lower(): value for name, value in told.headers}.get("retry-after", "")
    return float(found) if found.isdigit() else None
