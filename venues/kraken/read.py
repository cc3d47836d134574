"""Market data of Kraken's WebSocket v2: one frame to its rows, or the reason why not."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from market.errors import FrameError
from venues import reading
from venues.kraken import control, frames, write
from venues.reading import Reader, keys_of, unsaid
from venues.rows import Rows
from venues.venue import Listings
from venues.writing import nothing

_unknown = msgspec.json.Decoder(frames.Unknown).decode


def reader(struct: Any, keys: Callable[[Any], int | None], writes: reading.Write) -> Reader:
    """The reader of a struct."""
    return Reader(msgspec.json.Decoder(struct).decode, keys, writes)


def _framed(frame: frames.Frame[Any]) -> int:
    return 3 + keys_of(*frame.data)


def _book_keys(frame: frames.Frame[frames.Book]) -> int:
    return _framed(frame) + 2 * sum([len(book.bids) + len(book.asks) for book in frame.data])


READERS: Mapping[str, Reader] = {
    "book": reader(frames.Frame[frames.Book], _book_keys, write.books),
    "trade": reader(frames.Frame[frames.Trade], _framed, write.trades),
    "ticker": reader(frames.Frame[frames.Ticker], _framed, write.tickers),
    control.INSTRUMENT: reader(frames.Instruments, unsaid, write.instruments),
    "status": reader(frames.SystemStatus, unsaid, write.system),
    **{channel: reader(frames.Unknown, unsaid, nothing) for channel in ("heartbeat", "ohlc")},
}


def read(frame: bytes, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Append the rows of a frame, all or none; nothing for answers. Raises FrameError with the reason."""
    word = control.word_of(frame)
    if word:
        chosen = READERS.get(word)
        if chosen is None:
            raise FrameError(f"no reader for {word}")
        reading.read(chosen, frame, received, position, listings, rows)
        return
    message = reading.decoded(_unknown, frame)
    reading.refuse_duplicates(frame)
    answer = control.read_reply(message)
    if message.error and (answer is None or answer.kind == "error"):
        raise FrameError(f"the venue refused request {message.req_id}: {message.error}")
    if answer is None:
        raise FrameError(f"no reader for {message.method or 'an object like this'}")
