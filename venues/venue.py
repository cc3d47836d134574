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

Action = Literal["SUBSCRIBE", "UNSUBSCRIBE"]
Requests = list[tuple[int, bytes, tuple[str, ...]]]  # client messages: id, bytes, the streams that they name
WHOLE_BOOK = 1 << 20  # levels a side of a snapshot that always is the whole book


class Channel(StrEnum):
    """What a stream carries, in the order of shedding when a queue is full; the last two are never shed."""

    DEPTH = "depth"
    TICKER = "ticker"
    MARK = "mark"
    TRADE = "trade"
    STATUS = "status"  # halts, instruments, funding: rare, and may be silent for long


@dataclass(frozen=True)
class Capability:
    """How loss of a depth message shows, and what keeping a book of this venue takes."""

    detection: Literal["counter", "chain", "range", "checksum", "none"]  # none: unverifiable, which is never clean
    scope: Literal["symbol", "connection"] = "symbol"
    checked: Literal["before", "after"] = "before"  # applying the message
    snapshot: Literal["rest", "stream"] = "rest"  # stream: a full book comes in band, first of all
    checksum: Literal["", "kraken", "okx"] = ""  # how a CRC32 of the book is written; see operators/book/checksum.py
    depths: tuple[int, ...] = ()  # levels a side that may be subscribed to, where the client must cut its book there
    trade_ids: Literal["dense", "scattered"] = "dense"  # scattered: hashes, or not in order
    corrects: bool = False  # trades may be taken back or corrected later
    begins_at: int = (
        0  # update id of a full book in band that replaces any other, however new that is; 0: there is none
    )


@dataclass(frozen=True)
class Limits:
    """What the venue allows us; beyond it lies disconnection or a ban."""

    streams_per_connection: int
    streams_per_request: int
    requests_per_second: int  # client messages on one connection, pings and pongs included
    weight_per_minute: int  # REST budget per IP
    connection_life_s: int | None = None  # forced disconnect; None: the venue names none
    connections: int = 300  # attempts per address …
    connections_per_s: int = 300  # … in so many seconds
    requests_per_hour: int | None = None  # subscribe and unsubscribe messages on one connection
    request_bytes: int = 1 << 16  # of one client message
    may_overlap: bool = True  # two connections at once, for a rotation


@dataclass(frozen=True)
class Keepalive:
    """What the client must send so that the venue does not close."""

    message: bytes
    every_s: float
    only_idle: bool = False  # only when nothing came for so long


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
    """A frame that is about the connection and not about the market.

    ack and error answer a request by its id, or name streams, or (`whole`) name every stream that is subscribed.
    """

    kind: Literal["ack", "error", "login", "refused", "shutdown", "maintenance", "pong"]
    request: int | None = None  # id of the request it answers
    text: str = ""
    streams: tuple[str, ...] = ()
    whole: bool = False
    back: bool = False  # maintenance: it is over


class Listing(NamedTuple):
    """What reading a frame needs of an instrument."""

    instrument: int  # row in the shard's instrument table
    ticks: Ticks


Listings = Mapping[str, Listing]  # by symbol


class Venue(Protocol):
    """One market of one exchange. Symbols are spelled as the venue does, upper case.

    A stream is what can be subscribed to and go silent by itself: a channel of a symbol. Its name is ours where the
    venue has none: "book:BTC/USD".
    """

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
    def keepalive(self) -> Keepalive | None:
        """What the client must send now and then; None: answering pings is enough."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that its market data need, such as "alpaca_key"; () for none."""

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

    def login(self, secrets: Mapping[str, str], time_ns: int) -> tuple[bytes, ...]:
        """Client messages that come before any subscription, each answered by a "login" reply; () for none."""

    def headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """HTTP headers of REST requests."""

    def requests(self, action: Action, streams: Sequence[str], first_id: int) -> Requests:
        """Client messages, as many as the limits ask for; ids from `first_id` on."""

    def reply(self, frame: bytes) -> Reply | None:
        """What a control frame says; None for market data. Cheap on data frames."""

    def refuses(self, code: int, reason: str) -> bool:
        """Whether a close code, or an HTTP status of the handshake, says that trying again is of no use."""

    def streams_of(self, frame: bytes) -> tuple[str, ...]:
        """The streams that a frame has data of, () for none. Cheap: it looks at the first bytes where it can."""

    def channel_of(self, stream: str) -> Channel:
        """What a stream carries."""

    def symbol_of(self, stream: str) -> str:
        """Whose data a stream carries."""

    def snapshot_request(self, symbol: str) -> Request | None:
        """Where the full book is; None where it comes in band, so that subscribing anew asks for it."""

    def metadata_requests(self, symbols: Sequence[str]) -> tuple[Request, ...]:
        """Where tick and lot sizes are; () where the venue publishes none and `read_metadata` knows them."""

    def read_metadata(self, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
        """Definitions of these symbols out of the answers; raises VenueError naming the ones that are not listed."""

    def read(self, frame: bytes, receive_time: int, position: int, listings: Listings, rows: Rows) -> None:
        """Append the rows of one frame, all or none; nothing for control frames. Raises FrameError with the reason.

        The slow path, and what holds: a frame that fits `keys` must give the same rows here.
        """

    def read_snapshot(
        self, body: bytes, symbol: str, receive_time: int, position: int, listings: Listings, rows: Rows
    ) -> None:
        """Append the rows of a REST book, all or none. Raises FrameError with the reason."""

    def texts(self, frame: bytes) -> "Sequence[Texts]":
        """The symbols and decimal texts of a frame, to infer steps from. Raises FrameError."""

    def infer(self, symbol: str, seen: "Seen") -> InstrumentDefined:
        """A definition from what was seen; the rest from what is public about the venue."""


class Texts(NamedTuple):
    """Decimal texts of one frame; `symbol` is "" where the frame names none."""

    symbol: str
    prices: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()


class Seen(NamedTuple):
    """What the decimal texts of a recording show of one symbol."""

    tick_size: str  # finest step in use
    lot_size: str
    price_decimals: int  # most places behind the point, zeros counted
    size_decimals: int


def listing(number: int, instrument: Instrument) -> Listing:
    """The listing of a row of the instrument table."""
    return Listing(number, Ticks(instrument.tick_size))
