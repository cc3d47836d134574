"""ETags: a strong tag of the content of every answer to a GET under /api/v1, and 304 for who has it already.

The answer is made all the same; what is saved is its way to the client.
"""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/api/v1/"
TAG_BYTES = 16
KEPT = ("etag", "vary", "cache-control", "link", "barograph-next")  # of the headers, in a 304


class Tagged:
    """ASGI middleware."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with a tag where there is a body."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
            await self._inner(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        start: Message | None = None

        async def tagging(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 200:
                start = message
                return
            if start is not None:
                begun, start = start, None
                if not message.get("more_body"):
                    begun, message = _tagged(begun, message, known)
                await send(begun)
            await send(message)

        await self._inner(scope, receive, tagging)


def matches(known: str, tag: str) -> bool:
    """Whether an If-None-Match names a tag; weakly, as RFC 9110 compares here.

    >>> matches('W/"a", "b"', '"b"'), matches("*", '"b"'), matches('"a"', '"b"')
    (True, True, False)
    """
    return known.strip() == "*" or tag in {part.strip().removeprefix("W/") for part in known.split(",")}


def tag_of(content_type: str, body: bytes) -> str:
    """The tag of a content."""
    return f'"{hashlib.blake2b(content_type.encode() + b"|" + body, digest_size=TAG_BYTES).hexdigest()}"'


def _tagged(start: Message, body: Message, known: str) -> tuple[Message, Message]:
    headers = MutableHeaders(scope=start)
    headers["etag"] = tag_of(headers.get("content-type", ""), body.get("body", b""))
    headers["cache-control"] = "private, no-cache"
    if not matches(known, headers["etag"]):
        return start, body
    kept = [(name, value) for name, value in start["headers"] if name.decode("latin-1").lower() in KEPT]
    return {**start, "status": 304, "headers": kept}, {"type": "http.response.body", "body": b""}
