"""`Held`: frames of a connection that has not taken over yet.

Where a book is asked for over REST, the last second of them is enough: the old connection tells the rest, and ids tell
what was told twice. Where books begin in band, everything since the beginning is held, or the book of the old
connection would be changed by messages that it has seen already.
"""

from collections import deque
from collections.abc import Callable

from market.clock import SECOND_NS

HANDOVER_NS = SECOND_NS
MOST_BYTES = 64 << 20


class Held:
    """Frames in order of arrival, as (streams, received_ns, frame)."""

    def __init__(self, *, everything: bool) -> None:
        self._everything = everything
        self._frames: deque[tuple[tuple[str, ...], int, bytes]] = deque()
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether more came than is held; then the new connection cannot take over."""
        return self._bytes > MOST_BYTES

    def clear(self) -> None:
        """Forget them."""
        self._frames.clear()
        self._bytes = 0

    def hold(self, streams: tuple[str, ...], received_ns: int, frame: bytes) -> None:
        """Keep one frame."""
        if self.full:
            return
        self._frames.append((streams, received_ns, frame))
        self._bytes += len(frame)
        while not self._everything and received_ns - self._frames[0][1] > HANDOVER_NS:
            self._bytes -= len(self._frames.popleft()[2])

    def hand_over(self, take: Callable[[tuple[str, ...], int, bytes], None]) -> None:
        """Hand them on, and hold none any more."""
        while self._frames:
            take(*self._frames.popleft())
        self._bytes = 0
