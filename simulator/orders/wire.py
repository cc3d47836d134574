"""The order side on the air: HTTP/1.1 with keep-alive, the order socket and the user stream, all on one port.

Written on asyncio's transports, because a WebSocket library takes a good part of the time an order has at 5 000 orders
a second. One request after the other on a connection by HTTP; on the order socket as many as the client likes.
"""

import asyncio
import logging
import time
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import msgspec

from simulator.orders import frames, refusals
from simulator.orders.frames import BadFrame
from simulator.orders.front import CUT, Front, Reply, Request
from simulator.orders.keys import signed_params, signed_text
from simulator.orders.paths import METHODS

logger = logging.getLogger("barograph.simulator")

HEAD_MOST = 16 * 1024  # bytes of a request's head
BODY_MOST = 64 * 1024
CONNECTIONS_MOST = 256
UNSERVED_MOST = 1024 * 1024  # bytes from a client behind a request that is not answered; beyond it, it is cut off
UNSENT_MOST = 8 * 1024 * 1024  # bytes to a client that does not read; beyond it, it is cut off
PING_S = 20.0
ORDER_SOCKET = "/ws-fapi/v1"
USER_STREAMS = ("/private/ws", "/ws")
RATE_LIMITS = (
    b',"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":2400,"count":1}]}'
)


class Counter:
    """All connections to the order side."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.connections: set[Connection] = set()
        self._pinged_s = time.monotonic()

    async def open(self, host: str, port: int) -> asyncio.Server:
        """Listen; the server is the caller's to close."""
        return await asyncio.get_running_loop().create_server(partial(Connection, self), host, port)

    def advance(self) -> None:
        """After a slice of the market."""
        self.front.advance(_now_ms())
        self.flush()
        if time.monotonic() - self._pinged_s > PING_S:
            self._pinged_s = time.monotonic()
            for one in self.connections:
                if one.is_socket:
                    one.write(frames.framed(b"", frames.PING))

    def flush(self) -> None:
        """Send what the user streams have to say."""
        streams = [one for one in self.connections if one.is_stream]
        self.front.desk.listened = bool(streams)
        said = self.front.events()
        if said and streams:
            block = b"".join(frames.framed(event.encode()) for event in said)
            for one in streams:
                one.write(block)
        if self.front.faults.cut_requested:
            self.front.faults.cut_requested = False
            for one in streams:
                self.front.faults.injected["cut"] += 1
                one.cut()

    def close(self) -> None:
        """End all connections."""
        for one in tuple(self.connections):
            one.cut()


