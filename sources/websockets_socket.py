"""A `Socket` of the websockets library, the reference."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from sources import transport
from sources.transport import LostError, named_wait_s

MAX_UNREAD_FRAMES = 1024  # in the library's own queue; then TCP back-pressure begins


class WebsocketsSocket:
    """Messages are pulled out of the library's queue one by one."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def receive(self, take: Callable[[bytes], None], may_take: Callable[[], bool]) -> None:
        """Hand messages on until the connection is lost."""
        try:
            while True:
                take(await self._connection.recv(decode=False))
                while not may_take():
                    await asyncio.sleep(transport.LOOK_AGAIN_S)
        except ConnectionClosed as error:
            raise _lost(error) from error

    async def send(self, message: bytes) -> None:
        """Send a text message."""
        try:
            await self._connection.send(message, text=True)
        except ConnectionClosed as error:
            raise _lost(error) from error

    async def close(self) -> None:
        """Say goodbye briefly."""
        try:
            async with asyncio.timeout(transport.CLOSE_TIMEOUT_S):
                await self._connection.close()
        except TimeoutError:
            self._connection.transport.abort()


async def opened(url: str) -> WebsocketsSocket:
    """Connect."""
    direct = urlsplit(url).hostname in transport.LOOPBACK
    try:
        return WebsocketsSocket(
            await connect(
                url,
                compression=None,
                max_size=transport.MAX_MESSAGE_BYTES,
                max_queue=MAX_UNREAD_FRAMES,
                open_timeout=transport.OPEN_TIMEOUT_S,
                close_timeout=transport.CLOSE_TIMEOUT_S,
                ping_interval=transport.PING_INTERVAL_S,
                ping_timeout=transport.PING_TIMEOUT_S,
                proxy=None if direct else True,
            )
        )
    except InvalidStatus as error:
        answer = error.response
        body = bytes(answer.body or b"")[: transport.SHOWN_BYTES].decode("utf-8", "replace")
        wait_s = named_wait_s(answer.headers.get("Retry-After"))
        raise LostError(str(error), answer.status_code, body, wait_s) from error
    except WebSocketException as error:
        raise LostError(str(error)) from error


def _lost(error: ConnectionClosed) -> LostError:
    """The loss with what the peer said, if it said anything."""
    said = error.rcvd
    return LostError(str(error)) if said is None else LostError(str(error), int(said.code), said.reason)
