"""What every venue offers: its protocol as pure functions. Bytes in, rows and replies out; no sockets, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

from market.instrument import Instrument
from market.record import InstrumentDefined
from venues.decimals import Ticks
from venues.keys import Layout
from venues.rows import Rows


class Channel(StrEnum):
    """What a stream carries, in the order of shedding when a queue is full: the first goes first, trades never."""

    DEPTH = "depth"
    TICKER = "ticker"
    MARK = "mark"
    TRADE = "trade"


@dataclass(frozen=True)
class Capability:
    """How loss of a depth message shows."""

    detection: Literal["counter", "chain", "range", "checksum", "none"]
    scope: Literal["symbol", "connection"] = "symbol"
    checked: Literal["before", "after"] = "before"  # applying the message


@dataclass(frozen=True)
class Limits:
    """What the venue allows us; beyond it lies disconnection or a ban."""

    streams_per_connection: int
    streams_per_request: int
    requests_per_second: int  # client messages on one connection, pings and pongs included
    weight_per_minute: int  # REST budget per IP
    connection_life_s: int


@dataclass(frozen=True)
class Route:
    """One socket and what it carries."""

    name: str
    url: str
    streams: tuple[str, ...]
    channels: frozenset[Channel]


@dataclass(frozen=True)
class Request:
    """A GET over REST and what it costs of the budget."""

    url: str
    weight: int


@dataclass(frozen=True)
class Reply:
    """A frame that is about the connection and not about the market."""

    kind: Literal["ack", "error", "shutdown"]
    request: int | None = None  # id of the request it answers
    text: str = ""


class Listing(NamedTuple):
    """What reading a frame needs of an instrument."""

    instrument: int  # row in the shard's instrument table
    ticks: Ticks


class Venue(Protocol):
    """One market of one exchange. Symbols are spelled as the venue does, upper case."""

    @property
    def name(self) -> str:
        """The part of a shard before the slash."""

    @property
    def capability(self) -> Capability:
        """How a lost depth message shows."""

    @property
    def keys(self) -> Layout:
        """How its messages are written, for the scanner."""

    @property
    def limits(self) -> Limits:
        """What the venue allows."""

    @property
    def calendar(self) -> str:
        """When it trades: a name that market.calendar knows."""

    @property
    def snapshot_levels(self) -> int:
        """The most levels a side that a snapshot holds; one with fewer is the whole book."""

    def at(self, *, stream_url: str, rest_url: str) -> "Venue":
        """The same venue at other base URLs: a test network, a simulated exchange."""

    def routes(self, symbols: Sequence[str]) -> tuple[Route, ...]:
        """The sockets that a shard of these symbols needs; raises VenueError beyond the limit of streams."""

    def carries(self, route: str) -> frozenset[Channel]:
        """The channels of a route by its name; all of them for an unknown name, which is the safe answer."""

    def requests(
        self, action: Literal["SUBSCRIBE", "UNSUBSCRIBE"], streams: Sequence[str], first_id: int
    ) -> list[tuple[int, bytes, tuple[str, ...]]]:
        """Client messages as (id, bytes, streams), as many as the limits ask for."""

    def reply(self, frame: bytes) -> Reply | None:
        """What a control frame says; None for market data. Cheap on data frames."""

    def stream_of(self, frame: bytes) -> str:
        """Name of the stream that a frame belongs to, "" where it names none. Cheap: it looks at the first bytes."""

    def channel_of(self, stream: str) -> Channel:
        """What a stream carries."""

    def symbol_of(self, stream: str) -> str:
        """Whose data a stream carries."""

    def snapshot_request(self, symbol: str) -> Request:
        """Where the full book is."""

    def metadata_request(self) -> Request:
        """Where tick and lot sizes are."""

    def read_metadata(self, body: bytes, symbols: Sequence[str]) -> list[InstrumentDefined]:
        """Definitions of these symbols; raises VenueError naming the ones that are not listed."""

    def read(self, frame: bytes, receive_time: int, position: int, listings: Mapping[str, Listing], rows: Rows) -> None:
        """Append the rows of one frame, all or none; nothing for control frames. Raises FrameError with the reason.

        The slow path, and what holds: a frame that fits `keys` must give the same rows here.
        """

    def read_snapshot(
        self, body: bytes, symbol: str, receive_time: int, position: int, listings: Mapping[str, Listing], rows: Rows
    ) -> None:
        """Append the rows of a REST book, all or none. Raises FrameError with the reason."""

    def texts(self, frame: bytes) -> "Texts":
        """The symbol and the decimal texts of a frame, to infer steps from. Raises FrameError."""

    def infer(self, symbol: str, tick_size: str, lot_size: str) -> InstrumentDefined:
        """A definition from steps that were seen; the rest from what is public about the venue."""


class Texts(NamedTuple):
    """Decimal texts of one frame; `symbol` is "" where the frame names none."""

    symbol: str
    prices: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()


def listing(number: int, instrument: Instrument) -> Listing:
    """The listing of a row of the instrument table."""
    return Listing(number, Ticks(instrument.tick_size))
