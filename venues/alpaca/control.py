"""Frames about the connection: login, subscriptions, their answers, and which streams a frame belongs to.

A stream is `<channel>:<symbol>`, as `trades:AAPL`; channels have the names that subscriptions give them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from market.errors import VenueError
from venues.alpaca import frames
from venues.messages import array_names
from venues.reading import Spoiled
from venues.streams import channel_name, parts
from venues.venue import Action, Channel, Reply, Requests

CHANNELS: Mapping[str, str] = {  # by type of message
    "t": "trades",
    "q": "quotes",
    "o": "orderbooks",
    "b": "bars",
    "u": "updatedBars",
    "d": "dailyBars",
    "s": "statuses",
    "l": "lulds",
    "c": "corrections",
    "x": "cancelErrors",
    "i": "imbalances",
}
ENDINGS = ("corrections", "cancelErrors")  # they come with trades, without being asked for
_DATA = tuple(f'[{{"T":"{word}",'.encode() for word in CHANNELS)
# 402 auth failed, 409 insufficient subscription, 410 invalid subscribe action for this feed, 411 insufficient scope:
# alpaca-trade-api-go (2026-05), marketdata/stream/errors.go and client.go, errors that end the client.
REFUSED = (402, 409, 410, 411)
LOGGED_IN = 403  # already authenticated
_control = msgspec.json.Decoder(list[frames.Control]).decode


class _Named(msgspec.Struct, gc=False):
    T: str = ""
    S: str = ""


_named = msgspec.json.Decoder(list[_Named]).decode


def login(secrets: Mapping[str, str], names: tuple[str, str]) -> bytes:
    """`{"action":"auth","key":"…","secret":"…"}`; raises VenueError naming a secret that is missing."""
    missing = [name for name in names if not secrets.get(name)]
    if missing:
        raise VenueError(f"Alpaca wants {' and '.join(missing)}; keys are free at alpaca.markets")
    key, secret = (secrets[name] for name in names)
    return msgspec.json.encode({"action": "auth", "key": key, "secret": secret})


def requests(action: Action, streams: Sequence[str], first_id: int, streams_per_request: int) -> Requests:
    """`{"action":"subscribe","trades":["AAPL"],"quotes":["AAPL"]}`, split at the limit; no id goes over the wire."""
    return [
        (number, _request(action.lower(), part), part)
        for number, part in enumerate(parts(streams, streams_per_request), first_id)
    ]


def _request(action: str, streams: Sequence[str]) -> bytes:
    symbols: dict[str, list[str]] = {}
    for stream in streams:
        channel, _, symbol = stream.partition(":")
        symbols.setdefault(channel, []).append(symbol)
    return msgspec.json.encode({"action": action, **symbols})


def streams_of(frame: bytes) -> tuple[str, ...]:
    """The streams of all messages of a frame."""
    return array_names(frame, _named, _stream)


def _stream(message: _Named) -> str:
    channel = CHANNELS.get(message.T)
    return f"{channel}:{message.S}" if channel and message.S else ""


def channel_of(stream: str, quotes: Channel) -> Channel:
    """What a stream carries; best quotes are the whole book of stocks."""
    match channel_name(stream):
        case "orderbooks":
            return Channel.DEPTH
        case "quotes":
            return quotes
        case "trades":
            return Channel.TRADE
        case _:
            return Channel.STATUS


def reply(frame: bytes) -> Reply | None:
    """What a control frame says; None for data and for the greeting.

    Control messages come alone. Their acks name every stream that is subscribed by then. One connection too many (406)
    and a client too slow (407) are errors: the old session may linger for some seconds.
    """
    if frame.startswith(_DATA):
        return None
    try:
        found = _control(frame)
    except Spoiled:
        return None
    return _reply(found[0]) if found else None


def _reply(message: Any) -> Reply | None:
    match message:
        case frames.Success(msg="authenticated"):
            return Reply("login")
        case frames.Error(code=code, msg=msg):
            text = f"{msg or 'error'} (code {code or 0})"
            return Reply("login" if code == LOGGED_IN else "refused" if code in REFUSED else "error", text=text)
        case frames.Subscription():
            named = {channel: getattr(message, channel) for channel in CHANNELS.values() if channel not in ENDINGS}
            there = {channel: symbols for channel, symbols in named.items() if symbols is not UNSET}
            streams = [f"{channel}:{symbol}" for channel, symbols in there.items() for symbol in symbols]
            return Reply("ack", streams=tuple(streams), whole=True)
    return None
