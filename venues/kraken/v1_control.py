"""Frames about the connection to Kraken's WebSocket v1: requests, their answers, which streams a frame belongs to."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from venues.kraken import v1_frames as frames
from venues.kraken.control import CHANNELS, NOT_SUPPORTED, RATE_EXCEEDED, SETTLED, plain
from venues.reading import Spoiled
from venues.streams import parts_by_channel, symbol_of
from venues.venue import Action, Reply, Requests

PING = b'{"event":"ping"}'
DEPTH = 10  # the checksum covers no more

_END = re.compile(rb'"([a-z]{1,16})(?:-[0-9]{1,6})?","([^"]{1,64})"\s*\]\s*$')
_event = msgspec.json.Decoder(frames.Event).decode


def requests(action: Action, streams: Sequence[str], first_id: int, symbols_per_request: int) -> Requests:
    """`{"event":"subscribe","reqid":1,"pair":["XBT/USD"],"subscription":{"name":"book","depth":10}}`."""
    return [
        (number, msgspec.json.encode(_message(action, channel, part, number)), part)
        for number, (channel, part) in enumerate(parts_by_channel(streams, symbols_per_request), first_id)
    ]


def streams_of(frame: bytes) -> tuple[str, ...]:
    """The stream that a frame has data of: its channel and pair stand at the end."""
    match = _END.search(frame[-128:]) if frame[:1] == b"[" else None
    if match is None:
        return ()
    return (f"{match[1].decode()}:{plain(match[2])}",)


def reply(frame: bytes) -> Reply | None:
    """Ack, refusal, pong, or the state of the exchange; None for anything else."""
    if frame[:1] == b"[":
        return None
    try:
        return read_reply(_event(frame))
    except Spoiled:
        return None


def read_reply(message: frames.Event) -> Reply | None:
    """As `reply`, of a frame that is read already. Each pair of a request is answered for itself."""
    request = message.reqid if isinstance(message.reqid, int) else None
    if message.event == "pong":
        return Reply("pong", request)
    if message.event == "systemStatus":
        return Reply("maintenance", text=message.status, back=message.status == "online")
    settled = message.errorMessage.lower().startswith(SETTLED)
    if message.errorMessage and not settled:
        return _refusal(message, request)
    if message.event == "subscriptionStatus" and (settled or message.status in ("subscribed", "unsubscribed", "ok")):
        return Reply("ack", request, streams=_streams(message))
    return None


def _refusal(message: frames.Event, request: int | None) -> Reply | None:
    if message.errorMessage.startswith(RATE_EXCEEDED):
        return None
    unknown = message.pair and message.errorMessage.startswith(NOT_SUPPORTED)
    streams = tuple(f"{channel}:{message.pair}" for channel in CHANNELS) if unknown else ()
    return Reply("error", request, message.errorMessage, streams)


def _streams(message: frames.Event) -> tuple[str, ...]:
    subscription = message.subscription
    named = isinstance(subscription, frames.Subscription) and subscription.name and message.pair
    return (f"{subscription.name}:{message.pair}",) if named else ()


def _message(action: Action, channel: str, streams: Sequence[str], number: int) -> dict[str, Any]:
    subscription = {"name": channel, **({"depth": DEPTH} if channel == "book" else {})}
    pairs = [symbol_of(stream) for stream in streams]
    return {"event": action.lower(), "reqid": number, "pair": pairs, "subscription": subscription}
