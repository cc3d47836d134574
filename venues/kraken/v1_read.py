"""Market data of Kraken's WebSocket v1: one frame to its rows, or the reason why not."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from market.errors import FrameError
from market.schema import NO_CHECKSUM, NO_TIME, Kind
from venues import reading
from venues.ids import number_of
from venues.kraken import v1_frames as frames
from venues.kraken import write
from venues.reading import Reader, unsaid
from venues.rows import Rows
from venues.times import from_seconds
from venues.venue import Listing, Listings
from venues.writing import find

LARGEST_CHECKSUM = 2**32 - 1


class Message(NamedTuple):
    """A frame of market data: payloads as yet unread, `book-1000`, the pair."""

    payloads: Sequence[msgspec.Raw]
    channel: str
    pair: str

    @property
    def kind(self) -> str:
        """The channel without its depth or interval."""
        return self.channel.partition("-")[0]


_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode
_event = msgspec.json.Decoder(frames.Event).decode


def read(frame: bytes, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Append the rows of a frame, all or none; nothing for answers. Raises FrameError with the reason."""
    reading.read(EVENT if frame[:1] == b"{" else MESSAGE, frame, received, position, listings, rows)


def message_of(frame: bytes) -> Message:
    """The parts of a frame of market data; raises FrameError or what the decoder raises."""
    parts = _parts(frame)
    if len(parts) < 4:
        raise FrameError(f"an array of {len(parts)} is no message: channel id, payload, channel, pair")
    return Message(parts[1:-2], _text(parts[-2]), _text(parts[-1]))


def _write_event(m: frames.Event, received: int, position: int, listings: Listings, rows: Rows) -> None:
    if m.errorMessage:
        raise FrameError(f"the venue refused request {m.reqid or m.pair}: {m.errorMessage}")
    if m.event == "systemStatus":
        for symbol in listings:
            write.write_status(symbol, m.status, write.EXCHANGE_WIDE, received, position, rows)
    elif m.event not in ("heartbeat", "pong", "subscriptionStatus"):
        raise FrameError(f"no reader for {m.event[:40]}")


def _write_message(m: Message, received: int, position: int, listings: Listings, rows: Rows) -> None:
    if m.kind == "ohlc":
        return
    writes = WRITERS.get(m.kind)
    if writes is None:
        raise FrameError(f"no reader for {m.channel[:40]}")
    writes(m, received, position, find(listings, m.pair), rows)


def _book(m: Message, received: int, position: int, listing: Listing, rows: Rows) -> None:
    """Bids and asks may come in a payload each, the checksum in the last."""
    parts = [_decoders["book"](payload) for payload in m.payloads]
    asks = _joined([part.snapshot_asks for part in parts]), _joined([part.asks for part in parts])
    bids = _joined([part.snapshot_bids for part in parts]), _joined([part.bids for part in parts])
    if (asks[0] is None and bids[0] is None) == (asks[1] is None and bids[1] is None):
        raise FrameError("a book with neither levels nor changes, or with both")
    kind = Kind.SNAPSHOT if asks[1] is None and bids[1] is None else Kind.DEPTH
    all_asks, all_bids = asks[0] or asks[1] or [], bids[0] or bids[1] or []
    time = max((from_seconds(level.time) for level in all_asks + all_bids), default=NO_TIME)
    write.write_levels(
        kind, (time, received, position), _checksum(parts[-1].c), listing, _pairs(all_bids), _pairs(all_asks), rows
    )


def _trades(m: Message, received: int, position: int, listing: Listing, rows: Rows) -> None:
    """Ids are made of what a trade says and how often it was said in this frame: the venue gives none."""
    said: Counter[str] = Counter()
    for payload in m.payloads:
        for trade in _decoders["trade"](payload):
            words = f"{trade.time} {trade.side} {trade.price} {trade.size!r}"
            said[words] += 1
            times = from_seconds(trade.time), received, position
            side = 1 if trade.side == "b" else -1
            identity = number_of(f"{words} {said[words]}")
            write.write_trade(times, identity, trade.price, trade.size, side, listing, rows)


def _ticker(m: Message, received: int, position: int, listing: Listing, rows: Rows) -> None:
    for payload in m.payloads:
        quote = _decoders["ticker"](payload)
        times, bid, ask = (NO_TIME, received, position), quote.b, quote.a
        write.write_ticker(times, listing, (bid.price, bid.size), (ask.price, ask.size), rows)


def _spread(m: Message, received: int, position: int, listing: Listing, rows: Rows) -> None:
    for payload in m.payloads:
        quote = _decoders["spread"](payload)
        times = from_seconds(quote.time), received, position
        write.write_ticker(times, listing, (quote.bid, quote.bid_size), (quote.ask, quote.ask_size), rows)


def _joined(sides: Sequence[list[frames.Level] | UnsetType]) -> list[frames.Level] | None:
    """The levels of all payloads; None where none has that key."""
    found = [side for side in sides if side is not UNSET]
    return [level for side in found for level in side] if found else None


def _pairs(levels: Sequence[frames.Level]) -> list[tuple[str, float]]:
    return [(level.price, level.size) for level in levels]


def _checksum(text: str | UnsetType) -> int:
    if text is UNSET:
        return NO_CHECKSUM
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_CHECKSUM):
        raise FrameError(f"checksum {text[:40]!r} is not an integer of 32 bits")
    return int(text)


def _lax(struct: Any) -> Callable[[bytes | msgspec.Raw], Any]:
    """Not strict: sizes become floats from JSON strings, inside the decoder."""
    return msgspec.json.Decoder(struct, strict=False).decode


_decoders = {
    "book": _lax(frames.Book),
    "trade": _lax(list[frames.Trade]),
    "ticker": _lax(frames.Ticker),
    "spread": _lax(frames.Spread),
}
WRITERS = {"book": _book, "trade": _trades, "ticker": _ticker, "spread": _spread}
MESSAGE = Reader(message_of, unsaid, _write_message)
EVENT = Reader(_event, unsaid, _write_event)
