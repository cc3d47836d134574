"""`Pool`: HTTP/1.1 to a venue over a few connections that stay open. A request goes on the wire at most once.

Nothing is ever sent again, no redirect is followed, no proxy asked. What matters after a failure is whether anything
left: NotSentError says that no byte did, NoAnswerError that the venue may have done what was asked. A connection that
failed is closed; the next request opens a new one. Headers carry signatures and appear in no error and no log.
"""

import asyncio
import ipaddress
import socket
import ssl
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import h11

from market.clock import SECOND_NS, Clock
from sinks.orders.terms import Terms
from venues.orders import OrderRequest

ANSWER_BYTES = 16 << 20  # a longer answer is none
HEAD_BYTES = 64 << 10
USER_AGENT = "Barograph-Orders/1"
Leave = Callable[[], str]  # asked in the last moment before the wire: why not to send; empty: go


class NotSentError(Exception):
    """Nothing of the request left this process."""


class NoAnswerError(Exception):
    """The request left, or part of it; whether the venue acted on it is not known."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    received_ns: int  # wall clock


class Origin(NamedTuple):
    """Where connections lead."""

    host: str
    port: int
    secure: bool
    authority: str


@lru_cache(maxsize=64)
def origin_of(scheme: str, netloc: str) -> Origin:
    """Read once; raises NotSentError where orders must not go. Plain HTTP is for this machine alone."""
    parts = urlsplit(f"{scheme}://{netloc}")
    host = parts.hostname or ""
    if scheme not in ("http", "https") or not host or parts.username is not None:
        raise NotSentError(f"{scheme}://{host} is no address of a venue; it must be https://host")
    if scheme == "http" and not is_loopback(host):
        raise NotSentError(f"orders go to {host} over https only")
    return Origin(host, parts.port or (443 if scheme == "https" else 80), scheme == "https", netloc)


def is_loopback(host: str) -> bool:
    """Whether a name means this machine for sure.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("127.0.0.1.example.com")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def at_once() -> str:
    """No objection."""
    return ""


