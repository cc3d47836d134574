"""`Massive`: one cluster of Massive (ex Polygon.io). Stocks and crypto are this with other parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from venues import reading
from venues.keys import Layout
from venues.massive import control
from venues.massive.read import texts
from venues.reading import Reader
from venues.rows import Rows
from venues.venue import (
    WHOLE_BOOK,
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

SECRET = "massive_key"  # noqa: S105 - its name
UNVERIFIABLE = Capability("none", snapshot="stream", trade_ids="scattered")


@dataclass(frozen=True)
class Massive:
    """One cluster, by its parameters."""

    name: str
    path: str
    channels: tuple[str, ...]  # that a symbol is subscribed to
    calendar: str
    reader: Reader
    keys: Layout
    limits: Limits
    define: Callable[[str, str, str], InstrumentDefined]  # symbol, tick size, lot size
    steps: tuple[str, str]  # of price and size
    stream_url: str = "wss://socket.massive.com"
    rest_url: str = "https://api.massive.com"
    capability: Capability = UNVERIFIABLE
    keepalive: Keepalive | None = None
    secrets: tuple[str, ...] = (SECRET,)
    snapshot_levels: int = WHOLE_BOOK

    def at(self, *, stream_url: str, rest_url: str) -> "Massive":
        """The same cluster at other base URLs: the delayed feed, a simulated exchange."""
        return replace(self, stream_url=stream_url.rstrip("/"), rest_url=rest_url.rstrip("/"))

    def routes(self, symbols: Sequence[str]) -> tuple[Route, ...]:
        """One socket; raises VenueError beyond the limit of streams."""
        streams = tuple(f"{channel}.{symbol}" for channel in self.channels for symbol in symbols)
        if len(streams) > self.limits.streams_per_connection:
            raise VenueError(
                f"{len(streams)} streams of {self.name} on one connection, we take"
                f" {self.limits.streams_per_connection} for what one can follow; name fewer instruments"
            )
        return (Route("stream", self.stream_url + self.path, streams, self.carries("stream")),)

    def carries(self, route: str) -> frozenset[Channel]:  # noqa: ARG002 - there is one
        """What the socket carries."""
        return frozenset(map(self.channel_of, self.channels))

    def login(self, secrets: Mapping[str, str], time_ns: int) -> tuple[bytes, ...]:  # noqa: ARG002
        """The key."""
        return (control.login(secrets, SECRET),)

    def headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The key."""
        return {"Authorization": f"Bearer {secrets.get(SECRET, '')}"}

    def requests(self, action: Action, streams: Sequence[str], first_id: int) -> Requests:
        """Client messages."""
        return control.requests(action, streams, first_id, self.limits.streams_per_request)

    def reply(self, frame: bytes) -> Reply | None:
        """Login, acks, refusals."""
        return control.reply(frame)

    def refuses(self, code: int, reason: str) -> bool:  # noqa: ARG002
        """No path like this (404), and unavailable for legal reasons (451); the login is refused by a message."""
        return code in (404, 451)

    def streams_of(self, frame: bytes) -> tuple[str, ...]:
        """The streams of its messages."""
        return control.streams_of(frame)

    def channel_of(self, stream: str) -> Channel:
        """What a stream carries."""
        return control.channel_of(stream)

    def symbol_of(self, stream: str) -> str:
        """`T.BRK.A` -> `BRK.A`."""
        return stream.partition(".")[2]

    def snapshot_request(self, symbol: str) -> Request | None:  # noqa: ARG002
        """None: every quote says all there is."""
        return None

    def metadata_requests(self, symbols: Sequence[str]) -> tuple[Request, ...]:  # noqa: ARG002
        """None: its list of tickers has no steps."""
        return ()

    def read_metadata(self, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:  # noqa: ARG002
        """The steps that the market has."""
        return [self.define(symbol, *self.steps) for symbol in symbols]

    def read(self, frame: bytes, receive_time: int, position: int, listings: Listings, rows: Rows) -> None:
        """Append the rows of one frame."""
        reading.read(self.reader, frame, receive_time, position, listings, rows)

    def read_snapshot(
        self,
        body: bytes,  # noqa: ARG002
        symbol: str,
        receive_time: int,  # noqa: ARG002
        position: int,  # noqa: ARG002
        listings: Listings,  # noqa: ARG002
        rows: Rows,  # noqa: ARG002
    ) -> None:
        """Books come in band; raises FrameError."""
        raise FrameError(f"{self.name} has no book of {symbol} over REST")

    def texts(self, frame: bytes) -> tuple[Texts, ...]:
        """Decimal texts of a frame."""
        return texts(frame)

    def infer(self, symbol: str, seen: Seen) -> InstrumentDefined:
        """A definition from steps that were seen."""
        return self.define(symbol, seen.tick_size, seen.lot_size)
