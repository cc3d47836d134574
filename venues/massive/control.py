"""Frames about the connection: login, subscriptions, their answers, and which streams a frame belongs to.

A stream is `<type>.<symbol>`, as the venue spells it: `T.AAPL`, `XQ.BTC-USD`.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET

from market.errors import VenueError
from venues.massive import frames
from venues.messages import array_names
from venues.reading import Spoiled
from venues.streams import parts
from venues.venue import Action, Channel, Reply, Requests

CHANNELS: Mapping[str, Channel] = {
    "T": Channel.TRADE,
    "Q": Channel.DEPTH,
    "XT": Channel.TRADE,
    "XQ": Channel.DEPTH,
    "XL2": Channel.DEPTH,
}
_TYPE, _STATUS = b'[{"ev":"', b'[{"ev":"status"'
_ACKS = "subscribed to: ", "unsubscribed to: "
_statuses = msgspec.json.Decoder(list[frames.Status]).decode


class _Named(msgspec.Struct, gc=False):
    ev: str = ""
    sym: str = ""
    T: str = ""
    pair: str = ""


_named = msgspec.json.Decoder(list[_Named]).decode


def login(secrets: Mapping[str, str], name: str) -> bytes:
    """`{"action":"auth","params":"<key>"}`; raises VenueError where the secret is missing."""
    if not secrets.get(name):
        raise VenueError(f"Massive wants {name}; a plan with its WebSockets has one")
    return msgspec.json.encode({"action": "auth", "params": secrets[name]})


def requests(action: Action, streams: Sequence[str], first_id: int, streams_per_request: int) -> Requests:
    """`{"action":"subscribe","params":"T.AAPL,Q.AAPL"}`, split at the limit; no id goes over the wire."""
    return [
        (number, msgspec.json.encode({"action": action.lower(), "params": ",".join(part)}), part)
        for number, part in enumerate(parts(streams, streams_per_request), first_id)
    ]


def streams_of(frame: bytes) -> tuple[str, ...]:
    """The streams of all messages of a frame."""
    return () if frame.startswith(_STATUS) else array_names(frame, _named, _stream)


def _stream(message: _Named) -> str:
    symbol = message.sym or message.pair or message.T
    return f"{message.ev}.{symbol}" if message.ev and symbol else ""


def channel_of(stream: str) -> Channel:
    """What a stream carries; bars, price bands and values are rare or say what is known."""
    return CHANNELS.get(stream.partition(".")[0], Channel.STATUS)


def reply(frame: bytes) -> Reply | None:
    """What a frame of statuses says; None for data and for the greeting.

    Each subscription is answered by a status of its own, and several may come in one frame: refusals go first, and what
    else was subscribed to is asked for again.
    """
    if frame.startswith(_TYPE) and not frame.startswith(_STATUS):
        return None
    try:
        statuses = _statuses(frame)
    except Spoiled:
        return None
    for status in statuses:
        said = _word(status)
        if said is not None and said.kind != "ack":
            return said
    named = [stream for status in statuses if (said := _word(status)) is not None for stream in said.streams]
    return Reply("ack", streams=tuple(named)) if any(map(_word, statuses)) else None


def _word(status: frames.Status) -> Reply | None:
    message = "" if status.message is UNSET else status.message
    match status.status:
        case "auth_success":
            return Reply("login", text=message)
        case "auth_failed":
            return Reply("refused", text=message)
        case "success":
            return Reply("ack", text=message, streams=_streams(message))
        case "connected" | "" | msgspec.UNSET:
            return None
        case word:  # error, auth_timeout, max_connections, and what there may be more
            return Reply("error", text=f"{message} ({word})")


def _streams(message: str) -> tuple[str, ...]:
    """The streams that the ack of a beginning or of an end names."""
    named = next((message.removeprefix(words) for words in _ACKS if message.startswith(words)), "")
    return tuple(filter(None, named.split(",")))
