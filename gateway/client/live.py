"""The live stream: events in order, once each, over any number of lost connections.

After a loss it subscribes again after the last sequence that it handed on, so the gateway sends what came meanwhile.
Each message names the sequence before it, so a hole would show: then, and where the gateway does not keep what is
missing any more, MissedError is raised instead of going on with less.
"""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from gateway.client.errors import MissedError, StreamError
from gateway.client.requests import pause_s

Event = dict[str, Any]
FOR_GOOD = (4400, 4401, 4403, 4410)
GONE = 4410
SILENT_AFTER_S = 10.0  # there is a heartbeat every second
MAX_MESSAGE_BYTES = 64 << 20


class Events(NamedTuple):
    """One message. `snapshot`: the newest of everything, not something new."""

    sequence: int
    events: tuple[Event, ...]
    snapshot: bool = False
    skipped: int = 0  # rows that were passed over before it, where the client is slow and chose `conflate`


class Subscription(NamedTuple):
    """What is asked for; empty: all."""

    kinds: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    slow: str = "replay"
    snapshot: bool = False


class Stream:
    """Iterate over it for events, or over `messages()`; `sequence` and `id` say where it is, to go on from later."""

    def __init__(
        self,
        url: str,
        key: str,
        asked: Subscription,
        *,
        after: int | None = None,
        stream: str = "",
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._url, self._asked = url, asked
        self._headers = {"x-api-key": key} if key else {}
        self._wait = wait or threading.Event().wait
        self._socket: ClientConnection | None = None
        self._closed = False
        self.sequence, self.id = after, stream  # up to here everything was handed on

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        for message in self.messages():
            yield from message.events

    def close(self) -> None:
        """End it; from any thread."""
        self._closed = True
        if self._socket is not None:
            self._socket.close()

    def messages(self) -> Iterator[Events]:
        """Message by message. A message counts as handed on when the next one is asked for."""
        failures = 0
        while not self._closed:
            try:
                for message in self._connection():
                    failures = 0
                    yield message
            except (WebSocketException, OSError, TimeoutError) as error:
                if self._is_closed():
                    return
                _raise_if_for_good(error)
            failures += 1
            if not self._is_closed():
                self._wait(pause_s(failures, ""))

    def _is_closed(self) -> bool:
        """Whether another thread has closed it meanwhile."""
        return self._closed

    def _connection(self) -> Iterator[Events]:
        """The messages of one connection."""
        options: dict[str, Any] = {"additional_headers": self._headers, "max_size": MAX_MESSAGE_BYTES, "proxy": None}
        with connect(self._url, open_timeout=SILENT_AFTER_S, **options) as socket:
            self._socket = socket
            hello = _heard(socket)
            if self.id and hello.get("type") == "hello" and hello["stream"] != self.id:
                raise MissedError(GONE, "the gateway has begun another stream; read history, then subscribe anew")
            self.id = hello.get("stream", self.id)
            socket.send(json.dumps(self._subscribe()))
            yield from self._messages(socket)

    def _messages(self, socket: ClientConnection) -> Iterator[Events]:
        previous, skipped, held = self.sequence, 0, []
        while not self._closed:
            told = _heard(socket)
            kind = told.get("type")
            if kind == "subscribed":
                previous = self.sequence = told["from"]
            elif kind == "heartbeat" and previous is not None:
                self.sequence = max(self.sequence or 0, told["sequence"])
            elif kind == "conflated":
                skipped += told["skipped"]
                previous = told["to"]
            elif kind == "snapshot":
                held += told["events"]
                if not told.get("more"):
                    yield Events(told["sequence"], tuple(held), snapshot=True, skipped=skipped)
                    self.sequence, previous, skipped, held = told["sequence"], told["sequence"], 0, []
            elif kind == "events":
                if told["previous"] != previous:
                    raise MissedError(
                        GONE, f"events after {previous} did not come; the next was after {told['previous']}"
                    )
                yield Events(told["sequence"], tuple(told["events"]), skipped=skipped)
                self.sequence, previous, skipped = told["sequence"], told["sequence"], 0

    def _subscribe(self) -> dict[str, Any]:
        start = {"from": self.sequence, "stream": self.id if self.sequence is not None else ""}
        return {"op": "subscribe", **self._asked._asdict(), **start}


def socket_url(url: str) -> str:
    """Where the stream of a gateway is.

    >>> socket_url("https://barograph.example/")
    'wss://barograph.example/api/v1/stream'
    """
    scheme, _, rest = url.partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest.rstrip('/')}/api/v1/stream"


def _heard(socket: ClientConnection) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(socket.recv(timeout=SILENT_AFTER_S))
    return told


def _raise_if_for_good(error: Exception) -> None:
    """Where trying again would end the same way."""
    if isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code in FOR_GOOD:
        kind = MissedError if error.rcvd.code == GONE else StreamError
        raise kind(error.rcvd.code, error.rcvd.reason) from None
    if isinstance(error, InvalidStatus) and error.response.status_code < 500:
        raise StreamError(error.response.status_code, "the gateway does not open a stream to this request") from None
