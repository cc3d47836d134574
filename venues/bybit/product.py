"""`Bybit`: one category of Bybit v5. Spot, linear and inverse are this with other parameters, not copies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from market.calendar import ALWAYS
from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from venues.bybit import control, metadata
from venues.bybit.read import read
from venues.keys import Layout
from venues.rows import Rows
from venues.venue import (
    Action,
    Capability,
    Channel,
    Keepalive,
    Limits,
    Listings,
    Reply,
    Request,
    Requests,
    Route,
    Seen,
    Texts,
)

MAX_ARGUMENTS = 21_000  # characters of all topics of one connection, quotes and commas counted
MOST_LEVELS = 200


@dataclass(frozen=True)
class Bybit:
    """One category, by its parameters."""

    name: str
    category: Literal["spot", "linear", "inverse"]
    stream_url: str
    rest_url: str
    topics: tuple[str, ...]  # before ".<symbol>"
    keys: Layout
    capability: Capability
    limits: Limits
    keepalive: Keepalive
    calendar: str = ALWAYS
    secrets: tuple[str, ...] = ()
    snapshot_levels: int = MOST_LEVELS

    def at(self, *, stream_url: str, rest_url: str) -> "Bybit":
        """The same category at other base URLs: a test network, a simulated exchange."""
        return replace(self, stream_url=stream_url.rstrip("/"), rest_url=rest_url.rstrip("/"))

    def routes(self, symbols: Sequence[str]) -> tuple[Route, ...]:
        """As many sockets as the limit of topics asks for, each with all topics of its symbols."""
        url = f"{self.stream_url}/v5/public/{self.category}"
        parts = list(self._parts(symbols))
        return tuple(
            Route(f"public-{number}" if number > 1 else "public", url, topics, self.carries("public"))
            for number, topics in enumerate(parts, 1)
        )

    def _parts(self, symbols: Sequence[str]) -> list[tuple[str, ...]]:
        parts: list[list[str]] = [[]]
        for symbol in symbols:
            topics = [f"{topic}.{symbol}" for topic in self.topics]
            part = [*parts[-1], *topics]
            if len(part) <= self.limits.streams_per_connection and _characters(part) <= MAX_ARGUMENTS:
                parts[-1] = part
            elif len(topics) <= self.limits.streams_per_connection and _characters(topics) <= MAX_ARGUMENTS:
                parts.append(topics)
            else:
                raise VenueError(f"the topics of {symbol[:40]} alone are beyond what {self.name} allows a connection")
        return [tuple(part) for part in parts]

    def carries(self, route: str) -> frozenset[Channel]:  # noqa: ARG002 - every socket carries all of them
        """All channels of the category; marks come with the tickers."""
        channels = {control.channel_of(f"{topic}.") for topic in self.topics}
        return frozenset(channels | {Channel.MARK} if Channel.TICKER in channels else channels)

    def login(self, secrets: Mapping[str, str], time_ns: int) -> tuple[bytes, ...]:  # noqa: ARG002 - public data
        """Nothing: market data are public."""
        return ()

    def headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002
        """None."""
        return {}

    def requests(self, action: Action, streams: Sequence[str], first_id: int) -> Requests:
        """Client messages."""
        return control.requests(action, streams, first_id, self.limits.streams_per_request)

    def reply(self, frame: bytes) -> Reply | None:
        """Answer, pong or notice of maintenance."""
        return control.reply(frame)

    def refuses(self, code: int, reason: str) -> bool:
        """Unavailable for legal reasons (451, or 403 for a whole country), and no path like this (404).

        403 alone is a ban of some minutes for too many requests.
        """
        return code in (404, 451) or (code == 403 and "country" in reason.lower())

    def streams_of(self, frame: bytes) -> tuple[str, ...]:
        """The topic of the frame."""
        topic = control.topic_of(frame)
        return (topic,) if topic and topic != control.STATUS else ()

    def channel_of(self, stream: str) -> Channel:
        """What a topic carries."""
        return control.channel_of(stream)

    def symbol_of(self, stream: str) -> str:
        """Whose data a topic carries."""
        return control.symbol_of(stream)

    def snapshot_request(self, symbol: str) -> None:
        """None: a subscription begins with the full book."""

    def metadata_requests(self, symbols: Sequence[str]) -> tuple[Request, ...]:
        """GET instruments-info, a symbol at a time: asked for all, it gives them in pages, without the unlaunched."""
        url = f"{self.rest_url}/v5/market/instruments-info?category={self.category}&symbol="
        return tuple(Request(url + symbol, 1) for symbol in symbols)

    def read_metadata(self, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
        """Definitions out of instruments-info."""
        return metadata.read_instruments(self.name, bodies, symbols, inverse=self.category == "inverse")

    def read(self, frame: bytes, receive_time: int, position: int, listings: Listings, rows: Rows) -> None:
        """Append the rows of one frame."""
        read(frame, receive_time, position, listings, rows)

    def read_snapshot(
        self,
        body: bytes,  # noqa: ARG002
        symbol: str,
        receive_time: int,  # noqa: ARG002
        position: int,  # noqa: ARG002
        listings: Listings,  # noqa: ARG002
        rows: Rows,  # noqa: ARG002
    ) -> None:
        """Always FrameError: a REST book has the update ids of level 1000, which no message of our level continues."""
        raise FrameError(f"a REST book of {symbol}: no message of {self.topics[0]} continues its update id")

    def texts(self, frame: bytes) -> tuple[Texts, ...]:
        """Decimal texts of a frame."""
        return metadata.texts(frame)

    def infer(self, symbol: str, seen: Seen) -> InstrumentDefined:
        """A definition from steps that were seen."""
        return metadata.infer(symbol, seen, inverse=self.category == "inverse")


def _characters(topics: Sequence[str]) -> int:
    return sum(len(topic) + 3 for topic in topics)
