"""A mock venue on a loopback port: WebSocket and REST, paced to wall time, with the faults that need a real socket.

A frame goes through the WebSocket library as long as it is what the library would send. What is torn to pieces, is not
valid text, or cuts a connection without a word is written to the transport, which is safe because each write is whole
frames, and because a connection that drips reads nothing, so that the library answers nothing in between.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as listen
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Event, State

from simulator.venues import frame as frames
from simulator.venues.desk import Answer, Desk, Session

logger = logging.getLogger("barograph.simulator")

REQUEST_BYTES_MOST = 1 << 20
SEND_BUFFER_BYTES = 16 << 20  # unsent; beyond it a slow consumer is cut off
NAP_NS = 1_000_000  # at least, between two looks at the clock
NAP_MOST_NS = 50_000_000  # at most, so that a stop is soon seen
CLOSE_S = 0.5
CLAIM_BYTES = 64 << 20  # what a frame says it has, and never has
DRIP_BYTES_PER_S = 2_000
OPCODES = {"text": Opcode.TEXT, "binary": Opcode.BINARY, "ping": Opcode.PING, "pong": Opcode.PONG}
FORBIDDEN_CLOSES = (1005, 1006, 1015)  # RFC 6455, 7.4.1: they say that there was no close frame


def serve(
    desk: Desk,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Run a desk until `stop` is set; its times are wall times from `desk.start_ns` on, which should be now.

    `ready` is told the port once connections are accepted. Raises OSError where the port is taken.
    """
    asyncio.run(Host(desk).run(host, port, ready or (lambda _: None), stop or threading.Event()))


class _Line(ServerConnection):
    """A connection that also tells of pings and pongs, which count as messages at some venues."""

    session: Session | None = None

    def process_event(self, event: Event) -> None:
        """Take a frame of the client."""
        if self.session is not None and isinstance(event, Frame) and event.opcode not in DATA_OPCODES:
            if event.opcode is Opcode.PING:
                self.session.receive(b"", time.time_ns(), "ping")
            elif event.opcode is Opcode.PONG:
                self.session.receive(bytes(event.data), time.time_ns(), "pong")
        super().process_event(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, perhaps before its handshake was done."""
        if self.session is not None:
            self.session.leave()
        super().connection_lost(exc)


class Host:
    """A desk with its sockets."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._lines: dict[_Line, Session] = {}
        self._dripping: set[_Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, host: str, port: int, ready: Callable[[int], None], stop: threading.Event) -> None:
        """Accept connections and let the venue speak until told to stop."""
        async with listen(
            self._connection,
            host,
            port,
            process_request=self._request,
            create_connection=_Line,
            compression=None,
            ping_interval=None,
            close_timeout=CLOSE_S,
            max_size=REQUEST_BYTES_MOST,
            server_header=None,
        ) as server:
            ready(_port(server))
            while not stop.is_set():
                now_ns = time.time_ns()
                self.desk.advance(now_ns)
                for line in tuple(self._lines):
                    self._speak(line, now_ns)
                wait_ns = min(NAP_MOST_NS, max(NAP_NS, self.desk.next_ns - time.time_ns()))
                await asyncio.sleep(wait_ns / 1e9)
            for line in tuple(self._lines):
                line.transport.abort()

    def _request(self, line: ServerConnection, request: Request) -> Response | None:
        """REST on the WebSocket port; None lets the handshake go on."""
        now_ns, address = time.time_ns(), str(line.remote_address[0])
        headers = dict(request.headers.raw_items())
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return _response(self.desk.get(request.path, headers, now_ns, address))
        opened = self.desk.connect(request.path, headers, now_ns, address)
        if isinstance(opened, Answer):
            return _response(opened)
        assert isinstance(line, _Line)
        line.session = opened
        return None

    async def _connection(self, line: ServerConnection) -> None:
        assert isinstance(line, _Line)
        session = line.session
        if session is None:
            return
        self._lines[line] = session
        try:
            self._speak(line, time.time_ns())
            async for message in line:
                text = isinstance(message, str)
                data = message.encode() if isinstance(message, str) else bytes(message)
                session.receive(data, time.time_ns(), "text" if text else "binary")
                self._speak(line, time.time_ns())
                if self.desk.faults.deaf(session):
                    line.transport.pause_reading()
        except ConnectionClosed:
            pass
        finally:
            self._lines.pop(line, None)
            session.leave()

    def _speak(self, line: _Line, now_ns: int) -> None:
        """Send what is due on one connection."""
        session = self._lines.get(line)
        if session is None or line in self._dripping or line.state is not State.OPEN:
            return
        if self.desk.faults.deaf(session):
            line.transport.pause_reading()
            return
        due = session.due(now_ns)
        split, drip = (False, False) if self.desk.faults.idle else self.desk.faults.torn()
        data = b"".join([_wire(item) for item in due.frames if item.opcode != "pong"])  # the library has answered pings
        if drip and data:
            self._dripping.add(line)
            self._start(self._drip(line, data, due.close))
            return
        for piece in [data[at : at + 1] for at in range(len(data))] if split else [data] if data else []:
            line.transport.write(piece)
        if line.transport.get_write_buffer_size() > SEND_BUFFER_BYTES:
            logger.warning("slow consumer cut off: remote=%s", line.remote_address)
            line.transport.abort()
        elif due.close:
            self._start(self._close(line, due.close))

    async def _drip(self, line: _Line, data: bytes, close: frames.Close | None) -> None:
        """Send bytes one by one, reading nothing meanwhile, so that no pong of the library's comes in between."""
        line.transport.pause_reading()
        try:
            for at in range(len(data)):
                if line.transport.is_closing():
                    return
                line.transport.write(data[at : at + 1])
                await asyncio.sleep(1 / DRIP_BYTES_PER_S)
        finally:
            self._dripping.discard(line)
            if not line.transport.is_closing():
                line.transport.resume_reading()
        if close:
            await self._close(line, close)

    async def _close(self, line: _Line, close: frames.Close) -> None:
        if close.code in FORBIDDEN_CLOSES:
            line.transport.abort()
        else:
            await line.close(close.code, close.reason)

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _wire(item: frames.Frame) -> bytes:
    """A frame as bytes, unmasked as a server's are; valid or not."""
    size = CLAIM_BYTES if item.role == "claim" else len(item.data)
    head = bytes([0x80 | OPCODES[item.opcode]])
    if size < 126:
        head += bytes([size])
    else:
        wide = size >= 1 << 16
        head += bytes([127 if wide else 126]) + size.to_bytes(8 if wide else 2, "big")
    return head + item.data


def _response(answer: Answer) -> Response:
    status = HTTPStatus(answer.status)
    headers = Headers(
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(answer.body))),
            ("Connection", "close"),
            *answer.headers,
        ]
    )
    return Response(status.value, status.phrase, headers, answer.body)


def _port(server: Server) -> int:
    number: int = next(iter(server.sockets)).getsockname()[1]
    return number
