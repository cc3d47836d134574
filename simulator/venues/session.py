"""One connection as the venue sees it: what it may do, what it listens to, what it is still to be told."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.venues.frame import Close, Due, Frame, Opcode, Role
from simulator.venues.limits import Rate
from simulator.venues.wire import read

if TYPE_CHECKING:
    from simulator.venues.desk import Desk


class Session:
    """One connection as the venue sees it."""

    def __init__(self, desk: "Desk", number: int, path: str, headers: Mapping[str, str], address: str) -> None:
        self.desk = desk
        self.number = number  # of this desk's connections, from 1 on
        self.path = path
        self.headers = headers
        self.address = address
        self.opened_ns = desk.now_ns
        self.heard_ns = desk.now_ns  # the last message of the client
        self.told_ns = desk.now_ns  # the last data frame
        self.ponged_ns = desk.now_ns
        self.streams: dict[str, int] = {}  # subscribed, in order, and since when in ns
        self.logged_in = False
        self.key = ""  # who logged in
        self.facts: dict[str, Any] = {}  # what the dialect remembers
        self.sent = 0  # frames with a number, so far
        self.close: Close | None = None
        self.open = True
        self.held: list[tuple[int, Frame]] = []  # by faults, until a time
        self.last = b""  # market data, for faults to spoil
        self._outbox: list[Frame] = []
        self._messages = Rate(desk.limits.messages)
        self._requests = Rate(desk.limits.requests)

    def receive(self, data: bytes, now_ns: int, opcode: Opcode = "text") -> None:
        """Take a frame of the client."""
        desk, limits = self.desk, self.desk.limits
        desk.advance(now_ns)
        if self.close or not self.open or desk.faults.deaf(self):
            return
        if opcode == "pong":
            self.ponged_ns = now_ns
        if self._messages.add(now_ns):
            self.excess("messages", f"{limits.messages} allowed")
            return
        if opcode in ("ping", "pong"):
            if opcode == "ping":
                self.send_bytes(data, opcode="pong")
            return
        self.heard_ns = now_ns
        if limits.request_bytes is not None and len(data) > limits.request_bytes:
            self.excess("request_bytes", f"{len(data)} bytes, allowed are {limits.request_bytes}")
            return
        desk.dialect.hear(desk, self, read(data), data)

    def due(self, now_ns: int) -> Due:
        """What to send by now; after a close there is nothing more."""
        self.desk.advance(now_ns)
        frames, self._outbox = self._outbox, []
        if not self.open:
            return Due([], self.close)
        if self.desk.faults.idle:
            close = self.close
        else:
            frames, close = self.desk.faults.outgoing(self, frames, now_ns)
        if close:
            self.close = close
            self.leave()
        return Due(frames, close)

    def leave(self) -> None:
        """The connection is gone."""
        if self.open:
            self.open = False
            self.desk.forget(self)

    def send(self, text: str, *, stream: str = "", role: Role = "answer", tail: str | None = None) -> None:
        """Say something. With a `tail`, the connection's frame number stands between the two."""
        if tail is not None:  # a stream that is mute has its numbers all the same
            text = f"{text}{self.sent}{tail}"
            self.sent += 1
        if role in ("data", "snapshot") and self._silent(stream):
            return
        self._put(Frame(text.encode(), "text", stream, role))

    def send_bytes(self, data: bytes, *, opcode: Opcode, role: Role = "control", stream: str = "") -> None:
        """Say bytes."""
        if role in ("data", "snapshot") and self._silent(stream):
            return
        self._put(Frame(data, opcode, stream, role))

    def _silent(self, stream: str) -> bool:
        if self.desk.faults.muted(stream):
            return True
        self.told_ns = self.desk.now_ns
        return False

    def _put(self, frame: Frame) -> None:
        if self.close is not None:
            return
        if frame.role == "data":
            self.last = frame.data
        self._outbox.append(frame)

    def close_with(self, code: int, reason: str = "") -> None:
        """Close after what was said so far; 1006 cuts the connection without a word."""
        self.close = self.close or Close(code, reason)

    def excess(self, what: str, detail: str) -> None:
        """The client exceeded a limit of this connection."""
        self.desk.ledger.violate(self.desk.now_ns, what, detail, self.address)
        self.desk.dialect.exceeded(self.desk, self, what)

    def request(self) -> bool:
        """Count a subscribe, unsubscribe or login; False where it was one too many and is answered."""
        if self._requests.add(self.desk.now_ns):
            self.excess("requests", f"{self.desk.limits.requests} allowed")
            return False
        return True

    def subscribe(self, streams: Sequence[str]) -> list[str]:
        """Add streams; the ones that were new. None of them, and a violation, beyond the limit of streams."""
        most = self.desk.limits.streams
        new = [stream for stream in dict.fromkeys(streams) if stream not in self.streams]
        if most is not None and len(self.streams) + len(new) > most:
            self.excess("streams", f"{len(self.streams) + len(new)} streams, allowed are {most}")
            return []
        self.desk.listen(self, new)
        return new

    def unsubscribe(self, streams: Sequence[str]) -> list[str]:
        """Remove streams; the ones that were there."""
        gone = [stream for stream in streams if stream in self.streams]
        self.desk.unlisten(self, gone)
        return gone
