"""`Pulse`: the pings that a venue wants of its clients, and whether the peer is still there to answer them.

Any frame counts as an answer. Pings of the WebSocket protocol are the library's matter; these are messages.
"""

from dataclasses import dataclass

from market.clock import SECOND_NS
from sources.transport import LostError
from venues.venue import Keepalive

ANSWER_NS = 10 * SECOND_NS


@dataclass
class Pulse:
    """Of one connection; times are monotonic."""

    keepalive: Keepalive | None
    _heard_ns: int = 0
    _beat_ns: int = 0  # when the last ping was sent
    _waiting: bool = False  # for any frame since then

    def heard(self, now_ns: int) -> None:
        """A frame came, or the connection began."""
        self._heard_ns, self._waiting = now_ns, False
        self._beat_ns = self._beat_ns or now_ns

    def due(self, now_ns: int) -> bool:
        """Whether a ping is to be sent."""
        return self.keepalive is not None and not self._waiting and now_ns >= self._due_ns(self.keepalive)

    def beat(self, now_ns: int) -> bytes:
        """The ping, which is sent now."""
        assert self.keepalive is not None
        self._beat_ns, self._waiting = now_ns, True
        return self.keepalive.message

    def check(self, now_ns: int) -> None:
        """Raise LostError when a ping was not answered in time."""
        if self._waiting and now_ns - self._beat_ns >= ANSWER_NS:
            raise LostError(f"no answer to a ping within {ANSWER_NS // SECOND_NS} s")

    def next_ns(self) -> int | None:
        """When a ping, or the answer to one, is due."""
        if self.keepalive is None:
            return None
        return self._beat_ns + ANSWER_NS if self._waiting else self._due_ns(self.keepalive)

    def _due_ns(self, keepalive: Keepalive) -> int:
        since_ns = max(self._heard_ns, self._beat_ns) if keepalive.only_idle else self._beat_ns
        return since_ns + int(keepalive.every_s * SECOND_NS)
