"""Frames about the connection to Coinbase: subscriptions, their answers, and which streams a frame belongs to.

A stream is `<channel>:<product>`, but for `heartbeats`, which has no product and keeps all others alive.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from venues.coinbase import exchange_frames, frames
from venues.reading import Spoiled
from venues.streams import channel_name, parts_by_channel, symbol_of
from venues.venue import Action, Channel, Reply, Requests

Message = Callable[[str, str, tuple[str, ...]], Mapping[str, Any]]  # of an action, a channel and its products
HEARTBEATS = ("heartbeats", "heartbeat")  # of Advanced Trade, of Exchange
CHANNELS = {
    "level2": Channel.DEPTH,
    "level2_batch": Channel.DEPTH,
    "ticker": Channel.TICKER,
    "heartbeats": Channel.STATUS,
    "heartbeat": Channel.STATUS,
    "status": Channel.STATUS,
}
# Subscribed as the one, received as the other.
_SUBSCRIBED = {
    "l2_data": "level2",
    "snapshot": "level2_batch",
    "l2update": "level2_batch",
    "match": "matches",
    "last_match": "matches",
}
_FEW = 1 << 16  # bytes: a larger frame is a snapshot, of one product
_WORD = re.compile(rb'\{"(?:channel|type)":"([a-z0-9_]{1,32})"')
_PRODUCT = re.compile(rb'"product_id":"([^"\\]{1,64})"')
_unknown = msgspec.json.Decoder(frames.Unknown).decode
_subscriptions = msgspec.json.Decoder(list[frames.Subscriptions]).decode
_channels = msgspec.json.Decoder(list[exchange_frames.Subscription | str]).decode


def requests(
    message: Message, action: Action, streams: Sequence[str], first_id: int, products_per_request: int
) -> Requests:
    """Client messages, one channel each; their ids are ours alone, the venue knows none."""
    return [
        (number, msgspec.json.encode(message(action.lower(), channel, tuple(map(symbol_of, part)))), part)
        for number, (channel, part) in enumerate(parts_by_channel(streams, products_per_request), first_id)
    ]


def advanced_trade_message(action: str, channel: str, products: tuple[str, ...]) -> Mapping[str, Any]:
    """`{"type":"subscribe","product_ids":["ETH-USD"],"channel":"level2"}`."""
    named = {"product_ids": products} if any(products) else {}
    return {"type": action, **named, "channel": channel}


def exchange_message(action: str, channel: str, products: tuple[str, ...]) -> Mapping[str, Any]:
    """`{"type":"subscribe","product_ids":["ETH-USD"],"channels":["level2_batch"]}`."""
    return {"type": action, "product_ids": products, "channels": [channel]}


def authorised(message: bytes, token: str) -> bytes:
    """A client message with a token, a JWT that lives 120 s: every message needs a new one, when it is sent."""
    return msgspec.json.encode({**msgspec.json.decode(message), "jwt": token})


def word_of(frame: bytes) -> str:
    """The channel of a frame, or its type where it has none, as errors and frames of Exchange; "" for anything else."""
    match = _WORD.match(frame)
    if match is not None:
        return match[1].decode()
    message = _decoded(frame)
    return message.channel or message.type if message else ""


def streams_of(frame: bytes) -> tuple[str, ...]:
    """The streams that a frame has data of."""
    word = word_of(frame)
    if word in HEARTBEATS[:1]:
        return (word,)
    if not word or word in ("subscriptions", "error"):
        return ()
    match = _PRODUCT.search(frame)
    products = [match[1]] if match and len(frame) > _FEW else dict.fromkeys(_PRODUCT.findall(frame))
    channel = _SUBSCRIBED.get(word, word)
    return tuple(f"{channel}:{product.decode('utf-8', 'replace')}" for product in products)


def channel_of(stream: str) -> Channel:
    """What `level2:BTC-USD` carries; unknown streams count as trades, which are never shed."""
    return CHANNELS.get(channel_name(stream), Channel.TRADE)


def reply(frame: bytes) -> Reply | None:
    """The whole set of subscriptions, or an error, which names no request; None for anything else."""
    word = word_of(frame)
    message = _decoded(frame) if word in ("subscriptions", "error") else None
    return None if message is None else read_reply(message)


def read_reply(message: frames.Unknown) -> Reply | None:
    """As `reply`, of a frame that is read already."""
    if message.type == "error":
        return Reply("error", text=": ".join(filter(None, (message.message, message.reason))) or "an error")
    try:
        if message.channel == "subscriptions" and message.events is not UNSET:
            named = [event.subscriptions.items() for event in _subscriptions(message.events)]
            return _ack(pair for items in named for pair in items)
        if message.type == "subscriptions" and message.channels is not UNSET:
            found = [item for item in _channels(message.channels) if not isinstance(item, str)]
            return _ack((item.name, item.product_ids) for item in found)
    except Spoiled:
        return None
    return None


def _ack(channels: Iterable[tuple[str, Sequence[str]]]) -> Reply:
    streams = tuple(
        stream
        for channel, products in channels
        for stream in ([channel] if channel == HEARTBEATS[0] else [f"{channel}:{product}" for product in products])
    )
    return Reply("ack", streams=streams, whole=True)


def _decoded(frame: bytes) -> frames.Unknown | None:
    try:
        return _unknown(frame)
    except Spoiled:
        return None
