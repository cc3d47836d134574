"""`Binance`: one product of Binance. Spot, USD-M and coin-M are this with other parameters, not copies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from market.calendar import ALWAYS
from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from venues.binance import control, metadata
from venues.binance.read import Reader, read
from venues.keys import Layout
from venues.reading import Spoiled
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


@dataclass(frozen=True)
class Path:
    """A path of the streaming host, and the streams of a symbol that it serves."""

    name: str
    path: str
    streams: tuple[str, ...]  # after "<symbol>@"


@dataclass(frozen=True)
class Binance:
    """One product, by its parameters."""

    name: str
    stream_url: str
    rest_url: str
    api: str  # path of the REST interface
    paths: tuple[Path, ...]
    readers: Mapping[str, Reader]
    keys: Layout
    capability: Capability
    limits: Limits
    snapshot_levels: int
    snapshot_weight: int
    metadata_weight: int
    inverse: bool = False
    calendar: str = ALWAYS
    keepalive: Keepalive | None = None
    secrets: tuple[str, ...] = ()

    def at(self, *, stream_url: str, rest_url: str) -> "Binance":
        """The same product at other base URLs: a test network, a simulated exchange."""
        return replace(self, stream_url=stream_url.rstrip("/"), rest_url=rest_url.rstrip("/"))

    def routes(self, symbols: Sequence[str]) -> tuple[Route, ...]:
        """One socket per path; raises VenueError beyond the limit of streams."""
        return tuple(self._route(path, symbols) for path in self.paths)

    def carries(self, route: str) -> frozenset[Channel]:
        """The channels of a route by its name, all for an unknown one."""
        named = [path for path in self.paths if path.name == route] or self.paths
        return frozenset(control.channel_of(f"@{stream}") for path in named for stream in path.streams)

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
        """Ack, refusal or announced shutdown."""
        return control.reply(frame)

    def streams_of(self, frame: bytes) -> tuple[str, ...]:
        """The name of the frame's stream; an announced shutdown has one too, but is about the connection."""
        name = control.stream_of(frame)
        return (name,) if name and name != control.SHUTDOWN else ()

    def refuses(self, code: int, reason: str) -> bool:  # noqa: ARG002
        """Unavailable for legal reasons (451), and no path like this (404)."""
        return code in (404, 451)

    def channel_of(self, stream: str) -> Channel:
        """What a stream carries."""
        return control.channel_of(stream)

    def symbol_of(self, stream: str) -> str:
        """Whose data a stream carries."""
        return control.symbol_of(stream)

    def snapshot_request(self, symbol: str) -> Request:
        """GET depth, as many levels as are given."""
        url = f"{self.rest_url}{self.api}/depth?symbol={symbol}&limit={self.snapshot_levels}"
        return Request(url, self.snapshot_weight)

    def metadata_requests(self, symbols: Sequence[str]) -> tuple[Request, ...]:  # noqa: ARG002 - it lists all
        """GET exchangeInfo."""
        return (Request(f"{self.rest_url}{self.api}/exchangeInfo", self.metadata_weight),)

    def read_metadata(self, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
        """Definitions out of exchangeInfo."""
        return metadata.read_exchange_info(self.name, bodies[0], symbols, inverse=self.inverse)

    def read(self, frame: bytes, receive_time: int, position: int, listings: Listings, rows: Rows) -> None:
        """Append the rows of one frame."""
        read(self.readers, frame, receive_time, position, listings, rows)

    def read_snapshot(
        self, body: bytes, symbol: str, receive_time: int, position: int, listings: Listings, rows: Rows
    ) -> None:
        """Append the rows of a REST book of a symbol."""
        book = self.readers["lastUpdateId"]
        try:
            event = book.bare(body)
            event.symbol = symbol
            book.write(event, receive_time, position, listings, rows)
        except FrameError:
            raise
        except Spoiled as error:
            raise FrameError(f"not a book of {symbol}: {error}") from error

    def texts(self, frame: bytes) -> tuple[Texts, ...]:
        """Decimal texts of a frame."""
        return (metadata.texts(frame),)

    def infer(self, symbol: str, seen: Seen) -> InstrumentDefined:
        """A definition from steps that were seen."""
        contract_size = metadata.inferred_contract_size(symbol) if self.inverse else "1"
        return InstrumentDefined(symbol, seen.tick_size, seen.lot_size, contract_size, self.inverse)

    def _route(self, path: Path, symbols: Sequence[str]) -> Route:
        streams = tuple(f"{symbol.lower()}@{stream}" for symbol in symbols for stream in path.streams)
        if len(streams) > self.limits.streams_per_connection:
            raise VenueError(
                f"{len(streams)} streams of {self.name} on one connection, the venue allows"
                f" {self.limits.streams_per_connection}; spread {len(symbols)} instruments over more shards"
            )
        return Route(path.name, self.stream_url + path.path, streams, self.carries(path.name))
