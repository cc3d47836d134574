"""Market data of Coinbase: one frame to its rows, or the reason why not.

A frame that counts on its connection counts even when it is not understood, unless a change of one of our books may be
lost with it: then its number stays missing, and all books of the connection are made anew.
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import msgspec
from msgspec import UNSET

from market.errors import FrameError
from venues import reading
from venues.coinbase import control, exchange_frames, frames, write
from venues.reading import Reader, keys_of, unsaid
from venues.rows import Rows
from venues.streams import symbol_of
from venues.venue import Listings
from venues.writing import nothing

BOOK = "l2_data"
_unknown = msgspec.json.Decoder(frames.Unknown).decode


def reader(struct: Any, keys: Callable[[Any], int | None], writes: reading.Write) -> Reader:
    """The reader of a struct. Not strict: sizes become floats from JSON strings, inside the decoder."""
    return Reader(msgspec.json.Decoder(struct, strict=False).decode, keys, writes)


def _framed(keys_of_event: Callable[[Any], int]) -> Callable[[Any], int]:
    """Keys of a frame with such events."""
    return lambda frame: keys_of(frame) + sum(map(keys_of_event, frame.events))


def _book_keys(event: frames.Book) -> int:
    return 3 + 3 * len(event.updates) + sum([level.event_time is not UNSET for level in event.updates])


ADVANCED_TRADE: Mapping[str, Reader] = {
    BOOK: reader(frames.Frame[frames.Book], _framed(_book_keys), write.books),
    "market_trades": reader(frames.Frame[frames.Trades], _framed(lambda e: 2 + 6 * len(e.trades)), write.trades),
    "ticker": reader(frames.Frame[frames.Tickers], _framed(lambda e: 2 + keys_of(*e.tickers)), write.tickers),
    "ticker_batch": reader(frames.Frame[frames.Tickers], unsaid, write.tickers),
    "status": reader(frames.Frame[frames.Products], unsaid, write.statuses),
    **{
        channel: reader(frames.Frame[msgspec.Raw], unsaid, write.counted)
        for channel in ("heartbeats", "subscriptions", "candles")
    },
}
EXCHANGE: Mapping[str, Reader] = {
    "snapshot": reader(exchange_frames.Snapshot, keys_of, write.exchange_snapshot),
    "l2update": reader(exchange_frames.Update, keys_of, write.exchange_update),
    "match": reader(exchange_frames.Match, keys_of, write.exchange_match),
    "last_match": reader(exchange_frames.Match, keys_of, write.exchange_match),
    "ticker": reader(exchange_frames.Ticker, keys_of, write.exchange_ticker),
    "status": reader(exchange_frames.Products, unsaid, write.exchange_statuses),
    "subscriptions": reader(frames.Unknown, unsaid, nothing),
    "heartbeat": reader(frames.Unknown, unsaid, nothing),
}


def read_advanced_trade(frame: bytes, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Append the rows of a frame, all or none. Raises FrameError with the reason."""
    word = control.word_of(frame)
    try:
        if word not in ADVANCED_TRADE:
            refuse(frame)
        reading.read(ADVANCED_TRADE[word], frame, received, position, listings, rows)
    except FrameError:
        if not may_lose_a_change(frame, word, listings):
            count(frame, position, rows)
        raise


def read_exchange(frame: bytes, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Append the rows of a frame of Exchange, all or none. Raises FrameError with the reason."""
    word = control.word_of(frame)
    if word not in EXCHANGE:
        refuse(frame)
    reading.read(EXCHANGE[word], frame, received, position, listings, rows)


def refuse(frame: bytes) -> NoReturn:
    """Raise FrameError: what the venue complains of, or that there is no reader for such a frame."""
    message = reading.decoded(_unknown, frame)
    answer = control.read_reply(message)
    if answer is not None and answer.kind == "error":
        raise FrameError(f"the venue refused a request: {answer.text}")
    raise FrameError(f"no reader for {message.channel or message.type or 'an object like this'}")


def may_lose_a_change(frame: bytes, word: str, listings: Listings) -> bool:
    """Whether a frame that is not understood may have told of a change of a book of ours; "" is any frame."""
    symbols = {symbol_of(stream) for stream in control.streams_of(frame)}
    return word in ("", BOOK) and (not symbols or not symbols.isdisjoint(listings))


def count(frame: bytes, position: int, rows: Rows) -> None:
    """Append the number of a frame that is not understood otherwise, if it has one."""
    try:
        number = reading.decoded(_unknown, frame).sequence_num
        reading.refuse_duplicates(frame)
    except FrameError:
        return
    if number is not UNSET:
        rows.numbers.append((position, number))
