"""The one way by which a webhook leaves: a POST to an address that was judged, over a socket that goes nowhere else.

The name is resolved here, every answer is judged (`address.Rules`), and the socket is connected to the very address
that passed: what a name means a moment later changes nothing. TLS is verified for the name. No redirect is followed, no
proxy is asked, nothing of the answer is kept but its status and how long to wait; no more than 64 kB of it are read.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple

import h11

from sinks.webhook.address import Rules, Target
from sinks.webhook.errors import DeliveryError, RefusedError
from sinks.webhook.limits import (
    ADDRESSES,
    ANSWER_BYTES,
    ANSWER_HEAD_BYTES,
    ATTEMPT_S,
    BODY_S,
    CONCURRENT_SHARED,
    CONNECT_S,
    ENDPOINTS,
)

READ_BYTES = 16 << 10
CLOSE_S = 1.0  # for the farewell of TLS
USER_AGENT = "Barograph-Webhooks/1"
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]  # a name and a port: its addresses


class Answer(NamedTuple):
    """What a receiver said."""

    status: int
    retry_after: str  # as it was sent; empty where it was not


async def post(
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    *,
    rules: Rules,
    resolve: Resolve,
    tls: ssl.SSLContext,
    timeout_s: float = ATTEMPT_S,
) -> Answer:
    """Send a body once; the answer, whatever its status. Raises DeliveryError where there was none in time.

    The head of the answer must be there in time; the rest has BODY_S, and the status counts without it.
    """
    try:
        async with asyncio.timeout(timeout_s) as limit:
            addresses = await judged(target, rules=rules, resolve=resolve)
            connected = await _connected(target, addresses)
            return await _exchange(connected, target, headers, body, tls, limit)
    except TimeoutError:
        raise DeliveryError(f"no answer within {timeout_s:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise DeliveryError(f"its certificate is not valid: {error.verify_message}") from error
    except (OSError, ssl.SSLError) as error:
        raise DeliveryError(f"the connection failed: {error.strerror or error}") from error
    except h11.RemoteProtocolError:  # whose text repeats what the stranger said
        raise DeliveryError("the answer is not HTTP") from None


async def judged(target: Target, *, rules: Rules, resolve: Resolve) -> list[str]:
    """The addresses of a target, all of which may be connected to; raises RefusedError where one may not."""
    try:
        addresses = [str(ip_address(target.host))]
    except ValueError:
        addresses = list(await resolve(target.host, target.port))
    if not 0 < len(addresses) <= ADDRESSES:
        raise RefusedError(f"{target.host} has {len(addresses)} addresses; 1 to {ADDRESSES} are taken")
    for address in addresses:
        if why := rules.refusal(target, address):
            raise RefusedError(why)
    return addresses


async def _connected(target: Target, addresses: Sequence[str]) -> socket.socket:
    """A socket to the first address that takes one."""
    failed: OSError | TimeoutError = OSError("there is no address")
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            async with asyncio.timeout(CONNECT_S):
                await asyncio.get_running_loop().sock_connect(connection, (address, target.port))
        except (OSError, TimeoutError) as error:
            connection.close()
            failed = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    if isinstance(failed, TimeoutError):
        raise DeliveryError(f"no connection within {CONNECT_S:g} s")
    raise failed


async def _exchange(
    connection: socket.socket,
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    tls: ssl.SSLContext,
    limit: asyncio.Timeout,
) -> Answer:
    """Ask over a connected socket, which is closed whatever happens; `limit` is lifted once there is a status, as what
    follows has limits of its own.
    """
    secured = {"ssl": tls, "server_hostname": target.host, "ssl_shutdown_timeout": CLOSE_S}
    try:
        reader, writer = await asyncio.open_connection(
            sock=connection,
            limit=ANSWER_HEAD_BYTES,
            **(secured if target.scheme == "https" else {}),  # type: ignore[arg-type]
        )
    except BaseException:
        connection.close()
        raise
    try:
        writer.write(_request(target, headers, body))
        await writer.drain()
        return await _answer(reader, limit)
    finally:
        await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Part from a receiver, also from one that reads nothing."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_S):
            await writer.wait_closed()
    except TimeoutError:
        writer.transport.abort()
    except (OSError, ssl.SSLError):
        pass


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    given = {
        "host": target.authority,
        "user-agent": USER_AGENT,
        "accept": "*/*",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
        **headers,
    }
    protocol = h11.Connection(h11.CLIENT)
    asked = protocol.send(h11.Request(method="POST", target=target.path, headers=list(given.items())))
    return (asked or b"") + (protocol.send(h11.Data(data=body)) or b"")


async def _answer(reader: asyncio.StreamReader, limit: asyncio.Timeout) -> Answer:
    """Status and headers; then as much of the rest as is due, so that a receiver may finish its sentence."""
    protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=ANSWER_HEAD_BYTES)
    protocol.send(h11.Request(method="POST", target="/", headers=[("host", "x"), ("content-length", "0")]))
    protocol.send(h11.EndOfMessage())
    events = _events(protocol, reader)
    async for event in events:
        if isinstance(event, h11.Response):
            break
    else:
        raise DeliveryError(f"no status in the first {ANSWER_BYTES >> 10} kB of the answer")
    limit.reschedule(None)
    waits = next((value for name, value in event.headers if name == b"retry-after"), b"")
    with suppress(h11.RemoteProtocolError, OSError, TimeoutError):
        async with asyncio.timeout(BODY_S):
            async for _ in events:
                pass
    return Answer(event.status_code, waits.decode("latin-1"))


async def _events(protocol: h11.Connection, reader: asyncio.StreamReader) -> AsyncIterator[h11.Event]:
    """What is said, up to its end or to ANSWER_BYTES."""
    read = 0
    while read <= ANSWER_BYTES:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            piece = await reader.read(READ_BYTES)
            read += len(piece)
            protocol.receive_data(piece)
        elif event is h11.PAUSED or isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            return
        else:
            yield event  # type: ignore[misc]


class SystemResolver:
    """Names as the machine resolves them, in threads.

    A question that hangs keeps its thread, but no second one: whoever asks for the same name meanwhile waits for the
    same answer. So there are never more threads than names that are asked for at once.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=ENDPOINTS + CONCURRENT_SHARED, thread_name_prefix="resolve")
        self._asked: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a name; raises OSError."""
        key = (host, port)
        if key not in self._asked:
            asked = asyncio.get_running_loop().run_in_executor(self._threads, _lookup, host, port)
            self._asked[key] = asked
            asked.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(self._asked[key])

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _lookup(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def tls_context() -> ssl.SSLContext:
    """TLS 1.2 or later, certificates and names verified."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