def end_abruptly(transport: asyncio.BaseTransport) -> None:
    """Let what the peer has not received die with the connection, and so with this process: otherwise the system goes
    on sending it for minutes after either has ended (socket(7), SO_LINGER of 0 s).
    """
    found = transport.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Pool:
    """The connections to one venue; within one event loop. `tls` stands in for the verifying default context."""

    def __init__(self, clock: Clock, terms: Terms, *, tls: ssl.SSLContext | None = None) -> None:
        self._clock, self._terms = clock, terms
        self._tls = tls or ssl.create_default_context()
        self._free: list[Wire] = []  # the last one used is the first to be used again
        self._slots = asyncio.Semaphore(terms.connections)

    async def ask(self, request: OrderRequest, leave: Leave = at_once) -> Answer:
        """Send once and wait for the answer, whatever its status. Raises NotSentError or NoAnswerError."""
        parts = urlsplit(request.url)
        origin = origin_of(parts.scheme, parts.netloc)
        wire = await self._wire(origin)
        try:
            if why := leave():
                raise NotSentError(why)
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            status, body = await wire.exchange(request, target, self._terms.answer_s)
            return Answer(status, body, self._clock.now_ns())
        finally:
            self._slots.release()
            if wire.is_usable:
                wire.rested_ns = self._clock.monotonic_ns()
                self._free.append(wire)
            else:
                wire.abort()

    def close(self) -> None:
        """Drop all connections that rest."""
        for wire in self._free:
            wire.abort()
        self._free.clear()

    async def _wire(self, origin: Origin) -> "Wire":
        """A connection of ours alone; the caller gives its slot back."""
        try:
            async with asyncio.timeout(self._terms.connect_s):
                await self._slots.acquire()
                try:
                    return self._rested(origin) or await self._connected(origin)
                except BaseException:
                    self._slots.release()
                    raise
        except TimeoutError:
            raise NotSentError(f"no connection to {origin.host} within {self._terms.connect_s:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise NotSentError(f"the certificate of {origin.host} is not valid: {error.verify_message}") from error
        except OSError as error:
            raise NotSentError(f"no connection to {origin.host}: {error.strerror or error}") from error

    def _rested(self, origin: Origin) -> "Wire | None":
        oldest_ns = self._clock.monotonic_ns() - round(self._terms.idle_s * SECOND_NS)
        while self._free:
            wire = self._free.pop()
            if wire.is_usable and wire.origin == origin and wire.rested_ns >= oldest_ns:
                return wire
            wire.abort()
        return None

    async def _connected(self, origin: Origin) -> "Wire":
        loop, tls, name = asyncio.get_running_loop(), self._tls, origin.host
        if origin.secure:
            made = loop.create_connection(lambda: Wire(origin), name, origin.port, ssl=tls, server_hostname=name)
        else:
            made = loop.create_connection(lambda: Wire(origin), name, origin.port)
        return (await made)[1]


class Wire(asyncio.Protocol):
    """One connection: one request at a time, its answer, the next one."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.rested_ns = 0  # timer clock
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._status, self._body = 0, bytearray()
        self._strange = False  # something came that nobody asked for

    @property
    def is_usable(self) -> bool:
        """Whether another request may go out on it; not after more was said than was asked for, which would pass for
        the answer to the next one.
        """
        alive = self._transport is not None and not self._transport.is_closing() and not self._strange
        return alive and self._http.our_state is h11.IDLE and self._http.their_state is h11.IDLE

    async def exchange(self, request: OrderRequest, target: str, timeout_s: float) -> tuple[int, bytes]:
        """Write the request and wait; raises NotSentError before its first byte and NoAnswerError after."""
        sent = self._packed(request, target)
        if self._transport is None or self._transport.is_closing():
            raise NotSentError("the connection was closed")
        self._status, self._body = 0, bytearray()
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(sent)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._waiting
        except TimeoutError:
            self.abort()
            raise NoAnswerError(f"no answer within {timeout_s:g} s") from None
        except BaseException:
            self.abort()
            raise
        finally:
            self._waiting = None

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio: it is open."""
        assert isinstance(transport, asyncio.Transport)
        end_abruptly(transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Of asyncio: read on in the answer."""
        self._received(data, "the answer is not HTTP")

    def eof_received(self) -> bool:
        """Of asyncio: nothing more comes; an answer without a length ends here."""
        self._received(b"", "the connection was closed before the whole answer")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Of asyncio: it is closed."""
        self._fail(f"the connection was lost{f' ({exc})' if exc else ''} before the whole answer")

    def _packed(self, request: OrderRequest, target: str) -> bytes:
        given = {
            "host": self.origin.authority,
            "user-agent": USER_AGENT,
            "content-length": str(len(request.body)),
            **{name.lower(): value for name, value in request.headers.items()},
        }
        try:
            head = self._http.send(h11.Request(method=request.method, target=target, headers=list(given.items())))
            body = self._http.send(h11.Data(data=request.body)) if request.body else b""
            return (head or b"") + (body or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        except h11.LocalProtocolError:  # whose text repeats a header
            raise NotSentError(f"the {request.verb} request is not HTTP") from None

    def _received(self, data: bytes, otherwise: str) -> None:
        try:
            self._http.receive_data(data)
            self._read()
        except h11.RemoteProtocolError:  # whose text repeats what came
            self._fail(otherwise)

    def _read(self) -> None:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Response):
                self._status = event.status_code
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > ANSWER_BYTES:
                    self._fail(f"the answer is longer than {ANSWER_BYTES} bytes")
                    return
            elif isinstance(event, h11.EndOfMessage):
                self._done()
                return
            elif not isinstance(event, h11.InformationalResponse):  # NEED_DATA, PAUSED or closed
                return

    def _done(self) -> None:
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._strange = bool(self._http.trailing_data[0])
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result((self._status, bytes(self._body)))

    def _fail(self, reason: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(NoAnswerError(reason))
        self.abort()
