"""Frames about the connection to Kraken's WebSocket v2: requests, their answers, which streams a frame belongs to.

A stream is `<channel>:<pair>`, but for `instrument`, which is of all pairs.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from venues.kraken import frames
from venues.reading import Spoiled
from venues.streams import channel_name, parts_by_channel, symbol_of
from venues.venue import Action, Channel, Reply, Requests

INSTRUMENT = "instrument"
CHANNELS = ("book", "trade", "ticker")
PING = b'{"method":"ping"}'
# Depth 10: the checksum covers ten levels a side, so that all of the book is verified. Trades of a snapshot that came
# before are told by their ids, the others were missed.
PARAMETERS: dict[str, dict[str, Any]] = {"book": {"depth": 10}, "ticker": {"event_trigger": "bbo"}}
RATE_EXCEEDED = "Exceeded msg rate"  # the request is unanswered then, and is sent again in time
NOT_SUPPORTED = "Currency pair not supported"  # on no channel
# What we ask for is so already.
SETTLED = ("already subscribed", "subscription not found", "not subscribed")

_CARRIED = {"book": Channel.DEPTH, "trade": Channel.TRADE, "ticker": Channel.TICKER, INSTRUMENT: Channel.STATUS}
_WORD = re.compile(rb'\{"channel":"([a-z0-9_]{1,32})"')
_SYMBOL = re.compile(rb'"symbol":"([^"]{1,64})"')
_unknown = msgspec.json.Decoder(frames.Unknown).decode
_status = msgspec.json.Decoder(frames.SystemStatus).decode


def requests(action: Action, streams: Sequence[str], first_id: int, symbols_per_request: int) -> Requests:
    """`{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10,"snapshot":true},"req_id":1}`."""
    return [
        (number, msgspec.json.encode(_message(action, channel, part, number)), part)
        for number, (channel, part) in enumerate(parts_by_channel(streams, symbols_per_request), first_id)
    ]


def word_of(frame: bytes) -> str:
    """The channel of a frame, "" where it has none."""
    match = _WORD.match(frame)
    if match is not None:
        return match[1].decode()
    message = decoded(frame)
    return message.channel if message else ""


def streams_of(frame: bytes) -> tuple[str, ...]:
    """The streams that a frame has data of."""
    word = word_of(frame)
    if word == INSTRUMENT:
        return (INSTRUMENT,)
    if not word or word in ("heartbeat", "status"):
        return ()
    return tuple(f"{word}:{plain(symbol)}" for symbol in dict.fromkeys(_SYMBOL.findall(frame)))


def plain(symbol: bytes) -> str:
    """A symbol out of a JSON text; a slash may be escaped there."""
    return symbol.replace(rb"\/", b"/").decode("utf-8", "replace")


def channel_of(stream: str) -> Channel:
    """What `book:BTC/USD` carries; unknown streams count as trades, which are never shed."""
    return _CARRIED.get(channel_name(stream), Channel.TRADE)


def reply(frame: bytes) -> Reply | None:
    """Ack, refusal, pong, or the state of the exchange; None for anything else."""
    word = word_of(frame)
    if word == "status":
        return _notice(frame)
    message = None if word else decoded(frame)
    return None if message is None else read_reply(message)


def read_reply(message: frames.Unknown) -> Reply | None:
    """As `reply`, of a frame that is read already. Each symbol of a request is answered for itself."""
    request = message.req_id if isinstance(message.req_id, int) else None
    if message.method == "pong":
        return Reply("pong", request)
    settled = message.error.lower().startswith(SETTLED)
    if message.error and not settled:
        if message.error.startswith(RATE_EXCEEDED):
            return None
        unknown = message.symbol and message.error.startswith(NOT_SUPPORTED)
        streams = tuple(f"{channel}:{message.symbol}" for channel in CHANNELS) if unknown else ()
        return Reply("error", request, message.error, streams)
    if message.method in ("subscribe", "unsubscribe") and (message.success is True or settled):
        return Reply("ack", request, streams=_streams(message))
    return None


def decoded(frame: bytes) -> frames.Unknown | None:
    """What a frame is, None for one that is not understood."""
    try:
        return _unknown(frame)
    except Spoiled:
        return None


def _streams(message: frames.Unknown) -> tuple[str, ...]:
    """What an ack names; () for all of its request."""
    result = message.result
    if result is UNSET or not result.channel:
        return ()
    return (f"{result.channel}:{result.symbol}" if result.symbol else result.channel,)


def _message(action: Action, channel: str, streams: Sequence[str], number: int) -> dict[str, Any]:
    symbols = [symbol_of(stream) for stream in streams if symbol_of(stream)]
    params = {"channel": channel, **({"symbol": symbols} if symbols else {}), **PARAMETERS.get(channel, {})}
    if action == "SUBSCRIBE":
        params["snapshot"] = True
    return {"method": action.lower(), "params": params, "req_id": number}


def _notice(frame: bytes) -> Reply | None:
    try:
        states = [system.system for system in _status(frame).data]
    except Spoiled:
        return None
    return Reply("maintenance", text=states[-1], back=states[-1] == "online") if states else None
