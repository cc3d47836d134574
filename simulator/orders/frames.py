"""WebSocket frames of a server (RFC 6455): the handshake's answer, frames to clients, frames from clients. No I/O."""

import hashlib
from base64 import b64encode
from typing import NamedTuple

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
FINAL = 0x80
FRAME_MOST = 64 * 1024  # bytes of one frame from a client
PROTOCOL_ERROR, UNSUPPORTED, TOO_BIG = 1002, 1003, 1009


class Received(NamedTuple):
    """One frame from a client."""

    opcode: int
    payload: bytes


class BadFrame(Exception):  # noqa: N818  (a closing code, not an error of ours)
    """A frame that ends the connection; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closing with {code}")
        self.code = code


def accepted(key: str) -> bytes:
    """The answer to a handshake."""
    digest = b64encode(hashlib.sha1(key.encode() + MAGIC).digest())  # noqa: S324  (RFC 6455 asks for it)
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + digest
        + b"\r\n\r\n"
    )


def framed(payload: bytes, opcode: int = TEXT) -> bytes:
    """One whole frame to a client, not masked."""
    length = len(payload)
    if length < 126:
        return bytes((FINAL | opcode, length)) + payload
    if length < 65536:
        return bytes((FINAL | opcode, 126)) + length.to_bytes(2) + payload
    return bytes((FINAL | opcode, 127)) + length.to_bytes(8) + payload


def closing(code: int) -> bytes:
    """The frame that ends a connection."""
    return framed(code.to_bytes(2), CLOSE)


def received(buffer: bytearray) -> Received | None:
    """Take the first whole frame out of the buffer; None where there is none yet.

    Raises BadFrame for one that is not masked, in pieces, or too long: no client of ours sends such.
    """
    if len(buffer) < 6:
        return None
    length, at = buffer[1] & 0x7F, 2
    if not buffer[1] & 0x80:
        raise BadFrame(PROTOCOL_ERROR)
    if not buffer[0] & FINAL or not buffer[0] & 0x0F:
        raise BadFrame(UNSUPPORTED)
    if length == 126:
        length, at = int.from_bytes(buffer[2:4]), 4
    elif length == 127:
        raise BadFrame(TOO_BIG)
    if length > FRAME_MOST:
        raise BadFrame(TOO_BIG)
    end = at + 4 + length
    if len(buffer) < end:
        return None
    opcode, mask = buffer[0] & 0x0F, bytes(buffer[at : at + 4])
    payload = _unmasked(bytes(buffer[at + 4 : end]), mask)
    del buffer[:end]
    return Received(opcode, payload)


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    length = len(payload)
    keys = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload) ^ int.from_bytes(keys)).to_bytes(length)
