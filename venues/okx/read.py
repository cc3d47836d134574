"""Market data of OKX: one frame to one decoded struct, and on to its rows; or the reason why not."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from market.errors import FrameError
from venues import reading
from venues.okx import frames, old_frames, old_write, write
from venues.okx.control import PONG, STATUS, read_reply, streams_of
from venues.reading import Reader, decoded, unsaid
from venues.rows import Rows
from venues.venue import Listings

_control = msgspec.json.Decoder(frames.Control).decode


def _reader(envelope: type[Struct], struct: type[Struct], writes: reading.Write) -> Reader:
    """Not strict: sizes, times and trade ids become numbers from JSON strings, inside the decoder."""
    frame = envelope[struct]  # type: ignore[index]
    return Reader(msgspec.json.Decoder(frame, strict=False).decode, unsaid, writes)


_BOOKS = _reader(frames.Frame, frames.Book, write.books)
_PICTURES = _reader(frames.Frame, frames.Book, write.pictures)
_TRADES = _reader(frames.Frame, frames.Trade, write.trades)
_OLD_BOOKS = _reader(old_frames.Frame, old_frames.Book, old_write.books)
# By the channel; of v3 by what follows the slash.
READERS: Mapping[str, Reader] = {
    "books": _BOOKS,
    "books-l2-tbt": _BOOKS,
    "books50-l2-tbt": _BOOKS,
    "books5": _PICTURES,
    "bbo-tbt": _PICTURES,
    "trades": _TRADES,
    "trades-all": _TRADES,
    "tickers": _reader(frames.Frame, frames.Ticker, write.tickers),
    "mark-price": _reader(frames.Frame, frames.MarkPrice, write.mark_prices),
    "index-tickers": _reader(frames.Frame, frames.Index, write.indices),
    "funding-rate": _reader(frames.Frame, frames.Funding, write.fundings),
    "instruments": _reader(frames.Frame, frames.Listed, write.instruments),
    "depth": _OLD_BOOKS,
    "depth_l2_tbt": _OLD_BOOKS,
    "depth5": _OLD_BOOKS,
    "trade": _reader(old_frames.Frame, old_frames.Trade, old_write.trades),
    "ticker": _reader(old_frames.Frame, old_frames.Ticker, old_write.tickers),
    "mark_price": _reader(old_frames.Frame, old_frames.MarkPrice, old_write.mark_prices),
    "funding_rate": _reader(old_frames.Frame, old_frames.Funding, old_write.fundings),
}
# Channels that we know and do not use; candles too.
IDLE = frozenset(
    {
        *("open-interest", "price-limit", "estimated-price", "opt-summary", "liquidation-orders", "adl-warning"),
        *("price_range", "estimated_price", STATUS),
    }
)
CONNECTION_COUNT = "channel-conn-count"


def read(frame: bytes, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Append the rows of one frame. Raises FrameError with the reason."""
    if frame == PONG:
        return
    channel = next(iter(streams_of(frame)), "").partition(":")[0]
    chosen = READERS.get(channel.rpartition("/")[2])
    if chosen is not None:
        reading.read(chosen, frame, received, position, listings, rows)
        return
    message = decoded(_control, frame)
    reading.refuse_duplicates(frame)
    _read_other(message)


def _read_other(message: frames.Control) -> None:
    """A frame outside the channels of market data. Raises FrameError where it is not known to say nothing."""
    if not message.event:
        channel = message.arg.channel or message.table.rpartition("/")[2]
        if channel not in IDLE and "candle" not in channel:
            raise FrameError(f"no reader for {channel[:40] or 'an object like this'}")
        return
    try:
        answer = read_reply(message)
    except reading.Spoiled as error:
        raise FrameError(f"not understood: {error}") from error
    if answer is not None and answer.kind in ("error", "refused"):
        raise FrameError(f"the venue refused request {answer.request}: {answer.text}")
    if answer is None and message.event != CONNECTION_COUNT:
        raise FrameError(f"event {message.event[:40]}: {message.msg[:200]} (code {message.code})")
