"""One WebSocket connection as the venue sees it: its route, its subscriptions, its control messages. No I/O here."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec
import numpy as np
from numpy.typing import NDArray

from simulator.compiled import compiled
from simulator.protocol import Bytes, Frames
from simulator.publish import DEPTH, KINDS, TICKER

# A connection without a routed path gets public streams only, silently, since the venue split its hosts in 2026.
ROUTES = {
    "/public/stream": ("public", True),
    "/public/ws": ("public", False),
    "/market/stream": ("market", True),
    "/market/ws": ("market", False),
    "/stream": ("public", True),
    "/ws": ("public", False),
}
STREAMS_MOST = 1024  # per connection
MESSAGES_MOST = 10  # incoming, per second
HEADER_BYTES = 10
TEXT_FRAME = 0x81  # final fragment, opcode 1 (RFC 6455, section 5.2)


class Route(NamedTuple):
    """What the path of a connection asks for."""

    name: str  # public or market
    combined: bool  # frames are wrapped with their stream name
    streams: tuple[str, ...]  # subscribed by the URL


def route(path: str) -> Route | None:
    """The route of a request path such as /public/stream?streams=btcusdt@depth@100ms; None where there is none."""
    parts = urlsplit(path)
    place = parts.path.rstrip("/")
    if place in ROUTES:
        named = parse_qs(parts.query).get("streams", [""])[0]
        return Route(*ROUTES[place], tuple(name for name in named.split("/") if name))
    before, _, stream = place.rpartition("/")
    if before in ROUTES and not ROUTES[before][1]:
        return Route(*ROUTES[before], (stream,))
    return None


@dataclass
class Session:
    """The subscriptions of one connection."""

    route: Route
    known: Sequence[str]  # the exchange's streams, by number
    names: dict[str, None] = field(default_factory=dict)  # subscribed names in order, known or not
    mask: NDArray[np.bool_] = field(init=False)  # by stream number: whether to send it
    combined: bool = field(init=False)
    _arrivals: deque[float] = field(default_factory=lambda: deque(maxlen=MESSAGES_MOST))

    def __post_init__(self) -> None:
        self.combined = self.route.combined
        self.mask = np.zeros(len(self.known), np.bool_)
        self.subscribe(self.route.streams)

    def too_fast(self, now_s: float) -> bool:
        """Note an incoming message; whether it is one too many within a second."""
        full = len(self._arrivals) == MESSAGES_MOST and now_s - self._arrivals[0] < 1.0
        self._arrivals.append(now_s)
        return full

    def subscribe(self, names: Sequence[str]) -> None:
        """Add streams. Names that do not exist, or belong to the other route, are kept and never speak."""
        self.names.update(dict.fromkeys(names))
        self._remask()

    def unsubscribe(self, names: Sequence[str]) -> None:
        """Remove streams."""
        for name in names:
            self.names.pop(name, None)
        self._remask()

    def _remask(self) -> None:
        public = (DEPTH, TICKER)
        for number, name in enumerate(self.known):
            served = (number % KINDS in public) == (self.route.name == "public")
            self.mask[number] = served and name in self.names

    def control(self, text: str | bytes) -> bytes:
        """Act on a control message; the answer."""
        try:
            message = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return _refusal(3, "Invalid JSON: expected value at line 1 column 1", None)
        if not isinstance(message, dict) or "method" not in message:
            return _refusal(2, "Invalid request: missing field `method`", None)
        number, method, names = message.get("id"), message["method"], message.get("params", [])
        if method == "LIST_SUBSCRIPTIONS":
            return msgspec.json.encode({"result": list(self.names), "id": number})
        if method not in {"SUBSCRIBE", "UNSUBSCRIBE"}:
            return _refusal(2, f"Invalid request: unknown variant `{method}`", number)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return _refusal(2, "Invalid request: request params must be an array of strings", number)
        if method == "SUBSCRIBE" and len(set(names) | set(self.names)) > STREAMS_MOST:
            return _refusal(2, f"Invalid request: more than {STREAMS_MOST} streams", number)
        (self.subscribe if method == "SUBSCRIBE" else self.unsubscribe)(names)
        return msgspec.json.encode({"result": None, "id": number})


def _refusal(code: int, message: str, number: object) -> bytes:
    return msgspec.json.encode({"error": {"code": code, "msg": message}, "id": number})


@compiled
def gather(frames: Frames, mask: NDArray[np.bool_], combined: bool, into: Bytes) -> int:
    """The subscribed frames of a slice as WebSocket text frames back to back; how many bytes.

    A server's frames are not masked, so a frame is 2, 4 or 10 bytes of header and the payload.
    """
    at = 0
    for row in range(frames.total[0]):
        if not mask[frames.stream[row]]:
            continue
        first, last = frames.start[row], frames.end[row]
        if not combined:
            first, last = frames.payload[row], last - 1
        at = _header(into, at, last - first)
        for source in range(first, last):
            into[at] = frames.buffer[source]
            at += 1
    return at


@compiled
def _header(into: Bytes, at: int, length: int) -> int:
    into[at] = TEXT_FRAME
    if length < 126:
        into[at + 1] = length
        return at + 2
    size, mark = (2, 126) if length < 65536 else (8, 127)
    into[at + 1] = mark
    for place in range(size):
        into[at + 2 + place] = (length >> (8 * (size - 1 - place))) & 0xFF
    return at + 2 + size


def buffer_for(frames: Frames) -> Bytes:
    """Room for everything a slice can be."""
    return np.zeros(len(frames.buffer) + HEADER_BYTES * len(frames.start), np.uint8)
