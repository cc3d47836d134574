"""What stands before every route: the API key if one is set, the Host header on loopback, headers that browsers obey.

A page on the internet can make a browser call 127.0.0.1 under a name of its own (DNS rebinding); without a key, only a
Host that means this machine is answered. With a key, a browser asks for it by itself: any user name, key as password.
"""

import base64
import binascii
import hmac
import ipaddress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.problems import problem
from market.errors import SettingsError

HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
MIN_KEY_CHARACTERS = 16


def check(host: str, key: str) -> None:
    """Refuse to listen where strangers could read; raises SettingsError."""
    if key and len(key) < MIN_KEY_CHARACTERS:
        raise SettingsError(f"BAROGRAPH_API_KEY has {len(key)} characters; use at least {MIN_KEY_CHARACTERS}")
    if not key and not is_loopback(host):
        raise SettingsError(
            f"the gateway does not listen on {host} without a key; set BAROGRAPH_API_KEY, or listen on 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine only.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI middleware."""

    def __init__(self, inner: ASGIApp, key: str = "") -> None:
        self._inner = inner
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the application, or refuse."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._key and not hmac.compare_digest(presented(headers), self._key):
            refusal = problem(
                401,
                "A key is needed: send it as X-API-Key, as a bearer token, or as the password of basic authentication.",
                {"www-authenticate": 'Basic realm="barograph", charset="UTF-8"'},
            )
            await refusal(scope, receive, _with_headers(send))
        elif not self._key and not is_loopback(_name(headers.get("host", ""))):
            refusal = problem(421, "Only requests to this machine by name (127.0.0.1, localhost) are answered.")
            await refusal(scope, receive, _with_headers(send))
        else:
            await self._inner(scope, receive, _with_headers(send))


def presented(headers: Headers) -> bytes:
    """The key a request carries, empty where it has none."""
    if "x-api-key" in headers:
        return headers["x-api-key"].encode()
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""


def _name(host: str) -> str:
    """A Host header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _with_headers(send: Send) -> Send:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return stamped
