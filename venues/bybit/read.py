"""Market data of Bybit: one frame to one decoded struct, and on to its rows; or the reason why not."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from market.errors import FrameError
from venues import reading
from venues.bybit import frames, write
from venues.bybit.control import read_reply, topic_of
from venues.reading import Reader, decoded, keys_of, unsaid
from venues.rows import Rows
from venues.venue import Listings

_control = msgspec.json.Decoder(frames.Control).decode


def _reader(struct: type[Struct], keys: Callable[[Any], int | None], writes: reading.Write) -> Reader:
    """Not strict: sizes become floats from JSON strings, inside the decoder."""
    return Reader(msgspec.json.Decoder(struct, strict=False).decode, keys, writes)


def _book(writes: reading.Write) -> Reader:
    return _reader(frames.BookFrame, lambda m: keys_of(m, m.data), writes)


READERS: Mapping[str, Reader] = {
    "orderbook.1": _book(write.best),
    **{f"orderbook.{depth}": _book(write.book) for depth in (25, 50, 100, 200, 500, 1000)},
    "publicTrade": _reader(frames.TradeFrame, lambda m: keys_of(m, *m.data), write.trades),
    "tickers": _reader(frames.TickerFrame, unsaid, write.ticker),
}
# Topics that we know and do not use, by their first word.
IDLE = frozenset(
    {"kline", "liquidation", "allLiquidation", "priceLimit", "insurance", "adlAlert", "kline_lt", "tickers_lt", "lt"}
)


def read(frame: bytes, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Append the rows of one frame. Raises FrameError with the reason."""
    topic = topic_of(frame)
    chosen = READERS.get(topic.rpartition(".")[0])
    if chosen is not None:
        reading.read(chosen, frame, received, position, listings, rows)
        return
    message = decoded(_control, frame)
    reading.refuse_duplicates(frame)
    if topic.partition(".")[0] not in IDLE:
        _read_control(message)


def _read_control(message: frames.Control) -> None:
    """A frame outside the topics of market data. Raises FrameError where it says more than an answer does."""
    try:
        answer = read_reply(message)
    except reading.Spoiled as error:
        raise FrameError(f"not understood: {error}") from error
    if message.topic and not message.topic.startswith("system."):
        raise FrameError(f"no reader for {message.topic[:40]}")
    if answer is None and not message.topic:
        raise FrameError("no reader for an object like this")
    if answer is not None and answer.kind in ("error", "refused"):
        raise FrameError(f"the venue refused request {answer.request}: {answer.text}")
