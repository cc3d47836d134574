"""Frames about the connection: subscribe requests, their answers, and which stream a frame belongs to."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from venues.binance.frames import Unknown
from venues.reading import Spoiled
from venues.streams import parts
from venues.venue import Action, Channel, Reply, Requests

SHUTDOWN = "!serverShutdown"
_PREFIX = b'{"stream":"'
_CHANNELS = {
    "depth": Channel.DEPTH,
    "bookTicker": Channel.TICKER,
    "trade": Channel.TRADE,
    "aggTrade": Channel.TRADE,
    "markPrice": Channel.MARK,
}
_unknown = msgspec.json.Decoder(Unknown).decode


class _Named(msgspec.Struct, gc=False):
    stream: str = ""


_named = msgspec.json.Decoder(_Named).decode


def requests(action: Action, streams: Sequence[str], first_id: int, streams_per_request: int) -> Requests:
    """`{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms"],"id":1}`, split at the limit, ids from `first_id` on."""
    return [
        (number, msgspec.json.encode({"method": action, "params": part, "id": number}), part)
        for number, part in enumerate(parts(streams, streams_per_request), first_id)
    ]


def stream_of(frame: bytes) -> str:
    """Name of the stream of a combined frame, "" where it names none; quick where `stream` comes first, as it does."""
    if frame.startswith(_PREFIX):
        end = frame.find(b'"', len(_PREFIX))
        return frame[len(_PREFIX) : end].decode("utf-8", "replace") if end > 0 else ""
    try:
        return _named(frame).stream
    except Spoiled:
        return ""


def channel_of(stream: str) -> Channel:
    """What `btcusdt@depth@100ms` carries; unknown streams count as trades, which are never shed."""
    return _CHANNELS.get(kind_of(stream), Channel.TRADE)


def kind_of(stream: str) -> str:
    """The middle of a stream's name: depth, bookTicker, trade, aggTrade, markPrice."""
    parts = stream.split("@", 2)
    return parts[1] if len(parts) > 1 else ""


def symbol_of(stream: str) -> str:
    """`btcusdt@trade` -> `BTCUSDT`."""
    return stream.partition("@")[0].upper()


def reply(frame: bytes) -> Reply | None:
    """Ack, refusal or announced shutdown; None for anything else.

    An ack says nothing about the stream's existence: a wrong name is acknowledged and stays silent.
    """
    if frame.startswith(_PREFIX) and not frame.startswith(_PREFIX + SHUTDOWN.encode()):
        return None
    try:
        return read_reply(_unknown(frame))
    except Spoiled:
        return None


def read_reply(message: Unknown) -> Reply | None:
    """As `reply`, of a frame that is read already."""
    if message.data is not UNSET:
        return read_reply(_unknown(message.data))
    if message.e == "serverShutdown":
        return Reply("shutdown", text="the venue will shut this connection down")
    request = message.id if isinstance(message.id, int) else None
    if message.error is not UNSET:
        return Reply("error", request, f"{message.error.msg} (code {message.error.code})")
    if message.code is not UNSET:
        return Reply("error", request, f"{message.msg} (code {message.code})")
    if message.result is not UNSET and message.id is not UNSET:
        return Reply("ack", request)
    return None
