"""What stands before every route: who asks (a key), how often, from where; and the headers that browsers obey.

A key is needed as soon as there is one: BAROGRAPH_API_KEY, or any that `barograph key add` ever made; and off loopback.
Without, only a Host that means this machine is answered: a page on the internet can make a browser call 127.0.0.1 under
a name of its own (DNS rebinding). A browser that is told to authenticate asks for the key by itself: any user name, key
as password. Since it then sends the key along with requests of foreign pages too, what changes something, and a
WebSocket, is refused to another Origin.
"""

import hmac
import logging
import re
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.caller import ENVIRONMENT, NOBODY, OPEN, Caller
from gateway.keys import Keys, KeyStoreError
from gateway.keys.buckets import Buckets
from gateway.limits import KEY_RATE_PER_S, MAX_BODY_BYTES
from gateway.presented import is_loopback, mistyped, name_of, presented
from gateway.problems import problem
from market.clock import Clock, SystemClock
from market.errors import SettingsError

log = logging.getLogger("barograph.gateway")

HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "Authorization, X-API-Key",
}
MIN_KEY_CHARACTERS = 16
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CHALLENGE = {"www-authenticate": 'Basic realm="barograph", charset="UTF-8"'}
NEEDED = "A key is needed: send it as X-API-Key, as a bearer token, or as the password of basic authentication."
MISTYPED = "This is no whole key: its checksum does not fit. Was it cut, or mistyped?"
LENGTH = re.compile("[0-9]{1,12}")
CLOSED = {401: 4401, 429: 4429, 503: 1013}  # what a WebSocket is closed with; with others it is not opened


class Admitted(NamedTuple):
    """Who is let in; `headers` go with the answer."""

    caller: Caller
    rate_per_s: int = 0  # of the key; who shows none is not metered
    headers: dict[str, str] = {}  # noqa: RUF012 never changed


class Refusal(NamedTuple):
    """Why a request gets no further."""

    status: int
    detail: str
    headers: dict[str, str]


def check(host: str, key: str, *, keys: bool = False) -> None:
    """Refuse to listen where strangers could read; raises SettingsError. `keys`: whether the key store has any."""
    if key and len(key) < MIN_KEY_CHARACTERS:
        raise SettingsError(f"BAROGRAPH_API_KEY has {len(key)} characters; use at least {MIN_KEY_CHARACTERS}")
    if not key and not keys and not is_loopback(host):
        raise SettingsError(
            f"the gateway does not listen on {host} without a key; make one with `barograph key add NAME`, set"
            " BAROGRAPH_API_KEY, or listen on 127.0.0.1"
        )


class Guard:
    """ASGI middleware. `always`: a key is needed even while there is none, so nobody is let in."""

    def __init__(
        self,
        inner: ASGIApp,
        key: str = "",
        *,
        keys: Keys | None = None,
        always: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._inner = inner
        self._key = key.encode()
        self._keys = keys
        self._always = always
        self._buckets = Buckets(clock or SystemClock())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the application, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self._inner(scope, receive, send)
            return
        headers = Headers(scope=scope)
        decided = _foreign(scope, headers) or _too_large(scope, headers) or self._admitted(scope, headers)
        if isinstance(decided, Refusal):
            await _refuse(decided, scope, receive, _with_headers(send, {}))
            return
        scope["caller"] = decided.caller
        await self._inner(scope, receive, _with_headers(send, decided.headers))

    def _admitted(self, scope: Scope, headers: Headers) -> Admitted | Refusal:
        """Who asks, with one token less; or why not."""
        try:
            found = self._who(scope, headers)
        except KeyStoreError as error:
            log.error("nobody is let in: %s", error)
            return Refusal(503, "The key store cannot be read; the gateway's log says why.", {"retry-after": "2"})
        if isinstance(found, Refusal) or found.caller.key == "":
            return found
        allowance = self._buckets.take(found.caller.key, found.rate_per_s)
        told = allowance.headers(found.caller.key)
        if allowance.wait_s:
            detail = f"This key may ask {found.rate_per_s} times a second; wait {allowance.wait_s} s."
            return Refusal(429, detail, told | {"retry-after": str(allowance.wait_s)})
        return found._replace(headers=told)

    def _who(self, scope: Scope, headers: Headers) -> Admitted | Refusal:
        shown = presented(headers)
        if self._key and hmac.compare_digest(shown, self._key):
            return Admitted(ENVIRONMENT, KEY_RATE_PER_S)
        if not (self._always or self._key or (self._keys is not None and self._keys.needed())):
            if is_loopback(name_of(headers.get("host", ""))):
                return Admitted(OPEN)
            return Refusal(421, "Only requests to this machine by name (127.0.0.1, localhost) are answered.", {})
        found = self._keys.find(shown) if self._keys is not None else None
        if found is not None:
            return Admitted(found.caller(), found.rate_per_s)
        if scope["type"] == "websocket" and not shown:
            return Admitted(NOBODY)
        if shown:
            log.warning("a wrong key from %s for %s", (scope.get("client") or ("?",))[0], ascii(scope["path"][:100]))
        return Refusal(401, MISTYPED if mistyped(shown) else NEEDED, CHALLENGE)


def _foreign(scope: Scope, headers: Headers) -> Refusal | None:
    """A page of another origin made a browser ask for a change, or for a WebSocket."""
    if scope["type"] == "http" and scope["method"] in SAFE:
        return None
    origin = headers.get("origin")
    if origin is None or origin.lower().partition("://")[2] == headers.get("host", "").lower():
        return None
    return Refusal(403, "This request was made by a page of another origin.", {})


def _too_large(scope: Scope, headers: Headers) -> Refusal | None:
    """A body of more than MAX_BODY_BYTES, or of a length that is not told."""
    if "transfer-encoding" in headers:
        return Refusal(411, "Say the length of the body (Content-Length).", {})
    length = headers.get("content-length", "0")
    if scope["type"] == "http" and (LENGTH.fullmatch(length) is None or int(length) > MAX_BODY_BYTES):
        return Refusal(413, f"A body may have {MAX_BODY_BYTES} bytes.", {"connection": "close"})
    return None


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await problem(refusal.status, refusal.detail, refusal.headers)(scope, receive, send)
        return
    await receive()  # websocket.connect
    code = CLOSED.get(refusal.status)
    if code is not None:  # a close code reaches the client only when the handshake is over
        await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code or 1008, "reason": refusal.detail[:120]})


def _with_headers(send: Send, further: dict[str, str]) -> Send:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in (HEADERS | further).items():
                headers.setdefault(name, value)
        await send(message)

    return stamped
