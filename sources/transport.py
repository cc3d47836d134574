"""`Socket`: all that a connection asks of a WebSocket library, and the libraries there are.

`websockets` is the reference; picows does the same for a fraction of the CPU. docs/decisions/005 says which is the
default and why.
"""

import ssl
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Literal, Protocol

from market.errors import SettingsError

MAX_MESSAGE_BYTES = 16 << 20  # a larger message closes the connection with 1009
OPEN_TIMEOUT_S = 10.0  # for name, connection, TLS and handshake together
CLOSE_TIMEOUT_S = 0.5
PING_INTERVAL_S = 20.0
PING_TIMEOUT_S = 20.0  # a peer that is gone without a word is noticed after both
LOOK_AGAIN_S = 0.01  # whether there is room again, while nothing is read
SHOWN_BYTES = 200  # of the body of a refused handshake
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Library = Literal["websockets", "picows"]


class LostError(Exception):
    """The connection is given up, or was not to be had; the text says why.

    `code` is what the peer said: the code of its close frame (1000 and above), or the HTTP status by which it refused
    the handshake; 0 where it said none. `reason` is its own text. `retry_after_s` is the wait that a refusal names.
    """

    def __init__(self, text: str, code: int = 0, reason: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.code, self.reason, self.retry_after_s = code, reason, retry_after_s


FAILURES = (OSError, TimeoutError, LostError, ssl.SSLError)  # what the network may do to us; anything else is our bug


class Socket(Protocol):
    """One open WebSocket, without compression. Messages are bytes, whether they came as text or binary."""

    async def receive(self, take: Callable[[bytes], None], may_take: Callable[[], bool]) -> None:
        """Hand on every message since the handshake, in order, until LostError, cancellation, or what `take` raised.

        While `may_take()` is False nothing is read, which the peer feels as TCP back-pressure; picows hands on what its
        last read had brought.
        """

    async def send(self, message: bytes) -> None:
        """Send a text message; raises LostError."""

    async def close(self) -> None:
        """Say goodbye briefly, then drop the connection whatever the peer does."""


Opener = Callable[[str], Awaitable[Socket]]  # connects to a URL; raises LostError, OSError or TimeoutError


def named_wait_s(header: str | None) -> float | None:
    """The seconds that a Retry-After header names; None where it names none, or a date.

    >>> named_wait_s("120"), named_wait_s("Wed, 21 Oct 2026 07:28:00 GMT")
    (120.0, None)
    """
    return float(header) if header is not None and header.isascii() and header.isdigit() else None


def opener(library: Library) -> Opener:
    """The function that connects to a URL; it raises LostError, OSError or TimeoutError.

    Only the library that is used is imported. Raises SettingsError where it is not installed.
    """
    try:
        opened: Opener = import_module(f"sources.{library}_socket").opened
    except ModuleNotFoundError as error:
        raise SettingsError(
            f'capture.transport is {library}, which is not installed: pip install "barograph[{library}]"'
        ) from error
    return opened
