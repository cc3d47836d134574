"""What a live check used of the venue's limits, and what became of its subscriptions."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from market.clock import SECOND_NS, Clock
from sources.budget import Budget
from sources.transport import Opener, Socket
from sources.websocket import Feed
from venues.venue import Channel, Venue


@dataclass
class Usage:
    """Counted at the sockets, so that nothing that was sent is left out but pongs, which the library sends."""

    clock: Clock
    opened: int = 0
    messages: int = 0
    most_messages: int = 0  # within a second, on one connection
    most_weight: float = 0.0  # of REST requests, within a minute

    def counting(self, opener: Opener) -> Opener:
        """The same way to open sockets, counted."""

        async def opened(url: str) -> Socket:
            self.opened += 1
            return _Counted(await opener(url), self._sent())

        return opened

    def look(self, budget: Budget) -> None:
        """Note what the REST requests of the last minute weigh."""
        self.most_weight = max(self.most_weight, budget.spent)

    def _sent(self) -> Callable[[], None]:
        last: deque[int] = deque()

        def count() -> None:
            now_ns = self.clock.monotonic_ns()
            last.append(now_ns)
            while now_ns - last[0] >= SECOND_NS:
                last.popleft()
            self.messages += 1
            self.most_messages = max(self.most_messages, len(last))

        return count


@dataclass
class _Counted:
    """A socket that counts what is sent."""

    socket: Socket
    count: Callable[[], None]

    async def receive(self, take: Callable[[bytes], None], may_take: Callable[[], bool]) -> None:
        await self.socket.receive(take, may_take)

    async def send(self, message: bytes) -> None:
        self.count()
        await self.socket.send(message)

    async def close(self) -> None:
        await self.socket.close()


@dataclass(frozen=True)
class Subscriptions:
    """What became of the streams of one route."""

    route: str
    url: str
    state: str
    reason: str
    generation: int  # sockets that were open so far, one after the other; 0: there never was one
    asked: tuple[str, ...]
    acknowledged: frozenset[str]
    seen: frozenset[str]  # gave data
    refused: dict[str, str] = field(default_factory=dict)  # stream and reason: left out, for a time

    @property
    def unanswered(self) -> list[str]:
        """Streams that the venue said nothing about."""
        return [one for one in self.asked if one not in self.acknowledged | self.seen and one not in self.refused]

    def silent(self, venue: Venue) -> dict[Channel, list[str]]:
        """Streams that were acknowledged and gave no data, by channel; statuses may be silent for days."""
        found: dict[Channel, list[str]] = {}
        for stream in self.asked:
            channel = venue.channel_of(stream)
            if stream in self.acknowledged - self.seen and channel is not Channel.STATUS:
                found.setdefault(channel, []).append(stream)
        return found


def subscriptions(feed: Feed) -> list[Subscriptions]:
    """Of every route, as they are now."""
    data = frozenset(feed.last_data_ns)
    return [
        Subscriptions(
            keeper.route.name,
            keeper.route.url,
            keeper.state,
            keeper.reason,
            keeper.generation,
            keeper.route.streams,
            frozenset(() if keeper.live is None else keeper.live.ledger.acknowledged),
            data & frozenset(keeper.route.streams),
            {stream: kept.reason for stream, kept in keeper.quarantine.kept.items()},
        )
        for keeper in feed.keepers
    ]


@dataclass
class Peak:
    """`Usage.look` for a feed, wherever it is convenient to call it."""

    usage: Usage

    def report(self, feed: Feed) -> None:
        """Called by the feed about every second."""
        self.usage.look(feed.budget)
