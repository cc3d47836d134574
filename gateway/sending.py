"""Large answers: only so many at once. All: sent piece by piece to clients that take them.

A large page is whole in memory until its client has it. So there are slots: one is taken before a page is made and
given back when it is sent. A client that takes nothing of any answer for SEND_TIMEOUT_S, or not the whole of it in
ANSWER_TIMEOUT_S, is cut off.
"""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable

from fastapi import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.caller import ENVIRONMENT, caller_of
from gateway.limits import ANSWER_TIMEOUT_S, FRAMES_AT_ONCE, FRAMES_OF_A_KEY, SEND_CHUNK_BYTES, SEND_TIMEOUT_S

log = logging.getLogger("barograph.gateway")

TAKEN = "barograph.slots"  # in the scope: what gives back the slots that the answer holds


class Slots:
    """The slots of one application."""

    def __init__(self, count: int = FRAMES_AT_ONCE, *, of_a_key: int = FRAMES_OF_A_KEY) -> None:
        self._count, self._of_a_key = count, of_a_key
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()  # by key

    def take(self, request: Request) -> None:
        """Take one until the answer is sent; raises 503 where there is none, or none left for this key."""
        key = caller_of(request).key
        most = self._count if key in ("", ENVIRONMENT.key) else self._of_a_key
        with self._lock:
            if self._held.total() >= self._count or self._held[key] >= most:
                detail = "too many large pages are on their way; try again in a moment"
                raise HTTPException(503, detail, {"retry-after": "2"})
            self._held[key] += 1
        request.scope[TAKEN].append(lambda: self._give_back(key))

    def _give_back(self, key: str) -> None:
        with self._lock:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]


class Sending:
    """ASGI middleware."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; give back what the answer held when it is sent, or when nobody takes it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        taken: list[Callable[[], None]] = []
        scope[TAKEN] = taken
        try:
            await self._inner(scope, receive, _in_pieces(send))
        except TimeoutError:
            log.warning("a client that did not take its answer was cut off")
        finally:
            for give_back in taken:
                give_back()


def _in_pieces(send: Send) -> Send:
    loop = asyncio.get_running_loop()
    until: float | None = None  # in the loop's time; an answer has begun

    async def sent(message: Message) -> None:
        nonlocal until
        until = until or loop.time() + ANSWER_TIMEOUT_S
        async with asyncio.timeout_at(min(until, loop.time() + SEND_TIMEOUT_S)):
            await send(message)

    async def sending(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or len(body) <= SEND_CHUNK_BYTES:
            await sent(message)
            return
        view = memoryview(body)
        for start in range(0, len(body), SEND_CHUNK_BYTES):
            piece = bytes(view[start : start + SEND_CHUNK_BYTES])
            await sent({"type": "http.response.body", "body": piece, "more_body": True})
        # The server waits before a piece, not after it: this empty one waits until the last was taken.
        await sent({"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)})

    return sending
