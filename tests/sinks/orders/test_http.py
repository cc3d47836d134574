"""One request, at most once on the wire, and the answer is its own."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from market.clock import SystemClock
from sinks.orders import http
from sinks.orders.entry import connected
from sinks.orders.http import NoAnswerError, NotSentError, Pool
from sinks.orders.terms import Terms
from venues.hidden import hidden
from venues.orders import OrderRequest, Verb

SECRET = "a-secret-key"
QUICK = Terms(answer_s=0.2, connect_s=2.0, idle_s=30.0, connections=2)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers every request with what `answer` gives of its number, from 1; closes after an empty one."""

    def __init__(self, answer: Callable[[int], bytes | None]) -> None:
        self._answer = answer
        self.heads: list[bytes] = []
        self.connections = 0
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self._answer(len(self.heads))
                if answer is not None:
                    writer.write(answer)
                if answer == b"":
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: Callable[[int], bytes | None], tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server on this machine."""
    server = Server(answer)
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server
        for writer in server.writers:
            writer.transport.abort()


def request(port: int, scheme: str = "http", host: str = "127.0.0.1") -> OrderRequest:
    return OrderRequest(Verb.PLACE, "POST", f"{scheme}://{host}:{port}/order", hidden({"X-KEY": SECRET}), b"")


def test_an_answer_that_comes_twice_is_not_the_answer_to_the_next_request() -> None:
    other = b"HTTP/1.1 400 NO\r\nContent-Length: 2\r\n\r\nno"

    async def play() -> list[int]:
        async with serving(lambda number: OK + other if number == 1 else OK) as server:
            pool = Pool(SystemClock(), QUICK)
            found = [(await pool.ask(request(server.port))).status for _ in range(3)]
            assert server.connections == 2  # the first one is not trusted any more, the second is used again
            pool.close()
            return found

    assert asyncio.run(play()) == [200, 200, 200]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "no answer within 0.2 s"),
        (b"", "the connection was closed before the whole answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "no answer within 0.2 s"),
        (b"nonsense\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + bytes(1024), "longer than 1000 bytes"),
    ],
)
def test_no_answer_leaves_doubt_and_nothing_is_sent_again(
    answer: bytes | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ANSWER_BYTES", 1_000)

    async def play() -> None:
        async with serving(lambda _: answer) as server:
            pool = Pool(SystemClock(), QUICK)
            with pytest.raises(NoAnswerError, match=reason) as told:
                await pool.ask(request(server.port))
            assert SECRET not in str(told.value)
            await asyncio.sleep(0.05)
            assert len(server.heads) == 1
            pool.close()

    asyncio.run(play())


def test_a_connection_that_the_venue_closed_while_it_rested_is_not_used_again() -> None:
    async def play() -> None:
        async with serving(lambda _: OK) as server:
            pool = Pool(SystemClock(), QUICK)
            for _ in range(2):
                assert (await pool.ask(request(server.port))).body == b"ok"
            server.writers[0].close()
            await asyncio.sleep(0.05)
            assert (await pool.ask(request(server.port))).body == b"ok"
            assert (server.connections, len(server.heads)) == (2, 3)
            pool.close()

    asyncio.run(play())


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async def play() -> None:
        async with serving(lambda _: OK) as elsewhere:
            moved = f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{elsewhere.port}/\r\nContent-Length: 0\r\n\r\n"
            async with serving(lambda _: moved.encode()) as server:
                pool = Pool(SystemClock(), QUICK)
                assert (await pool.ask(request(server.port))).status == 307
                assert elsewhere.heads == []
                pool.close()

    asyncio.run(play())


def test_a_redirect_of_a_socket_is_not_followed_for_the_login_would_go_there() -> None:
    async def play() -> None:
        async with serving(lambda _: OK) as elsewhere:
            where = f"ws://127.0.0.1:{elsewhere.port}/"

            def moved(_socket: object, _request: Request) -> Response:
                return Response(307, "Moved", Headers(Location=where, Connection="close"), b"")

            async with serve(lambda _: asyncio.sleep(0), "127.0.0.1", 0, process_request=moved) as server:
                port = next(iter(server.sockets)).getsockname()[1]
                with pytest.raises(Exception, match="307"):
                    async with connected(f"ws://127.0.0.1:{port}/", 2.0, None):
                        pass
            assert elsewhere.connections == 0

    asyncio.run(play())


def test_a_certificate_that_nobody_vouches_for_gets_no_byte(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {key} -out {certificate}"
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("no openssl to make a certificate with")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    async def play() -> None:
        async with serving(lambda _: OK, tls) as server:
            with pytest.raises(NotSentError, match="the certificate of localhost is not valid"):
                await Pool(SystemClock(), QUICK).ask(request(server.port, "https", "localhost"))
            with pytest.raises(ssl.SSLCertVerificationError):
                async with connected(f"wss://localhost:{server.port}", 2.0, None):
                    pass
            assert server.heads == []

    asyncio.run(play())


@pytest.mark.parametrize(
    ("scheme", "host", "reason"),
    [
        ("http", "example.com", "orders go to example.com over https only"),
        ("ftp", "127.0.0.1", "no address of a venue"),
        ("https", f"{SECRET}@example.com", "no address of a venue"),
    ],
)
def test_orders_go_over_https_and_to_this_machine_alone_without(scheme: str, host: str, reason: str) -> None:
    with pytest.raises(NotSentError, match=reason) as told:
        asyncio.run(Pool(SystemClock(), QUICK).ask(request(1, scheme, host)))
    assert SECRET not in str(told.value)


def test_keys_are_hidden_where_a_request_is_printed() -> None:
    assert SECRET not in repr(request(1))
    assert SECRET not in f"{request(1)}"
