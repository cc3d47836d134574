"""One who listens to the stream through every kill: connects again, goes on from where he was, keeps what he heard."""

import json
import threading
from collections.abc import Callable
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from flows.runfile import read_run_file
from market.broadcast import fields
from sources.broadcast import Broadcast
from tests.kill.processes import wait_for

AGAIN_S = 0.2
CAUGHT_UP_WITHIN_S = 120.0


class Listener:
    """`port` tells where the gateway is now, 0 while it is nowhere."""

    def __init__(self, data: Path, port: Callable[[], int] | None = None) -> None:
        self.events: list[dict[str, Any]] = []  # all that was heard, in order
        self.began: int | None = None  # the sequence after which that is
        self.last = 0  # up to which all was heard
        self.connections = 0
        self.wrong: list[str] = []
        self._data, self._stream, self._previous = data, "", 0
        self._port = port or (lambda: int(read_run_file(data, "gateway").get("port") or 0))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                newest = self._newest()
                wait_for(lambda: self.last >= newest, f"the listener at {newest}", CAUGHT_UP_WITHIN_S)
        finally:
            self._stop.set()
            self._thread.join()

    def differs(self) -> str:
        """Where what was heard is not what the journal says, empty where it is."""
        told = self.told()
        pairs = enumerate(zip_longest(self.events, told))
        first = next((f"event {at} of {len(told)}: heard {a}, told {b}" for at, (a, b) in pairs if a != b), "")
        return "; ".join(filter(None, (*self.wrong, first)))

    def told(self) -> list[dict[str, Any]]:
        """What the journal says of the same stretch."""
        assert self.began is not None
        events, after = list[dict[str, Any]](), self.began
        with closing(Broadcast(self._data)) as reader:
            while after < self.last:
                for row in reader.read(after, stream=self._stream):
                    if row.sequence <= self.last:
                        events += map(fields, row.frames)
                    after = row.sequence
        return events

    def _newest(self) -> int:
        with closing(Broadcast(self._data)) as reader:
            return reader.span().newest

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with connect(f"ws://127.0.0.1:{self._port()}/api/v1/stream", proxy=None, open_timeout=5) as socket:
                    self.connections += 1
                    self._listen(socket)
            except (OSError, WebSocketException, TimeoutError):
                self._stop.wait(AGAIN_S)

    def _listen(self, socket: ClientConnection) -> None:
        hello = json.loads(socket.recv(5))
        if not hello.get("stream"):
            return  # nothing was told yet
        self._stream = self._stream or hello["stream"]
        asked = {"from": self.last if self.began is not None else None, "stream": self._stream}
        socket.send(json.dumps({"op": "subscribe", **asked}))
        while not self._stop.is_set():
            try:
                self._take(json.loads(socket.recv(5)))
            except TimeoutError:
                return  # it is suspended: heartbeats come every second

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "subscribed":
            self.began = message["from"] if self.began is None else self.began
            self._previous = message["from"]
            self.last = max(self.last, message["from"])
        elif kind == "events":
            if message["previous"] != self._previous:
                self.wrong.append(f"{message['sequence']} goes on from {message['previous']}, not {self._previous}")
            self.events += message["events"]
            self.last = self._previous = message["sequence"]
        elif kind != "heartbeat":
            self.wrong.append(json.dumps(message)[:300])
