"""Bytes from and to one client over ASGI, cut off when it is idle; and which web pages may ask at all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_address

from starlette.types import Receive, Send

from sinks.clickhouse.exceptions import AUTHENTICATION_FAILED, refused
from sinks.clickhouse.limits import CHUNK_BYTES, IDLE_SECONDS


class Disconnected(Exception):  # noqa: N818 an event, not an error
    """The client went away, or was cut off for being idle."""


async def pieces_of(receive: Receive) -> AsyncIterator[bytes]:
    """The body as it comes in, chunked or not; raises Disconnected."""
    while True:
        try:
            message = await asyncio.wait_for(receive(), IDLE_SECONDS)
        except TimeoutError:
            raise Disconnected from None
        if message["type"] == "http.disconnect":
            raise Disconnected
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def send_start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    """Status and headers of an answer."""
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})


async def send_piece(send: Send, piece: bytes, *, last: bool = False) -> None:
    """Some of the body, in chunks that a slow client can take one by one; raises Disconnected."""
    for start in range(0, max(len(piece), 1), CHUNK_BYTES):
        part = piece[start : start + CHUNK_BYTES]
        final = last and start + CHUNK_BYTES >= len(piece)
        if not part and not final:
            return
        try:
            await asyncio.wait_for(
                send({"type": "http.response.body", "body": part, "more_body": not final}), IDLE_SECONDS
            )
        except TimeoutError:
            raise Disconnected from None


async def send_whole(send: Send, method: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """An answer whose length is known."""
    await send_start(send, status, {**headers, "Content-Length": str(len(body))})
    await send_piece(send, b"" if method == "HEAD" else body, last=True)


def refuse_other_sites(headers: Mapping[str, str], hosts: frozenset[str] | None) -> None:
    """Without a password, a web page of somebody else must not reach the store through its visitor's browser.

    `hosts` are the names a request may call the store by, besides those of the loopback; None where a password guards.
    """
    if hosts is None:
        return
    host = headers.get("host", "localhost")
    name = host[1 : host.find("]")] if host.startswith("[") else host.split(":")[0]
    if name.lower() not in hosts and not is_loopback(name):
        raise refused(
            AUTHENTICATION_FAILED, f"{name[:64]} is not a name of this store; set a password to serve others."
        )
    if "origin" in headers or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise refused(AUTHENTICATION_FAILED, "A store without a password answers no web page.")


def is_loopback(name: str) -> bool:
    """Whether a host name or address is this machine only."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost"
