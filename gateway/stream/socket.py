"""uvicorn's WebSocket with bounded buffers, and an end for those who take nothing.

uvicorn closes a socket after what is written to it was taken; a peer that takes nothing would hold it for ever. Nor
does it bound what the kernel keeps of a socket, which is megabytes for one that is slow.
"""

import asyncio
import socket
import struct
from typing import Any, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.limits import SEND_BUFFER_BYTES, UNSENT_BYTES

LINGER_NOT = struct.pack("ii", 1, 0)
ABORT_AFTER_S = 5.0  # of a socket that was closed; it is enough for the closing handshake


class StreamSocket(WebSocketsSansIOProtocol):
    """As uvicorn makes one for each WebSocket."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bound what waits to be taken."""
        super().connection_made(transport)
        cast(asyncio.Transport, transport).set_write_buffer_limits(UNSENT_BYTES)
        held = transport.get_extra_info("socket")
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    async def send(self, message: Any) -> None:
        """As uvicorn's, but to a socket that was closed for its silence nothing is sent: it is as if it had gone."""
        await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    async def run_asgi(self) -> None:
        """Serve, and do not wait for ever until the last of it is taken."""
        await super().run_asgi()
        self._abort_soon()

    def keepalive_timeout(self) -> None:
        """The peer answers no ping."""
        super().keepalive_timeout()
        self._abort_soon()

    def _abort_soon(self) -> None:
        if not self.disconnected:
            self.loop.call_later(ABORT_AFTER_S, self._abort)

    def _abort(self) -> None:
        """What was not taken is thrown away, in the kernel too."""
        if self.disconnected:
            return
        held = self.transport.get_extra_info("socket")
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.transport.abort()
