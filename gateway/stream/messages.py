"""What is said over the WebSocket: what a client may ask, and the texts that it is sent.

client  {"op": "subscribe", "kinds": ["signal"], "from": 4711, "stream": "fdc12b98999a707d"}
server  {"type": "hello", "stream": "fdc12b98999a707d", "sequence": 4800, "oldest": 1}
        {"type": "subscribed", "from": 4711}
        {"type": "events", "sequence": 4790, "previous": 4711, "events": [{"kind": "signal", …}]}
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gateway.limits import MAX_NAME_CHARACTERS, MAX_NAMES
from market.broadcast import KINDS

SLOW = Literal["replay", "conflate", "disconnect"]
Name = Annotated[str, Meta(max_length=MAX_NAME_CHARACTERS)]
Names = Annotated[list[Name], Meta(max_length=MAX_NAMES)]


class Subscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="subscribe"):
    """Which events, from where on, and what to do when they come faster than they are taken. Empty lists: all."""

    kinds: Names = []
    venues: Names = []
    instruments: Names = []
    timeframes: Names = []
    start: Annotated[int, Meta(ge=0, lt=1 << 62)] | None = msgspec.field(default=None, name="from")
    stream: Name = ""
    slow: SLOW = "replay"
    snapshot: bool = False


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="ping"):
    """Is anybody there?"""


class RefusedError(Exception):
    """Why a socket is closed, as its client is told."""

    def __init__(self, close: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.close, self.code, self.detail = close, code, detail


BAD_REQUEST, NO_KEY, SCOPE, GONE, TOO_MANY, TOO_SLOW, LATER = 4400, 4401, 4403, 4410, 4429, 1013, 1013

_decoder = msgspec.json.Decoder(Subscribe | Ping)
_encoder = msgspec.json.Encoder()


def decoded(text: str | bytes) -> Subscribe | Ping:
    """What a client asks; raises RefusedError."""
    try:
        asked: Subscribe | Ping = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(BAD_REQUEST, "bad_request", f"this is not understood: {error}") from None
    unknown = sorted(set(asked.kinds) - set(KINDS)) if isinstance(asked, Subscribe) else []
    if unknown:
        raise RefusedError(BAD_REQUEST, "bad_request", f"there is no kind {unknown[0]!r}; there are {', '.join(KINDS)}")
    return asked


def hello(stream: str, sequence: int, oldest: int) -> str:
    """The first message."""
    return _text({"type": "hello", "stream": stream, "sequence": sequence, "oldest": oldest})


def subscribed(start: int) -> str:
    """Events follow that come after a sequence."""
    return _text({"type": "subscribed", "from": start})


def heartbeat(sequence: int, receive_time: str) -> str:
    """Up to a sequence, the client has everything that it asked for."""
    return _text({"type": "heartbeat", "sequence": sequence, "receive_time": receive_time})


def conflated(start: int, to: int) -> str:
    """Rows were passed over."""
    return _text({"type": "conflated", "from": start, "to": to, "skipped": to - start})


def failed(refused: RefusedError) -> str:
    """The last message before a close."""
    return _text({"type": "error", "code": refused.code, "detail": refused.detail})


def pong() -> str:
    """Somebody is there."""
    return _text({"type": "pong"})


def events(sequence: int, previous: int, frames: Sequence[bytes]) -> str:
    """Events as they came; `previous` is the sequence of the message before."""
    return f'{{"type":"events","sequence":{sequence},"previous":{previous},"events":[{b",".join(frames).decode()}]}}'


def snapshot(sequence: int, frames: Sequence[bytes], *, more: bool) -> str:
    """The newest events as of a sequence; `more`: another message with further ones follows."""
    told = "true" if more else "false"
    return f'{{"type":"snapshot","sequence":{sequence},"more":{told},"events":[{b",".join(frames).decode()}]}}'


def _text(message: dict[str, object]) -> str:
    return _encoder.encode(message).decode()
