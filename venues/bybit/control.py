"""Frames about the connection: subscribe requests, their answers, and which topic a frame is of."""

import re
from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from venues.bybit.frames import Control, Maintenance, Topics
from venues.reading import Spoiled
from venues.streams import parts
from venues.venue import Action, Channel, Reply, Requests

STATUS = "system.status"
_PREFIX = b'{"topic":"'
_CHANNELS = {"orderbook": Channel.DEPTH, "tickers": Channel.TICKER, "publicTrade": Channel.TRADE}
# As a refusal names it: "error:handler not found,topic:orderbook.50.XYZUSDT".
_TOPIC = re.compile(r"\b(?:orderbook|publicTrade|tickers)(?:\.[\w/-]+)+")
_BACK = frozenset({"completed", "canceled"})
_control = msgspec.json.Decoder(Control).decode
_notices = msgspec.json.Decoder(list[Maintenance]).decode
_topics = msgspec.json.Decoder(Topics).decode


class _Named(msgspec.Struct, gc=False):
    topic: str = ""


_named = msgspec.json.Decoder(_Named).decode


def requests(action: Action, topics: Sequence[str], first_id: int, topics_per_request: int) -> Requests:
    """`{"op":"subscribe","req_id":"1","args":["publicTrade.BTCUSDT"]}`, split at the limit, ids from `first_id` on."""
    return [
        (number, msgspec.json.encode({"op": action.lower(), "req_id": str(number), "args": part}), part)
        for number, part in enumerate(parts(topics, topics_per_request), first_id)
    ]


def topic_of(frame: bytes) -> str:
    """The topic of a frame, "" where it has none; quick where `topic` comes first, as it does."""
    if frame.startswith(_PREFIX):
        end = frame.find(b'"', len(_PREFIX))
        return frame[len(_PREFIX) : end].decode("utf-8", "replace") if end > 0 else ""
    try:
        return _named(frame).topic
    except Spoiled:
        return ""


def channel_of(topic: str) -> Channel:
    """What `orderbook.200.BTCUSDT` carries; unknown topics count as trades, which are never shed."""
    return Channel.STATUS if topic == STATUS else _CHANNELS.get(topic.partition(".")[0], Channel.TRADE)


def symbol_of(topic: str) -> str:
    """`orderbook.200.BTCUSDT` -> `BTCUSDT`; "" for the state of the venue."""
    return "" if topic == STATUS else topic.rpartition(".")[2]


def reply(frame: bytes) -> Reply | None:
    """Answer, pong or notice of maintenance; None for anything else."""
    if frame.startswith(_PREFIX) and not frame.startswith(_PREFIX + STATUS.encode()):
        return None
    try:
        return read_reply(_control(frame))
    except Spoiled:
        return None


def read_reply(message: Control) -> Reply | None:
    """As `reply`, of a frame that is read already. Raises what a decoder does."""
    text = message.ret_msg or message.retMsg
    request = int(message.req_id) if message.req_id.isascii() and message.req_id.isdigit() else None
    if message.topic == STATUS and message.data is not UNSET:
        return _maintenance(_notices(message.data))
    if message.op in ("ping", "pong"):
        return Reply("pong")
    if message.op == "auth":
        return Reply("login" if message.success else "refused", request, text)
    if message.type == "COMMAND_RESP" and message.data is not UNSET:
        topics = _topics(message.data)
        if topics.failTopics:
            return Reply("error", request, text, tuple(topics.failTopics))
        return Reply("ack", request, text, tuple(topics.successTopics))
    if message.op in ("subscribe", "unsubscribe"):
        if message.success or "already subscribed" in text.lower():
            return Reply("ack", request)
        return Reply("error", request, text, tuple(_TOPIC.findall(text)))
    return None


def _maintenance(notices: Sequence[Maintenance]) -> Reply | None:
    """One that has begun or is over; of one that is only planned there is nothing to do yet."""
    for notice in notices:
        if notice.state == "ongoing" or notice.state in _BACK:
            return Reply("maintenance", text=notice.title, back=notice.state in _BACK)
    return None
