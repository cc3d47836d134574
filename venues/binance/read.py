"""Market data of Binance: one frame to one decoded struct, and on to its rows; or the reason why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from market.errors import FrameError
from venues.binance import frames, write
from venues.binance.control import kind_of, read_reply, stream_of
from venues.keys import MAX_FRAME_BYTES
from venues.reading import Spoiled, Write, as_frame_error, refuse_duplicates
from venues.rows import Rows
from venues.venue import Listings

_unknown = msgspec.json.Decoder(frames.Unknown).decode


@dataclass(frozen=True)
class Reader:
    """How one kind of event is decoded and written as rows."""

    combined: Callable[[bytes], Any]
    bare: Callable[[bytes | msgspec.Raw], Any]
    required: int  # keys that the frame has at least, without its envelope
    optional: tuple[str, ...]
    write: Write

    def keys(self, event: Any) -> int:
        """How many keys the event's object has when none is unknown and none comes twice."""
        return self.required + sum([getattr(event, name) is not UNSET for name in self.optional])


def reader(struct: type[msgspec.Struct], writes: Write) -> Reader:
    """The reader of a struct. Not strict: sizes become floats from JSON strings, inside the decoder."""
    fields = msgspec.structs.fields(struct)
    optional = tuple(field.name for field in fields if not field.required)
    return Reader(
        msgspec.json.Decoder(frames.Combined[struct], strict=False).decode,  # type: ignore[valid-type]
        msgspec.json.Decoder(struct, strict=False).decode,
        len(fields) - len(optional),
        optional,
        writes,
    )


def read(
    readers: Mapping[str, Reader],
    frame: bytes,
    receive_time: int,
    position: int,
    listings: Listings,
    rows: Rows,
) -> None:
    """Append the rows of one frame. Raises FrameError with the reason."""
    if len(frame) > MAX_FRAME_BYTES:
        raise FrameError(f"frame of {len(frame)} bytes is over the limit of {MAX_FRAME_BYTES}")
    try:
        chosen = readers.get(kind_of(stream_of(frame)))
        if chosen is None:
            _read_other(readers, frame, receive_time, position, listings, rows)
            return
        event = chosen.combined(frame).data
        if frame.count(b":") != chosen.keys(event) + 2:
            refuse_duplicates(frame)
        chosen.write(event, receive_time, position, listings, rows)
    except Spoiled as error:
        raise as_frame_error(error) from error


def _read_other(
    readers: Mapping[str, Reader],
    frame: bytes,
    receive_time: int,
    position: int,
    listings: Listings,
    rows: Rows,
) -> None:
    """Frames outside known streams: events of raw sockets, bare books of captures, control frames."""
    message = _unknown(frame)
    refuse_duplicates(frame)
    name = message.e or (
        "lastUpdateId" if message.lastUpdateId is not UNSET else "bookTicker" if message.u is not UNSET else ""
    )
    chosen = readers.get(EVENT_STREAMS.get(name, name))
    if chosen is not None and message.data is UNSET:
        chosen.write(chosen.bare(frame), receive_time, position, listings, rows)
        return
    answer = read_reply(message)
    if answer is None and (name or kind_of(stream_of(frame))).partition("_")[0] in IDLE:
        return
    if answer is None:
        raise FrameError(f"no reader for {name or stream_of(frame) or 'an object like this'}")
    if answer.kind == "error":
        raise FrameError(f"the venue refused request {answer.request}: {answer.text}")


# Candles: our bars are made of trades.
IDLE = frozenset({"kline", "continuousKline", "continuous", "indexPriceKline", "markPriceKline"})
# Event type to the word that its stream's name has.
EVENT_STREAMS = {"depthUpdate": "depth", "markPriceUpdate": "markPrice"}


BOOK = reader(frames.Book, write.book)
_SHARED = {"trade": reader(frames.Trade, write.trade), "aggTrade": reader(frames.AggregateTrade, write.aggregate)}
SPOT_READERS: Mapping[str, Reader] = {
    "depth": reader(frames.SpotDepth, write.spot_depth),
    "bookTicker": reader(frames.SpotTicker, write.spot_ticker),
    "lastUpdateId": BOOK,
    **_SHARED,
}
FUTURES_READERS: Mapping[str, Reader] = {
    "depth": reader(frames.FuturesDepth, write.futures_depth),
    "bookTicker": reader(frames.FuturesTicker, write.futures_ticker),
    "markPrice": reader(frames.MarkPrice, write.mark),
    "lastUpdateId": BOOK,
    **_SHARED,
}
