"""A `Socket` of picows: the parser is C, and messages are handed on from inside the read, no queue or task between.

What picows leaves to its user is done here: fragments are put together under the limit of a whole message, close frames
are answered, reserved bits refused, the whole opening has one time limit. Sockets and TLS are asyncio's own.
"""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from picows import (
    WSAutoPingStrategy,
    WSCloseCode,
    WSError,
    WSFrame,
    WSInvalidStatusError,
    WSListener,
    WSMsgType,
    WSProtocolError,
    WSTransport,
    ws_connect,
)
from python_socks import ProxyError
from websockets.proxy import get_proxy
from websockets.uri import parse_uri

from sources import transport
from sources.transport import LostError, named_wait_s

CONTINUATION, TEXT, BINARY, CLOSE = WSMsgType.CONTINUATION, WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CLOSE


class PicowsSocket(WSListener):
    """Frames come in by `on_ws_frame`; those before `receive` are kept for it."""

    def __init__(self) -> None:
        self._early: list[bytes] = []
        self._take: Callable[[bytes], object] = self._early.append
        self._may_take: Callable[[], bool] = lambda: True
        self._paused = False
        self._parts: list[bytes] = []  # of a message that is not complete
        self._parts_bytes = 0

    async def receive(self, take: Callable[[bytes], None], may_take: Callable[[], bool]) -> None:
        """Hand messages on until the connection is lost."""
        for message in self._early:
            take(message)
        self._take, self._may_take = take, may_take
        try:
            await self._transport.wait_disconnected()
        except WSError as error:
            raise LostError(str(error)) from error
        finally:
            self._take, self._may_take = _drop, lambda: True
        raise _lost(self._transport)

    async def send(self, message: bytes) -> None:
        """Send a text message."""
        if self._transport.is_disconnected or self._transport.is_close_frame_sent:
            raise _lost(self._transport)
        self._transport.send(TEXT, message)

    async def close(self) -> None:
        """Say goodbye briefly."""
        self._take, self._may_take = _drop, lambda: True
        self._read_again()
        self._transport.send_close(WSCloseCode.OK)
        try:
            async with asyncio.timeout(transport.CLOSE_TIMEOUT_S):
                await self._transport.wait_disconnected()
        except TimeoutError:
            self._transport.disconnect(graceful=False)
        except Exception:  # noqa: BLE001, S110 - `receive` has raised it
            pass

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport

    def on_ws_frame(self, _: WSTransport, frame: WSFrame) -> None:
        """One frame; pings are answered before it comes here."""
        kind = frame.msg_type
        if kind is CLOSE:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()
        elif self._transport.is_close_frame_sent:
            return  # picows reads on after it has refused a frame
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "reserved bits are set, no extension was negotiated")
        elif frame.fin and not self._parts and (kind is TEXT or kind is BINARY):
            self._take(frame.get_payload_as_bytes())
        elif kind is TEXT or kind is BINARY or kind is CONTINUATION:
            self._put_together(frame)
        if not self._may_take():
            self._pause()

    def _put_together(self, frame: WSFrame) -> None:
        if (frame.msg_type is CONTINUATION) is not bool(self._parts):
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "a message in fragments was broken off or never begun")
        self._parts.append(frame.get_payload_as_bytes())
        self._parts_bytes += frame.payload_size
        if self._parts_bytes > transport.MAX_MESSAGE_BYTES:
            said = f"message of over {self._parts_bytes} bytes, the limit is {transport.MAX_MESSAGE_BYTES}"
            raise WSProtocolError(WSCloseCode.MESSAGE_TOO_BIG, said)
        if frame.fin:
            message = b"".join(self._parts)
            self._parts.clear()
            self._parts_bytes = 0
            self._take(message)

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.underlying_transport.pause_reading()
            asyncio.get_running_loop().call_later(transport.LOOK_AGAIN_S, self._look_again)

    def _look_again(self) -> None:
        if self._may_take():
            self._read_again()
        elif not self._transport.is_disconnected:
            asyncio.get_running_loop().call_later(transport.LOOK_AGAIN_S, self._look_again)

    def _read_again(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.underlying_transport.resume_reading()


async def opened(url: str) -> PicowsSocket:
    """Connect."""
    direct = urlsplit(url).hostname in transport.LOOPBACK
    try:
        async with asyncio.timeout(transport.OPEN_TIMEOUT_S):
            _, listener = await ws_connect(
                PicowsSocket,
                url,
                websocket_handshake_timeout=transport.OPEN_TIMEOUT_S,  # cleans up when we no longer wait
                enable_auto_ping=True,
                auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
                auto_ping_idle_timeout=transport.PING_INTERVAL_S,
                auto_ping_reply_timeout=transport.PING_TIMEOUT_S,
                max_frame_size=transport.MAX_MESSAGE_BYTES,
                proxy=None if direct else get_proxy(parse_uri(url)),
                use_aiofastnet=False,
            )
    except WSInvalidStatusError as error:
        raise _refused(error) from error
    except (WSError, ProxyError) as error:
        raise LostError(str(error)) from error
    if not isinstance(listener, PicowsSocket):  # so picows says that the peer left inside the handshake
        raise LostError("the connection was closed before the handshake was complete")
    return listener


def _drop(_: bytes) -> None:
    """Nobody waits for it any more."""


def _lost(connection: WSTransport) -> LostError:
    """The loss with what the peer said, if it said anything."""
    said = connection.close_handshake and connection.close_handshake.recv
    if not said:
        return LostError("no close frame received")
    code, reason = said.code.value, said.reason or ""
    return LostError(f"received {code} {reason}".rstrip(), code, reason)


def _refused(error: WSInvalidStatusError) -> LostError:
    """The handshake that was answered with another HTTP status."""
    answer = error.response
    if answer is None:
        return LostError(str(error))
    body = bytes(error.raw_body or b"")[: transport.SHOWN_BYTES].decode("utf-8", "replace")
    return LostError(str(error), int(answer.status), body, named_wait_s(answer.headers.get("Retry-After")))
