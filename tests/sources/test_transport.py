"""Every WebSocket library behind `Socket` does the same, against a server of the websockets library or raw bytes."""

import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from market.errors import SettingsError
from sources import transport
from sources.transport import Library, LostError, Socket, opener

Handler = Callable[[ServerConnection], Awaitable[None]]
WAIT_S = 10.0
DEAF_S = 2.0
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=get_args(Library))
def library(request: pytest.FixtureRequest) -> Library:
    found: Library = request.param
    return found


async def stay(connection: ServerConnection) -> None:
    await connection.wait_closed()


async def deaf(connection: ServerConnection) -> None:
    """Hear nothing for a while, then be gone."""
    connection.transport.pause_reading()
    await asyncio.sleep(DEAF_S)
    connection.transport.abort()


@contextlib.asynccontextmanager
async def served(handler: Handler, library: Library, **options: Any) -> AsyncIterator[Socket]:
    """A socket of the library to a server that runs the handler."""
    async with serve(handler, "127.0.0.1", 0, close_timeout=0.2, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = await opener(library)(f"{'wss' if 'ssl' in options else 'ws'}://127.0.0.1:{port}/stream")
        try:
            yield socket
        finally:
            await socket.close()


async def received(socket: Socket, count: int) -> list[bytes]:
    """The next messages; what ends the connection before is raised."""
    messages: list[bytes] = []
    receiving = asyncio.create_task(socket.receive(messages.append, lambda: True))
    async with asyncio.timeout(WAIT_S):
        while len(messages) < count and not receiving.done():
            await asyncio.sleep(0.005)
    if receiving.done():
        receiving.result()
    receiving.cancel()
    await asyncio.wait([receiving])
    return messages


async def loss(socket: Socket) -> str:
    """Why the connection was lost."""
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(LostError) as found:
            await socket.receive(lambda _: None, lambda: True)
    return str(found.value)


def header(opcode: int, size: int, *, final: bool = True, reserved: int = 0) -> bytes:
    """Of an unmasked frame of less than 64 KiB (RFC 6455, 5.2)."""
    first = bytes([0x80 * final | reserved << 4 | opcode])
    return first + (bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2, "big"))


async def test_messages_arrive_as_bytes_and_in_order_whatever_their_size_and_kind(library: Library) -> None:
    sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 5_000_000, 0, 3]
    sent = [bytes([65 + number]) * size for number, size in enumerate(sizes)]

    async def handler(connection: ServerConnection) -> None:
        for number, message in enumerate(sent):
            await connection.send(message, text=bool(number % 2))
        await stay(connection)

    async with served(handler, library) as socket:
        assert await received(socket, len(sent)) == sent


async def test_nothing_is_lost_between_the_handshake_and_the_first_reading(library: Library) -> None:
    async def handler(connection: ServerConnection) -> None:
        for number in range(100):
            await connection.send(str(number))
        await stay(connection)

    async with served(handler, library) as socket:
        await asyncio.sleep(0.1)
        assert await received(socket, 100) == [str(number).encode() for number in range(100)]


async def test_fragments_are_one_message_though_a_ping_stands_between_them(library: Library) -> None:
    async def handler(connection: ServerConnection) -> None:
        raw = header(1, 2, final=False) + b"ab" + header(9, 0) + header(0, 0, final=False) + header(0, 1) + b"c"
        connection.transport.write(raw + header(2, 1) + b"d")
        await stay(connection)

    async with served(handler, library) as socket:
        assert await received(socket, 2) == [b"abc", b"d"]


async def test_frames_cut_anywhere_by_the_network_are_put_together(library: Library) -> None:
    async def handler(connection: ServerConnection) -> None:
        for byte in header(1, 300) + b"x" * 300 + header(1, 1) + b"y":
            connection.transport.write(bytes([byte]))
            await asyncio.sleep(0)
        await stay(connection)

    async with served(handler, library) as socket:
        assert await received(socket, 2) == [b"x" * 300, b"y"]