class Connection(asyncio.Protocol):
    """One connection: HTTP until it asks to be a WebSocket."""

    def __init__(self, counter: Counter) -> None:
        self.is_stream = False
        self.is_socket = False  # a WebSocket, of either kind
        self._counter = counter
        self._buffer = bytearray()
        self._unwritten: list[bytes] = []
        self._reading = False
        self._busy = False  # an HTTP request is not answered yet
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is there."""
        self._transport = transport  # type: ignore[assignment]
        if len(self._counter.connections) >= CONNECTIONS_MOST:
            logger.warning("more than %d connections to the order side", CONNECTIONS_MOST)
            self.cut()
            return
        self._counter.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """The client went; what it asked for stays done."""
        self._transport = None
        self._counter.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Serve what is whole; answers and events leave together."""
        self._buffer += data
        self._read()
        if len(self._buffer) > UNSERVED_MOST:
            logger.warning("a client of the order side sends more than is served, and is cut off")
            self.cut()
        self._counter.flush()

    def write(self, data: bytes) -> None:
        """Send now; a client that does not read is cut off."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > UNSENT_MOST:
            logger.warning("slow consumer of the order side cut off")
            self.cut()

    def cut(self) -> None:
        """End without a goodbye."""
        if self._transport is not None:
            self._transport.abort()

    def _write_all(self) -> None:
        if self._unwritten:
            self.write(b"".join(self._unwritten))
            self._unwritten.clear()

    def _read(self) -> None:
        self._reading = True
        try:
            while self._buffer and (self._frame() if self.is_socket else self._request()):
                pass
        except BadFrame as bad:
            self._end(frames.closing(bad.code))
        except ValueError:
            self._end(_http(Reply(400, b'{"code":-1130,"msg":"Malformed request."}'), keep=False))
        self._reading = False
        self._write_all()

    def _end(self, last: bytes) -> None:
        self._buffer.clear()
        self._unwritten.append(last)
        self._write_all()
        if self._transport is not None:
            self._transport.close()

    def _frame(self) -> bool:
        frame = frames.received(self._buffer)
        if frame is None:
            return False
        if frame.opcode == frames.PING:
            self._unwritten.append(frames.framed(frame.payload, frames.PONG))
        elif frame.opcode == frames.CLOSE:
            self._end(frames.framed(frame.payload[:2], frames.CLOSE))
            return False
        elif frame.opcode != frames.PONG and not self.is_stream:
            self._order_frame(frame.payload)
        return True

    def _order_frame(self, payload: bytes) -> None:
        try:
            asked = msgspec.json.decode(payload, type=_Asked)
            number = msgspec.json.encode(asked.id)
            params = {name: _text(value) for name, value in asked.params.items()}
        except msgspec.MsgspecError:
            self._say(b"null", Reply(400, refusals.Refusal(-1135, "Invalid JSON").body()))
            return
        method, path = METHODS.get(asked.method, ("", asked.method))
        request = Request(method, path, params, params.get("apiKey", ""), signed_params(params))
        self._counter.front.submit(request, _now_ms(), partial(self._say, number))

    def _say(self, number: bytes, reply: Reply) -> None:
        """Answer a frame of the order socket."""
        if reply is CUT:
            self.cut()
            return
        what = b"result" if reply.status == 200 else b"error"
        head = b'{"id":%b,"status":%d,"%b":' % (number, reply.status, what)
        self._unwritten.append(frames.framed(head + reply.body + RATE_LIMITS))
        if not self._reading:
            self._write_all()

    def _request(self) -> bool:
        """Serve the first whole HTTP request of the buffer; whether to look for another."""
        end = self._buffer.find(b"\r\n\r\n")
        if self._busy or end < 0:
            if end < 0 and len(self._buffer) > HEAD_MOST:
                raise ValueError
            return False
        method, target, headers = _head(bytes(self._buffer[:end]))
        length = int(headers.get("content-length", "0"))
        if not 0 <= length <= BODY_MOST:
            raise ValueError
        if len(self._buffer) < end + 4 + length:
            return False
        body = self._buffer[end + 4 : end + 4 + length].decode("ascii")
        del self._buffer[: end + 4 + length]
        parts = urlsplit(target)
        if headers.get("upgrade", "").lower() == "websocket":
            self._upgrade(parts.path, parts.query, headers)
            return True
        params = dict(parse_qsl(parts.query) + parse_qsl(body))
        request = Request(
            method, parts.path, params, headers.get("x-mbx-apikey", ""), signed_text(parts.query, body)
        )  # fmt: skip
        self._busy = True
        keep = headers.get("connection", "").lower() != "close"
        self._counter.front.submit(request, _now_ms(), partial(self._answer, keep))
        return not self._busy

    def _answer(self, keep: bool, reply: Reply) -> None:
        """Answer the HTTP request; a second answer to it has no place."""
        if not self._busy:
            return
        self._busy = False
        if reply is CUT:
            self.cut()
            return
        if not keep:
            self._end(_http(reply, keep=False))
            return
        self._unwritten.append(_http(reply, keep=True))
        if not self._reading:
            self._read()

    def _upgrade(self, path: str, query: str, headers: dict[str, str]) -> None:
        key = headers.get("sec-websocket-key", "")
        base, _, name = path.rpartition("/")
        asked = dict(parse_qsl(query)).get("listenKey", name if base in USER_STREAMS else "")
        listens = path in USER_STREAMS or base in USER_STREAMS
        if not key or not (path == ORDER_SOCKET or listens):
            raise ValueError
        if listens and not self._counter.front.is_listen_key(unquote_plus(asked)):
            self._end(_http(Reply(400, refusals.BAD_LISTEN_KEY.body()), keep=False))
            return
        self.is_socket, self.is_stream = True, listens
        self._counter.front.desk.listened |= listens
        self._unwritten.append(frames.accepted(key))


class _Asked(msgspec.Struct):
    """One request over the order socket."""

    id: int | str | None
    method: str
    params: dict[str, str | int | float | bool] = {}


def _text(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Method, target and headers by lower-case name; raises ValueError for what is no HTTP/1.1 request."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    if version != "HTTP/1.1":
        raise ValueError
    pairs = (line.partition(":") for line in lines)
    return method, target, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _http(reply: Reply, *, keep: bool) -> bytes:
    status = HTTPStatus(reply.status)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(reply.body)}\r\nConnection: {'keep-alive' if keep else 'close'}\r\n\r\n"
    )
    return head.encode() + reply.body
