"""The real `Feed` against a `PlainServer` in virtual time."""

import contextlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from market import record
from market.clock import SECOND_NS
from sources import connection, keeper, websocket
from sources.control import Wish
from sources.keeper import Keeper
from sources.shared import Shared
from sources.websocket import Feed
from tests.plain_venue import PlainServer, PlainVenue
from tests.virtual import Network, VirtualClock, running


@dataclass
class Fed:
    """A feed that runs, and what it recorded so far."""

    clock: VirtualClock
    server: PlainServer
    network: Network
    feed: Feed
    wishes: list[Wish]
    _frames: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def frames(self) -> list[tuple[int, bytes]]:
        """Everything in order of the journal."""
        self._frames += self.feed.queue.take(1 << 30, 1 << 40)
        return self._frames

    @property
    def keeper(self) -> Keeper:
        """Of the first route."""
        return self.feed.keepers[0]

    def said(self, kind: type) -> list[Any]:
        """The records of a kind."""
        records = [record.decode(frame) for _, frame in self.frames if record.is_record(frame)]
        return [one for one in records if isinstance(one, kind)]

    def at_s(self, kind: type) -> list[float]:
        """When records of a kind were written, in virtual seconds."""
        found = [(time_ns, record.decode(frame)) for time_ns, frame in self.frames if record.is_record(frame)]
        return [(time_ns - self.clock.start_ns) / SECOND_NS for time_ns, one in found if isinstance(one, kind)]

    def live(self) -> set[str]:
        """Streams that give data on connections of now."""
        return {stream for keeper in self.feed.keepers if keeper.live for stream in keeper.live.seen}


def look_seldom(monkeypatch: pytest.MonkeyPatch, every_s: float = 10.0) -> None:
    """Let everything that only looks whether something is due look seldom: for tests of many hours."""
    monkeypatch.setattr(keeper, "LIVELY_S", every_s)
    monkeypatch.setattr(connection, "TEND_MOST_S", every_s)
    for name in ("ALIVE_EVERY_S", "REPORT_EVERY_S"):
        monkeypatch.setattr(websocket, name, every_s)


@contextlib.asynccontextmanager
async def fed(
    clock: VirtualClock,
    venue: PlainVenue | None = None,
    symbols: Sequence[str] = ("A", "B"),
    *,
    secrets: Mapping[str, str] | None = None,
    seed: int = 1,
    shared: Shared | None = None,
    server: PlainServer | None = None,
    look_every_s: float = 1.0,
    **switches: Any,
) -> AsyncIterator[Fed]:
    """A feed that has just begun; `switches` are the server's."""
    venue = venue or PlainVenue()
    server = server or PlainServer(venue, clock, **switches)
    network = Network(server, clock)
    if shared is None:
        shared = Shared.of(venue, clock, random.Random(seed).random, network.opener)  # type: ignore[arg-type]
    shared.secrets = lambda: dict(secrets or {})
    wishes: list[Wish] = []
    feed = Feed(
        venue,  # type: ignore[arg-type]
        tuple(symbols),
        clock,
        shared.random,
        wanted=lambda: [wishes.pop() for _ in range(len(wishes))],
        shared=shared,
        get=network.get,
        look_every_s=look_every_s,
    )
    async with running(feed.run()):
        yield Fed(clock, server, network, feed, wishes)