@pytest.mark.parametrize("fragments", [1, 4])
async def test_message_over_the_limit_closes_with_1009(
    library: Library, fragments: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_MESSAGE_BYTES", 1000)
    codes: list[int | None] = []

    async def handler(connection: ServerConnection) -> None:
        await connection.send("x" * 1000)
        await asyncio.sleep(0.1)
        parts = ["x" * (1001 // fragments + 1)] * fragments
        await connection.send(parts[0] if fragments == 1 else parts)
        await connection.wait_closed()
        codes.append(connection.close_code)

    messages: list[bytes] = []
    async with served(handler, library) as socket, asyncio.timeout(WAIT_S):
        with pytest.raises(LostError, match=r"1009|limit|exceed"):
            await socket.receive(messages.append, lambda: True)
    assert codes == [1009]
    assert messages == [b"x" * 1000]


async def test_no_compression_is_negotiated(library: Library) -> None:
    extensions: list[Any] = []

    async def handler(connection: ServerConnection) -> None:
        extensions.extend(connection.protocol.extensions)
        await connection.send("plain")
        await stay(connection)

    async with served(handler, library, compression="deflate") as socket:
        assert await received(socket, 1) == [b"plain"]
    assert extensions == []


@pytest.mark.parametrize(
    "raw",
    [
        header(1, 1, reserved=4) + b"x",  # compressed, which was not agreed on
        header(3, 1) + b"x",  # no such opcode
        header(0, 1) + b"x",  # continues nothing
        header(1, 1, final=False) + b"x" + header(1, 1) + b"y",  # breaks a message off
        header(9, 126) + b"x" * 126,  # control frames are short
    ],
)
async def test_what_the_protocol_forbids_closes_with_1002_and_is_not_handed_on(library: Library, raw: bytes) -> None:
    codes: list[int | None] = []

    async def handler(connection: ServerConnection) -> None:
        connection.transport.write(raw + header(1, 5) + b"after")
        await connection.wait_closed()
        codes.append(connection.close_code)

    messages: list[bytes] = []
    async with served(handler, library) as socket, asyncio.timeout(WAIT_S):
        with pytest.raises(LostError):
            await socket.receive(messages.append, lambda: True)
    assert codes == [1002]
    assert messages == []


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 4001])
async def test_goodbye_of_the_peer_is_answered_and_its_code_and_reason_are_told(library: Library, code: int) -> None:
    answered = asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        await connection.send("last")
        await connection.close(code, "maintenance")
        if connection.protocol.close_rcvd is not None:
            answered.set()

    messages: list[bytes] = []
    async with served(handler, library) as socket, asyncio.timeout(WAIT_S):
        with pytest.raises(LostError, match=rf"received {code} .*maintenance") as found:
            await socket.receive(messages.append, lambda: True)
        assert (found.value.code, found.value.reason) == (code, "maintenance")
        await answered.wait()
        with pytest.raises(LostError):
            await socket.send(b"too late")
    assert messages == [b"last"]


async def test_cut_connection_is_lost_without_a_close_frame(library: Library) -> None:
    async def handler(connection: ServerConnection) -> None:
        connection.transport.abort()

    async with served(handler, library) as socket:
        assert "no close frame" in await loss(socket)


async def test_pings_of_the_peer_are_answered_with_their_payload(library: Library) -> None:
    latencies: list[float] = []

    async def handler(connection: ServerConnection) -> None:
        latencies.append(await (await connection.ping(b"token")))
        await connection.send("answered")
        await stay(connection)

    async with served(handler, library) as socket:
        assert await received(socket, 1) == [b"answered"]
    assert latencies


async def test_peer_that_is_gone_without_a_word_is_noticed(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PING_INTERVAL_S", 0.1)
    monkeypatch.setattr(transport, "PING_TIMEOUT_S", 0.1)

    async def handler(connection: ServerConnection) -> None:
        await deaf(connection)

    async with served(handler, library, ping_interval=None) as socket:
        started = asyncio.get_running_loop().time()
        await loss(socket)
        assert asyncio.get_running_loop().time() - started < DEAF_S


async def test_quiet_peer_that_answers_pings_is_kept(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PING_INTERVAL_S", 0.05)
    monkeypatch.setattr(transport, "PING_TIMEOUT_S", 0.05)

    async def handler(connection: ServerConnection) -> None:
        await asyncio.sleep(0.5)
        await connection.send("still here")
        await stay(connection)

    async with served(handler, library) as socket:
        assert await received(socket, 1) == [b"still here"]


async def test_full_queue_is_felt_by_the_peer_and_loses_nothing(library: Library) -> None:
    total, message = 30_000, b"x" * 1000
    sent = 0

    async def handler(connection: ServerConnection) -> None:
        nonlocal sent
        with contextlib.suppress(ConnectionClosed):
            for sent in range(1, total + 1):
                await connection.send(b"%06d" % sent + message)
            await stay(connection)

    messages: list[bytes] = []
    room = 100
    async with served(handler, library, ping_interval=None) as socket, asyncio.timeout(WAIT_S * 3):
        receiving = asyncio.create_task(socket.receive(messages.append, lambda: len(messages) < room))
        while not messages:
            await asyncio.sleep(0.01)
        before = -1
        while sent != before:  # until the peer can write no more
            before = sent
            await asyncio.sleep(0.3)
        assert sent < total
        assert len(messages) < 5000
        stopped = len(messages)
        await asyncio.sleep(0.1)
        assert len(messages) == stopped
        room = total
        while len(messages) < total:
            await asyncio.sleep(0.01)
        receiving.cancel()
        await asyncio.wait([receiving])
    assert [int(one[:6]) for one in messages] == list(range(1, total + 1))


async def test_what_the_taker_raises_comes_out_as_it_is(library: Library) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send("x")
        await stay(connection)

    def take(_: bytes) -> None:
        raise ZeroDivisionError("ours")

    async with served(handler, library) as socket, asyncio.timeout(WAIT_S):
        with pytest.raises(ZeroDivisionError, match="ours"):
            await socket.receive(take, lambda: True)


async def test_sent_messages_are_text(library: Library) -> None:
    async def handler(connection: ServerConnection) -> None:
        message = await connection.recv()
        assert isinstance(message, str)
        await connection.send(message.upper())
        await stay(connection)

    async with served(handler, library) as socket:
        await socket.send(b'{"method":"subscribe"}')
        assert await received(socket, 1) == [b'{"METHOD":"SUBSCRIBE"}']


async def test_goodbye_is_said_with_1000(library: Library) -> None:
    codes: list[int | None] = []

    async def handler(connection: ServerConnection) -> None:
        await connection.wait_closed()
        codes.append(connection.close_code)

    async with served(handler, library):
        pass
    assert codes == [1000]


async def test_goodbye_to_a_peer_that_does_not_answer_is_brief(library: Library) -> None:
    async def handler(connection: ServerConnection) -> None:
        await deaf(connection)

    async with served(handler, library, ping_interval=None) as socket:
        started = asyncio.get_running_loop().time()
        await socket.close()
        assert asyncio.get_running_loop().time() - started < DEAF_S


@contextlib.asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[str]:
    """A server that says these bytes to the first request and goes, or says nothing; its URL."""
    done = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is None:
            await done.wait()
        else:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        try:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            done.set()


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n\r\n"],
    ids=["nothing", "403", "another protocol"],
)
async def test_failed_handshake_is_a_loss_with_its_reason(library: Library, answer: bytes) -> None:
    async with answering(answer) as url:
        with pytest.raises((LostError, OSError)) as found:
            await opener(library)(url)
    assert str(found.value)
    if b"403" in answer:
        assert "403" in str(found.value)
        assert isinstance(found.value, LostError)
        assert found.value.code == 403


async def test_refused_handshake_tells_its_status_its_words_and_how_long_to_wait(library: Library) -> None:
    answer = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 8\r\n\r\nslowdown"
    async with answering(answer) as url:
        with pytest.raises(LostError) as found:
            await opener(library)(url)
    assert (found.value.code, found.value.reason, found.value.retry_after_s) == (429, "slowdown", 7.0)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_handshake_that_never_ends_is_given_up(
    library: Library, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "OPEN_TIMEOUT_S", 0.2)
    async with answering(None) as url, asyncio.timeout(WAIT_S):
        with pytest.raises(TimeoutError):
            await opener(library)(url.replace("ws", scheme))


async def test_nobody_there_is_an_oserror(library: Library) -> None:
    async with answering(b"") as url:
        pass
    with pytest.raises(OSError, match=r".+"):
        await opener(library)(url)


def test_library_that_is_not_installed_is_a_mistake_in_the_settings(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, f"sources.{library}_socket", raising=False)
    for module in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SettingsError, match=f"{library}, which is not installed"):
        opener(library)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout {key} -out {certificate}"
    try:
        subprocess.run([*command.split(), "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("no openssl to make a certificate with")
    return certificate, key


async def test_tls_is_spoken_with_a_trusted_peer_and_refused_with_another(
    library: Library, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    async def handler(connection: ServerConnection) -> None:
        await connection.send("secret" * 10_000)
        await stay(connection)

    with pytest.raises(ssl.SSLCertVerificationError):
        async with served(handler, library, ssl=context):
            pass
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    async with served(handler, library, ssl=context) as socket:
        assert await received(socket, 1) == [b"secret" * 10_000]
