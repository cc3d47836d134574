"""Large answers: only so many at once, sent piece by piece to clients that take them.

A page as Arrow or Parquet is whole in memory until its client has it. So there are slots: one is taken before a page is
made and given back when it is sent; and a client that takes nothing for SEND_TIMEOUT_S is cut off.
"""

import asyncio
import logging
import threading

from fastapi import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.limits import FRAMES_AT_ONCE, SEND_CHUNK_BYTES, SEND_TIMEOUT_S

log = logging.getLogger("barograph.gateway")

TAKEN = "barograph.slots"  # in the scope: slots that the answer holds


class Slots:
    """The slots of one application."""

    def __init__(self, count: int = FRAMES_AT_ONCE) -> None:
        self._free = threading.BoundedSemaphore(count)

    def take(self, request: Request) -> None:
        """Take one until the answer is sent; raises 503 where there is none."""
        if not self._free.acquire(blocking=False):
            raise HTTPException(503, "too many frames are on their way; try again in a moment", {"retry-after": "2"})
        request.scope[TAKEN].append(self._free)


class Sending:
    """ASGI middleware."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; give back what the answer held when it is sent, or when nobody takes it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        taken: list[threading.BoundedSemaphore] = []
        scope[TAKEN] = taken
        try:
            await self._inner(scope, receive, _in_pieces(send))
        except TimeoutError:
            log.warning("a client that did not take its answer was cut off")
        finally:
            for slot in taken:
                slot.release()


def _in_pieces(send: Send) -> Send:
    async def sending(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or len(body) <= SEND_CHUNK_BYTES:
            await send(message)
            return
        view = memoryview(body)
        for start in range(0, len(body), SEND_CHUNK_BYTES):
            piece = bytes(view[start : start + SEND_CHUNK_BYTES])
            more = message.get("more_body", False) or start + SEND_CHUNK_BYTES < len(body)
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send({"type": "http.response.body", "body": piece, "more_body": more})

    return sending
