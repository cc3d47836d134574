"""`Streamed`: a venue with public market data and full books in band; what it says and hears is a `Dialect`.

Coinbase and Kraken, the products of today and the formats of their archives, are this with other functions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from market.calendar import ALWAYS
from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from venues.keys import Layout
from venues.rows import Rows
from venues.streams import symbol_of
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

LEGAL, NOT_FOUND = 451, 404


@dataclass(frozen=True)
class Dialect:
    """How one format of one venue is spoken, as pure functions."""

    channels: tuple[str, ...]  # of every symbol
    alone: tuple[str, ...]  # streams of a connection, without a symbol
    requests: Callable[[Action, Sequence[str], int, int], Requests]  # the last: symbols per request
    reply: Callable[[bytes], Reply | None]
    streams_of: Callable[[bytes], tuple[str, ...]]
    channel_of: Callable[[str], Channel]
    read: Callable[[bytes, int, int, Listings, Rows], None]
    texts: Callable[[bytes], Sequence[Texts]]
    infer: Callable[[str, Seen], InstrumentDefined]
    metadata: Callable[[Sequence[str]], str]  # path and query of the list of these symbols
    read_metadata: Callable[[str, Sequence[bytes], Sequence[str]], list[InstrumentDefined]]
    keys: Layout


@dataclass(frozen=True)
class Streamed:
    """One venue, by its parameters."""

    name: str
    stream_url: str
    path: str  # of the stream
    rest_url: str
    dialect: Dialect
    capability: Capability
    limits: Limits
    snapshot_levels: int
    keepalive: Keepalive | None = None
    calendar: str = ALWAYS
    secrets: tuple[str, ...] = ()

    @property
    def keys(self) -> Layout:
        """How its messages are written."""
        return self.dialect.keys

    def at(self, *, stream_url: str, rest_url: str) -> "Streamed":
        """The same venue at other base URLs."""
        return replace(self, stream_url=stream_url.rstrip("/"), rest_url=rest_url.rstrip("/"))

    def routes(self, symbols: Sequence[str]) -> tuple[Route, ...]:
        """One socket, as what is lost on it is told by connection or by symbol; VenueError beyond its streams."""
        of_symbols = tuple(f"{channel}:{symbol}" for symbol in symbols for channel in self.dialect.channels)
        streams = (*self.dialect.alone, *of_symbols)
        if len(streams) > self.limits.streams_per_connection:
            raise VenueError(
                f"{len(streams)} streams of {self.name} on one connection, the limit is"
                f" {self.limits.streams_per_connection}; spread {len(symbols)} instruments over more shards"
            )
        return (Route("stream", self.stream_url + self.path, streams, self.carries("stream")),)

    def carries(self, route: str) -> frozenset[Channel]:  # noqa: ARG002 - there is one
        """All channels."""
        return frozenset(map(self.dialect.channel_of, self.dialect.channels))

    def login(self, secrets: Mapping[str, str], time_ns: int) -> tuple[bytes, ...]:  # noqa: ARG002 - public data
        """Nothing: market data are public."""
        return ()

    def headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002
        """None."""
        return {}

    def requests(self, action: Action, streams: Sequence[str], first_id: int) -> Requests:
        """Client messages."""
        return self.dialect.requests(action, streams, first_id, self.limits.streams_per_request)

    def reply(self, frame: bytes) -> Reply | None:
        """Ack, refusal, notice."""
        return self.dialect.reply(frame)

    def refuses(self, code: int, reason: str) -> bool:  # noqa: ARG002
        """Unavailable for legal reasons (451), and no path like this (404)."""
        return code in (NOT_FOUND, LEGAL)

    def streams_of(self, frame: bytes) -> tuple[str, ...]:
        """The streams that a frame has data of."""
        return self.dialect.streams_of(frame)

    def channel_of(self, stream: str) -> Channel:
        """What a stream carries."""
        return self.dialect.channel_of(stream)

    def symbol_of(self, stream: str) -> str:
        """Whose data a stream carries; "" for one of the whole connection."""
        return symbol_of(stream)

    def snapshot_request(self, symbol: str) -> None:
        """None: the full book comes in band."""

    def metadata_requests(self, symbols: Sequence[str]) -> tuple[Request, ...]:
        """GET the list of instruments."""
        return (Request(self.rest_url + self.dialect.metadata(symbols), 1),)

    def read_metadata(self, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
        """Definitions out of the list of instruments."""
        return self.dialect.read_metadata(self.name, bodies, symbols)

    def read(self, frame: bytes, receive_time: int, position: int, listings: Listings, rows: Rows) -> None:
        """Append the rows of one frame."""
        self.dialect.read(frame, receive_time, position, listings, rows)

    def read_snapshot(
        self,
        body: bytes,  # noqa: ARG002
        symbol: str,
        receive_time: int,  # noqa: ARG002
        position: int,  # noqa: ARG002
        listings: Listings,  # noqa: ARG002
        rows: Rows,  # noqa: ARG002
    ) -> None:
        """Always FrameError: nothing in a REST book tells where in the stream it belongs."""
        raise FrameError(f"a REST book of {symbol}: nothing tells where in the stream of {self.name} it belongs")

    def texts(self, frame: bytes) -> Sequence[Texts]:
        """Decimal texts of a frame."""
        return self.dialect.texts(frame)

    def infer(self, symbol: str, seen: Seen) -> InstrumentDefined:
        """A definition from what was seen."""
        return self.dialect.infer(symbol, seen)
