"""`Lean`: recorded US stocks as a venue, which can be imported and not connected to."""

# ruff: noqa: ARG002 - without a connection, most arguments have no use

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from market.errors import FrameError, VenueError
from market.record import InstrumentDefined
from venues.keys import Layout
from venues.lean import frames
from venues.lean.read import read, texts
from venues.rows import Rows
from venues.streams import channel_name, symbol_of
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

CENT, SHARE = Decimal("0.01"), Decimal(1)
CHANNELS = {"quote": Channel.DEPTH, "trade": Channel.TRADE}


@dataclass(frozen=True)
class Lean:
    """US stocks of past days."""

    name: str
    capability: Capability
    keys: Layout
    limits: Limits
    keepalive: Keepalive | None = None
    secrets: tuple[str, ...] = ()
    calendar: str = "XNYS"  # regular hours; ticks come from 4:00 to 20:00
    snapshot_levels: int = 1

    def at(self, *, stream_url: str, rest_url: str) -> "Lean":
        """Itself."""
        return self

    def routes(self, symbols: Sequence[str]) -> tuple[Route, ...]:
        """None: raises VenueError."""
        raise VenueError(f"{self.name} is recorded and cannot be connected to; use barograph import FILE.zip")

    def carries(self, route: str) -> frozenset[Channel]:
        """Quotes and trades."""
        return frozenset(CHANNELS.values())

    def login(self, secrets: Mapping[str, str], time_ns: int) -> tuple[bytes, ...]:
        """Nothing."""
        return ()

    def headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """None."""
        return {}

    def requests(self, action: Action, streams: Sequence[str], first_id: int) -> Requests:
        """None."""
        return []

    def reply(self, frame: bytes) -> Reply | None:
        """Every frame is data."""
        return None

    def refuses(self, code: int, reason: str) -> bool:
        """Nothing answers."""
        return False

    def streams_of(self, frame: bytes) -> tuple[str, ...]:
        """`trade:IBM`, `quote:IBM`."""
        name = frames.stream_of(frame)
        return (name,) if name else ()

    def channel_of(self, stream: str) -> Channel:
        """Quotes are the book."""
        return CHANNELS.get(channel_name(stream), Channel.TRADE)

    def symbol_of(self, stream: str) -> str:
        """`trade:IBM` -> `IBM`."""
        return symbol_of(stream)

    def snapshot_request(self, symbol: str) -> Request | None:
        """None: every quote says all there is."""
        return None

    def metadata_requests(self, symbols: Sequence[str]) -> tuple[Request, ...]:
        """None: what the files show is what is known."""
        return ()

    def read_metadata(self, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
        """Stocks in cents and single shares."""
        return [_stock(symbol, CENT, SHARE) for symbol in symbols]

    def read(self, frame: bytes, receive_time: int, position: int, listings: Listings, rows: Rows) -> None:
        """Append the rows of one frame."""
        read(frame, receive_time, position, listings, rows)

    def read_snapshot(
        self,
        body: bytes,
        symbol: str,
        receive_time: int,
        position: int,
        listings: Listings,
        rows: Rows,
    ) -> None:
        """There are none: raises FrameError."""
        raise FrameError(f"a snapshot of {symbol}, of which {self.name} has none")

    def texts(self, frame: bytes) -> tuple[Texts, ...]:
        """Decimal texts of a frame."""
        return (texts(frame),)

    def infer(self, symbol: str, seen: Seen) -> InstrumentDefined:
        """Cents and shares, or finer where finer ones were seen."""
        return _stock(symbol, min(CENT, Decimal(seen.tick_size)), min(SHARE, Decimal(seen.lot_size)))


def _stock(symbol: str, tick_size: Decimal, lot_size: Decimal) -> InstrumentDefined:
    return InstrumentDefined(symbol, f"{tick_size:f}", f"{lot_size:f}", base=symbol, quote="USD", kind="equity")
