"""What goes over a connection: frames, the end of it, HTTP answers."""

from typing import Literal, NamedTuple

Opcode = Literal["text", "binary", "ping", "pong"]
# answer: to a request, acknowledgement or error; control: heartbeats, greetings, status, pings and pongs
# claim: a frame whose header, on a socket, claims 64 MB that never come
Role = Literal["data", "snapshot", "answer", "control", "claim"]


class Frame(NamedTuple):
    """One WebSocket message."""

    data: bytes
    opcode: Opcode = "text"
    stream: str = ""  # of market data
    role: Role = "data"


class Close(NamedTuple):
    """The end of a connection; 1006 is a cut without a close frame."""

    code: int
    reason: str


class Due(NamedTuple):
    """What a server sends now, and how it ends the connection after that."""

    frames: list[Frame]
    close: Close | None


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
