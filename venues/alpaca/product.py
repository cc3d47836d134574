"""`Alpaca`: one feed of Alpaca. Stocks of all exchanges, stocks of IEX and crypto are this with other parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from venues.alpaca import control, metadata
from venues.alpaca.read import read, texts
from venues.keys import Layout
from venues.reading import Reader
from venues.rows import Rows
from venues.streams import symbol_of
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

SECRETS = ("alpaca_key", "alpaca_secret")
UNVERIFIABLE = Capability("none", snapshot="stream", trade_ids="scattered")


@dataclass(frozen=True)
class Alpaca:
    """One feed, by its parameters. We ask for JSON text; frames of its binary form, msgpack, are dead letters."""

    name: str
    path: str
    channels: tuple[str, ...]  # that a symbol is subscribed to
    quotes: Channel  # what best quotes are: the book, or a word beside it
    asset_class: str
    calendar: str
    reader: Reader
    keys: Layout
    limits: Limits
    most_symbols: int
    stream_url: str = "wss://stream.data.alpaca.markets"
    rest_url: str = "https://api.alpaca.markets"
    capability: Capability = UNVERIFIABLE
    keepalive: Keepalive | None = None
    secrets: tuple[str, ...] = SECRETS
    snapshot_levels: int = WHOLE_BOOK

    def at(self, *, stream_url: str, rest_url: str) -> "Alpaca":
        """The same feed at other base URLs: the sandbox, a paper account, a simulated exchange."""
        return replace(self, stream_url=stream_url.rstrip("/"), rest_url=rest_url.rstrip("/"))

    def routes(self, symbols: Sequence[str]) -> tuple[Route, ...]:
        """One socket; raises VenueError beyond the limit of symbols."""
        if len(symbols) > self.most_symbols:
            raise VenueError(
                f"{len(symbols)} symbols of {self.name}, the plan allows {self.most_symbols}; name fewer, or use a feed"
                " of a larger plan"
            )
        streams = tuple(f"{channel}:{symbol}" for channel in self.channels for symbol in symbols)
        return (Route("stream", self.stream_url + self.path, streams, self.carries("stream")),)

    def carries(self, route: str) -> frozenset[Channel]:  # noqa: ARG002 - there is one
        """What the socket carries."""
        return frozenset(map(self.channel_of, self.channels))

    def login(self, secrets: Mapping[str, str], time_ns: int) -> tuple[bytes, ...]:  # noqa: ARG002
        """Key and secret, within 10 s of the greeting."""
        return (control.login(secrets, SECRETS),)

    def headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Key and secret."""
        return {
            "APCA-API-KEY-ID": secrets.get("alpaca_key", ""),
            "APCA-API-SECRET-KEY": secrets.get("alpaca_secret", ""),
        }

    def requests(self, action: Action, streams: Sequence[str], first_id: int) -> Requests:
        """Client messages."""
        return control.requests(action, streams, first_id, self.limits.streams_per_request)

    def reply(self, frame: bytes) -> Reply | None:
        """Login, ack, refusal."""
        return control.reply(frame)

    def refuses(self, code: int, reason: str) -> bool:  # noqa: ARG002
        """No path like this (404), and unavailable for legal reasons (451); the login is refused by a message."""
        return code in (404, 451)

    def streams_of(self, frame: bytes) -> tuple[str, ...]:
        """The streams of its messages."""
        return control.streams_of(frame)

    def channel_of(self, stream: str) -> Channel:
        """What a stream carries."""
        return control.channel_of(stream, self.quotes)

    def symbol_of(self, stream: str) -> str:
        """`trades:AAPL` -> `AAPL`."""
        return symbol_of(stream)

    def snapshot_request(self, symbol: str) -> Request | None:  # noqa: ARG002
        """None: subscribing anew brings the book."""
        return None

    def metadata_requests(self, symbols: Sequence[str]) -> tuple[Request, ...]:  # noqa: ARG002 - it lists all
        """GET the list of assets."""
        return (Request(f"{self.rest_url}/v2/assets?status=active&asset_class={self.asset_class}", 1),)

    def read_metadata(self, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
        """Definitions out of the list of assets."""
        return metadata.read_assets(self.name, bodies[0], symbols, self.asset_class)

    def read(self, frame: bytes, receive_time: int, position: int, listings: Listings, rows: Rows) -> None:
        """Append the rows of one frame."""
        read(self.reader, frame, receive_time, position, listings, rows)

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
        return metadata.infer(symbol, seen, self.asset_class)
