"""A venue of the tests' own with a protocol as plain as can be, so that every rule of connecting can be switched.

`PlainVenue` is the client's side, a `Venue` whose frames are JSON: data `{"s": ["depth:A"]}`, replies `{"r": {…}}` with
the fields of a `Reply`, requests `{"op": "SUBSCRIBE", "id": 1, "streams": […]}`. `PlainServer` is the other side.
"""

import asyncio
import contextlib
import json
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from market.calendar import ALWAYS
from market.clock import SECOND_NS, Clock
from sources.rest import Answer
from tests.virtual import RefusedHandshakeError, Wire
from venues.venue import Capability, Channel, Keepalive, Limits, Reply, Request, Route

LIMITS = Limits(streams_per_connection=1000, streams_per_request=100, requests_per_second=10, weight_per_minute=6000)

IN_BAND = Capability("counter", snapshot="stream")


@dataclass(frozen=True)
class PlainVenue:
    """Each route of so many symbols; depth and trade of each."""

    name: str = "plain"
    capability: Capability = IN_BAND
    limits: Limits = LIMITS
    keepalive: Keepalive | None = None
    secrets: tuple[str, ...] = ()
    calendar: str = ALWAYS
    symbols_per_route: int = 1000
    channels: tuple[str, ...] = ("depth", "trade")
    refusals: tuple[int, ...] = (451,)

    def but(self, **limits: Any) -> "PlainVenue":
        """The same with other limits."""
        return replace(self, limits=replace(self.limits, **limits))

    def routes(self, symbols: Sequence[str]) -> tuple[Route, ...]:
        parts = [symbols[at : at + self.symbols_per_route] for at in range(0, len(symbols), self.symbols_per_route)]
        return tuple(
            Route(
                f"r{number}",
                f"wss://plain.test/{number}",
                tuple(f"{channel}:{symbol}" for symbol in part for channel in self.channels),
                self.carries(""),
            )
            for number, part in enumerate(parts)
        )

    def carries(self, route: str) -> frozenset[Channel]:
        return frozenset(Channel(channel) for channel in self.channels)

    def login(self, secrets: Mapping[str, str], time_ns: int) -> tuple[bytes, ...]:
        return tuple(json.dumps({"op": "login", "key": secrets[name]}).encode() for name in self.secrets)

    def headers(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        return dict(secrets)

    def requests(
        self, action: Literal["SUBSCRIBE", "UNSUBSCRIBE"], streams: Sequence[str], first_id: int
    ) -> list[tuple[int, bytes, tuple[str, ...]]]:
        size = self.limits.streams_per_request
        parts = [tuple(streams[at : at + size]) for at in range(0, len(streams), size)]
        return [
            (number, json.dumps({"op": action, "id": number, "streams": part}).encode(), part)
            for number, part in enumerate(parts, first_id)
        ]

    def reply(self, frame: bytes) -> Reply | None:
        if not frame.startswith(b"{"):
            return Reply("pong")
        told = json.loads(frame).get("r")
        return None if told is None else Reply(**told | {"streams": tuple(told.get("streams", ()))})

    def refuses(self, code: int, reason: str) -> bool:
        return code in self.refusals

    def streams_of(self, frame: bytes) -> tuple[str, ...]:
        return tuple(json.loads(frame)["s"]) if frame.startswith(b'{"s"') else ()

    def channel_of(self, stream: str) -> Channel:
        return Channel(stream.partition(":")[0])

    def symbol_of(self, stream: str) -> str:
        return stream.partition(":")[2]

    def snapshot_request(self, symbol: str) -> Request | None:
        return None if self.capability.snapshot == "stream" else Request(f"https://plain.test/book/{symbol}", 10)

    def metadata_requests(self, symbols: Sequence[str]) -> tuple[Request, ...]:
        return (Request("https://plain.test/symbols", 1),)

    def read_metadata(self, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[Any]:
        return []


@dataclass
class PlainServer:
    """The venue's side. Its switches may be thrown any time; whatever exceeds a limit is a line of `violations`."""

    venue: PlainVenue
    clock: Clock
    answers: Literal["id", "streams", "whole", "none"] = "id"
    beat_s: float = 1.0
    key: str = "right"
    unknown: set[str] = field(default_factory=set)  # streams that are refused
    ignored: set[str] = field(default_factory=set)  # streams that are left out of answers
    muted: set[str] = field(default_factory=set)  # streams that are acknowledged and say nothing
    silent_to_pings: bool = False
    status: int = 200  # of handshakes
    rest_status: int = 200
    retry_after_s: float | None = None
    wires: list[Wire] = field(default_factory=list)  # open
    attempts_ns: list[int] = field(default_factory=list)
    accepted_ns: list[int] = field(default_factory=list)
    gets: list[tuple[int, str]] = field(default_factory=list)  # when, url
    subscribed: Counter[str] = field(default_factory=Counter)  # how often
    violations: list[str] = field(default_factory=list)
    banned_until_ns: int = 0
    most_open: int = 0
    _numbers: Counter[str] = field(default_factory=Counter)

    def connect(self, wire: Wire) -> None:
        now_ns, limits = self.clock.monotonic_ns(), self.venue.limits
        self.attempts_ns.append(now_ns)
        window_ns = limits.connections_per_s * SECOND_NS
        if sum(now_ns - time_ns < window_ns for time_ns in self.attempts_ns) > limits.connections:
            self.violations.append(f"connections at {now_ns}")
        if now_ns < self.banned_until_ns:
            self.violations.append(f"connecting while banned at {now_ns}")
        if self.status != 200:
            if self.retry_after_s is not None:
                self.banned_until_ns = now_ns + int(self.retry_after_s * SECOND_NS)
            raise RefusedHandshakeError(self.status, self.retry_after_s)
        self.accepted_ns.append(now_ns)
        self.wires.append(wire)
        self.most_open = max(self.most_open, len(self.wires))
        wire.facts |= {"streams": [], "second": deque(), "hour": deque(), "in": not self.venue.secrets}
        wire.facts["beat"] = asyncio.create_task(self._beat(wire))

    def gone(self, wire: Wire) -> None:
        wire.is_open = False
        if wire in self.wires:
            self.wires.remove(wire)
            wire.facts["beat"].cancel()

    def hear(self, wire: Wire, message: bytes) -> None:
        self._count(wire, message)
        if message == b"ping":
            if not self.silent_to_pings:
                wire.send(b"pong")
            return
        asked = json.loads(message)
        if asked["op"] == "login":
            wire.facts["in"] = asked["key"] == self.key
            kind = "login" if wire.facts["in"] else "refused"
            wire.send(json.dumps({"r": {"kind": kind, "text": "" if wire.facts["in"] else "no such key"}}).encode())
            return
        if not wire.facts["in"]:
            self.violations.append("a request before the login")
        self._subscribe(wire, asked)

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        now_ns = self.clock.monotonic_ns()
        self.gets.append((now_ns, url))
        if now_ns < self.banned_until_ns:
            self.violations.append(f"a GET while banned at {now_ns}")
        if self.rest_status == 200:
            return Answer(200, {}, b"{}")
        if self.retry_after_s is None:
            return Answer(self.rest_status, {}, b"")
        self.banned_until_ns = now_ns + int(self.retry_after_s * SECOND_NS)
        return Answer(self.rest_status, {"retry-after": f"{self.retry_after_s:.0f}"}, b"")

    def say(self, told: dict[str, Any]) -> None:
        """A reply to everybody."""
        for wire in self.wires:
            wire.send(json.dumps({"r": told}).encode())

    def _subscribe(self, wire: Wire, asked: dict[str, Any]) -> None:
        streams: list[str] = wire.facts["streams"]
        if asked["op"] == "UNSUBSCRIBE":
            streams[:] = [stream for stream in streams if stream not in asked["streams"]]
            self._acknowledge(wire, asked["id"], asked["streams"])
            return
        self.subscribed.update(asked["streams"])
        if self.unknown.intersection(asked["streams"]):
            told = {"kind": "error", "text": "no such stream"} | (
                {"request": asked["id"]} if self.answers == "id" else {}
            )
            wire.send(json.dumps({"r": told}).encode())
            return
        taken = [stream for stream in asked["streams"] if stream not in self.ignored]
        streams += taken
        self._acknowledge(wire, asked["id"], taken)
        for stream in taken:
            if stream.startswith("depth") and stream not in self.muted:
                wire.send(json.dumps({"s": [stream], "snapshot": True}).encode())

    def _acknowledge(self, wire: Wire, number: int, streams: list[str]) -> None:
        told: dict[str, Any] = {"kind": "ack"}
        match self.answers:
            case "none":
                return
            case "id":
                told["request"] = number
            case "streams":
                told["streams"] = streams
            case "whole":
                told |= {"streams": wire.facts["streams"], "whole": True}
        wire.send(json.dumps({"r": told}).encode())

    def _count(self, wire: Wire, message: bytes) -> None:
        now_ns, limits = self.clock.monotonic_ns(), self.venue.limits
        second, hour = wire.facts["second"], wire.facts["hour"]
        second.append(now_ns)
        while now_ns - second[0] >= SECOND_NS:
            second.popleft()
        if len(second) > limits.requests_per_second:
            self.violations.append(f"{len(second)} messages in a second at {now_ns}")
        if message == b"ping" or limits.requests_per_hour is None:
            return
        hour.append(now_ns)
        while now_ns - hour[0] >= 3600 * SECOND_NS:
            hour.popleft()
        if len(hour) > limits.requests_per_hour:
            self.violations.append(f"{len(hour)} requests in an hour at {now_ns}")

    async def _beat(self, wire: Wire) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(self.beat_s)
                for stream in wire.facts["streams"]:
                    if stream not in self.muted:
                        self._numbers[stream] += 1
                        wire.send(json.dumps({"s": [stream], "n": self._numbers[stream]}).encode())
