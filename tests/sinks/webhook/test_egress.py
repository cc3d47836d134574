"""Over real sockets: TLS for the name, to the judged address; receivers that answer badly, slowly or too much."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from sinks.webhook.address import Rules, parsed
from sinks.webhook.egress import Answer, SystemResolver, post, tls_context
from sinks.webhook.errors import DeliveryError
from sinks.webhook.limits import ANSWER_BYTES

RULES = Rules.of(["127.0.0.0/8"], [443])
TLS = tls_context()
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def asked(
    talk: Talk,
    *,
    server_tls: ssl.SSLContext | None = None,
    client_tls: ssl.SSLContext = TLS,
    name: str = "hooks.example",
    timeout_s: float = 5.0,
) -> Answer:
    """One POST to a server that talks as it is told."""

    async def body() -> Answer:
        talks: list[asyncio.Task[None]] = []

        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talks.append(asyncio.current_task())  # type: ignore[arg-type]
            try:
                with suppress(OSError, asyncio.IncompleteReadError):
                    await talk(reader, writer)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

        server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=server_tls)
        target = parsed(f"{'https' if server_tls else 'http'}://{name}:{server.sockets[0].getsockname()[1]}/hook?x=1")
        sending = {"rules": RULES, "resolve": loopback, "tls": client_tls, "timeout_s": timeout_s}
        try:
            return await post(target, {"webhook-id": "msg_1"}, b'{"a":1}', **sending)  # type: ignore[arg-type]
        finally:
            server.close()
            for task in talks:
                task.cancel()
            await asyncio.gather(*talks, return_exceptions=True)

    return asyncio.run(body())


def says(*pieces: bytes, seen: list[bytes] | None = None, pause_s: float = 0.0) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        request += await reader.readexactly(7)
        if seen is not None:
            seen.append(request)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return talk


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ssl.SSLContext, ssl.SSLContext]]:
    """A server for hooks.example, and a client that trusts who signed for it."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, folder = ec.generate_private_key(ec.SECP256R1()), tmp_path_factory.mktemp("tls")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = tls_context()
    client.load_verify_locations(cafile=str(pem))
    yield server, client
    Path(pem).unlink()


def test_tls_is_for_the_name_and_goes_to_the_judged_address(
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, client = certificates
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)  # type: ignore[assignment,misc]
    seen: list[bytes] = []
    answer = asked(says(b"HTTP/1.1 204 No Content\r\n\r\n", seen=seen), server_tls=server, client_tls=client)
    assert (answer.status, names) == (204, ["hooks.example"])
    head, _, sent = seen[0].partition(b"\r\n\r\n")
    lines = head.decode().splitlines()
    assert lines[0] == "POST /hook?x=1 HTTP/1.1"
    assert {line.split(":")[1].strip() for line in lines if line.lower().startswith("host:")} == {"hooks.example"}
    assert "webhook-id: msg_1" in lines
    assert sent == b'{"a":1}'


@pytest.mark.parametrize(("name", "trusts"), [("other.example", True), ("hooks.example", False)])
def test_a_certificate_for_another_name_or_of_a_stranger_ends_the_attempt(
    certificates: tuple[ssl.SSLContext, ssl.SSLContext], name: str, trusts: bool
) -> None:
    server, client = certificates
    seen: list[bytes] = []
    with pytest.raises(DeliveryError, match="certificate is not valid"):
        asked(says(b"", seen=seen), server_tls=server, client_tls=client if trusts else TLS, name=name)
    assert seen == [], "nothing was said to it"


def test_old_tls_is_not_spoken() -> None:
    assert tls_context().minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls_context().check_hostname
    assert tls_context().verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"], 200),
        ([b"HTTP/1.0 200 OK\r\n\r\nuntil the end"], 200),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"], 202),
        ([b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\ncontent-length: 0\r\n\r\n"], 429),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", b"0\r\n\r\n"], 200),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n"], 200),  # the status is what counts
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort"], 200),
        ([b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"], None),
        ([b"SSH-2.0-OpenSSH_9\r\n"], None),
        ([b"HTTP/1.1 999999 x\r\n\r\n"], None),
        ([b"\x00" * 100], None),
        ([b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 100_000], None),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"], None),
        ([], None),
    ],
)
def test_an_answer_is_a_status_or_a_failure(pieces: list[bytes], status: int | None) -> None:
    if status is None:
        with pytest.raises(DeliveryError):
            asked(says(*pieces))
    else:
        assert asked(says(*pieces)).status == status


def test_of_a_huge_answer_only_the_beginning_is_read() -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while sent < 1_000_000_000:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    began_s = time.monotonic()
    assert asked(talk).status == 200
    assert sent < 100 * ANSWER_BYTES
    assert time.monotonic() - began_s < 4.0


@pytest.mark.parametrize(
    "talk",
    [says(b"", pause_s=60), says(*[b"H"] * 60, pause_s=0.1), says(*[b"HTTP/1.1 100 C\r\n\r\n"] * 60, pause_s=0.1)],
    ids=["silent", "drop by drop", "for ever about to begin"],
)
def test_a_receiver_has_so_long_in_all_and_no_longer(talk: Talk) -> None:
    began_s = time.monotonic()
    with pytest.raises(DeliveryError, match=r"no answer within 0\.4 s"):
        asked(talk, timeout_s=0.4)
    assert time.monotonic() - began_s < 2.0


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", b"s"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",),
    ],
)
def test_a_status_counts_though_its_body_never_ends(pieces: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.webhook.egress.BODY_S", 0.2)
    began_s = time.monotonic()
    assert asked(says(*pieces, b"", pause_s=0.3), timeout_s=0.9).status == 200
    assert asked(says(*pieces, pause_s=60), timeout_s=0.15).status == 200, "the head came in time"
    assert time.monotonic() - began_s < 4.0


@pytest.mark.parametrize("said", [b"\x1b[31mSSH-2.0-secret\r\n\r\n", b"HTTP/1.1 200 OK\r\nsecret here\r\n\r\n"])
def test_what_a_stranger_says_is_not_repeated(said: bytes) -> None:
    with pytest.raises(DeliveryError) as failed:
        asked(says(said))
    assert str(failed.value) == "the answer is not HTTP"


def test_nobody_there_is_a_failure() -> None:
    async def body() -> None:
        target = parsed("http://127.0.0.1:1/")
        await post(target, {}, b"", rules=RULES, resolve=loopback, tls=TLS)

    with pytest.raises(DeliveryError, match="the connection failed: Connect"):
        asyncio.run(body())


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert asked(says(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).status == 200


def test_names_are_resolved_by_the_machine_and_only_once_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    questions: list[str] = []

    def lookup(host: str, port: int) -> list[str]:
        questions.append(host)
        time.sleep(0.05)
        return ["127.0.0.1"]

    async def body() -> None:
        resolver = SystemResolver()
        try:
            assert {str(ip_address(found)) for found in await resolver("localhost", 443)} <= {"127.0.0.1", "::1"}
            monkeypatch.setattr("sinks.webhook.egress._lookup", lookup)
            await asyncio.gather(*(resolver("slow.example", 443) for _ in range(50)))
            assert questions == ["slow.example"]
        finally:
            resolver.close()

    asyncio.run(body())
