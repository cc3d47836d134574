"""`Okx`: the public market data of OKX v5, and what archives hold of it and of v3."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from market.calendar import ALWAYS
from market.errors import FrameError
from market.record import InstrumentDefined
from market.schema import NO_SEQUENCE, Kind
from venues.keys import Layout
from venues.okx import control, frames, metadata, write
from venues.okx.read import read
from venues.reading import Spoiled, refuse_duplicates
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
from venues.writing import find

CHANNELS = ("books", "trades", "tickers")  # of every instrument
CONTRACT_CHANNELS: Mapping[str, tuple[str, ...]] = {
    "SWAP": ("mark-price", "funding-rate", "index-tickers"),
    "FUTURES": ("mark-price",),
    "OPTION": ("mark-price",),
}
BOOKS_PER_CONNECTION = 29  # the venue asks for fewer than 30 channels of 50 or 400 levels on one
REST_LEVELS = 400
EVERYTHING = frozenset(Channel)
_rest_book = msgspec.json.Decoder(frames.RestBook, strict=False).decode


@dataclass(frozen=True)
class Okx:
    """One host of the venue, by its parameters."""

    name: str
    stream_url: str
    rest_url: str
    keys: Layout
    capability: Capability
    limits: Limits
    keepalive: Keepalive
    calendar: str = ALWAYS
    secrets: tuple[str, ...] = ()
    snapshot_levels: int = REST_LEVELS

    def at(self, *, stream_url: str, rest_url: str) -> "Okx":
        """The same venue at other base URLs: another region, a simulated exchange."""
        return replace(self, stream_url=stream_url.rstrip("/"), rest_url=rest_url.rstrip("/"))

    def routes(self, symbols: Sequence[str]) -> tuple[Route, ...]:
        """Sockets with fewer than 30 books each; the first also has what is of no one instrument."""
        url = f"{self.stream_url}/ws/v5/public"
        parts = [symbols[at : at + BOOKS_PER_CONNECTION] for at in range(0, len(symbols), BOOKS_PER_CONNECTION)] or [()]
        routes = [
            Route(f"public-{number}", url, tuple(stream for symbol in part for stream in _streams(symbol)), EVERYTHING)
            for number, part in enumerate(parts, 1)
        ]
        types = dict.fromkeys(metadata.instrument_type(symbol) for symbol in symbols)
        shared = (control.STATUS, *(f"{control.INSTRUMENTS}:{kind}" for kind in types))
        return (replace(routes[0], name="public", streams=shared + routes[0].streams), *routes[1:])

    def carries(self, route: str) -> frozenset[Channel]:  # noqa: ARG002 - every socket carries all of them
        """All channels."""
        return EVERYTHING

    def login(self, secrets: Mapping[str, str], time_ns: int) -> tuple[bytes, ...]:  # noqa: ARG002 - public data
        """Nothing: these channels are public."""
        return ()

    def headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002
        """None."""
        return {}

    def requests(self, action: Action, streams: Sequence[str], first_id: int) -> Requests:
        """Client messages."""
        return control.requests(action, streams, first_id, self.limits.streams_per_request)

    def reply(self, frame: bytes) -> Reply | None:
        """Answer, pong, announced shutdown or notice of maintenance; an answer names one stream."""
        return control.reply(frame)

    def refuses(self, code: int, reason: str) -> bool:  # noqa: ARG002
        """Login (4001), parameters (4002), accounts (4003), key (4007), too many channels (4008, 4009); 404 and 451."""
        return code in (404, 451, 4001, 4002, 4003, 4007, 4008, 4009)

    def streams_of(self, frame: bytes) -> tuple[str, ...]:
        """The streams that a frame has data of."""
        return control.streams_of(frame)

    def channel_of(self, stream: str) -> Channel:
        """What a stream carries."""
        return control.channel_of(stream)

    def symbol_of(self, stream: str) -> str:
        """Whose data a stream carries, "" for what is of no one instrument."""
        return control.symbol_of(stream)

    def snapshot_request(self, symbol: str) -> Request | None:
        """None where a subscription begins with the full book; else GET books, as the venue once announced."""
        if self.capability.snapshot == "stream":
            return None
        return Request(f"{self.rest_url}/api/v5/market/books?instId={symbol}&sz={self.snapshot_levels}", 1)

    def metadata_requests(self, symbols: Sequence[str]) -> tuple[Request, ...]:
        """GET public/instruments, once per type."""
        url = f"{self.rest_url}/api/v5/public/instruments?"
        return tuple(Request(url + query, 1) for query in metadata.queries(symbols))

    def read_metadata(self, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
        """Definitions out of public/instruments."""
        return metadata.read_instruments(self.name, bodies, symbols)

    def read(self, frame: bytes, receive_time: int, position: int, listings: Listings, rows: Rows) -> None:
        """Append the rows of one frame."""
        read(frame, receive_time, position, listings, rows)

    def read_snapshot(
        self, body: bytes, symbol: str, receive_time: int, position: int, listings: Listings, rows: Rows
    ) -> None:
        """Append the rows of a REST book; its seqId is of the same series as those of the channel books."""
        try:
            answer = _rest_book(body)
            refuse_duplicates(body)
            (book,) = answer.data
            if book.seqId is msgspec.UNSET:
                raise FrameError(f"a REST book of {symbol} without seqId: nothing tells which message continues it")
            write.write_book(book, Kind.SNAPSHOT, NO_SEQUENCE, find(listings, symbol), receive_time, position, rows)
        except FrameError:
            raise
        except Spoiled as error:
            raise FrameError(f"not a book of {symbol}: {error}") from error

    def texts(self, frame: bytes) -> tuple[Texts, ...]:
        """Decimal texts of a frame."""
        return metadata.texts(frame)

    def infer(self, symbol: str, seen: Seen) -> InstrumentDefined:
        """A definition from steps that were seen."""
        return metadata.infer(symbol, seen)


def _streams(symbol: str) -> tuple[str, ...]:
    channels = CHANNELS + CONTRACT_CHANNELS.get(metadata.instrument_type(symbol), ())
    return tuple(f"{channel}:{symbol}" for channel in channels)
