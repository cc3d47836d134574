"""`Resyncs`: whether to subscribe anew so that a book begins again, where full books come in band.

The market flow asks again and again while a book is not good, so a wish that comes too early is dropped, not kept:
shortly after a subscription its book is on the way. Wishes that recur wait longer every time. Those for a checksum,
which may be wrong for ever, by our fault or the venue's, are granted six times an hour at most.

Where subscribing anew was in vain twice within a minute, what is wrong is not the subscription but the
connection: on a venue that numbers all frames of a connection together, one other stream that was acknowledged and
stays silent leaves holes in the count of all books. Then the connection is given up, as the watchdog does, and no more
often.
"""

from collections import deque
from dataclasses import dataclass, field

from market.clock import SECOND_NS
from sources.watchdog import RECONNECT_APART_NS

SETTLE_NS = 5 * SECOND_NS
APART_MOST_NS = 30 * SECOND_NS
MEMORY_NS = 600 * SECOND_NS  # wishes within so long count as recurring
HOUR_NS = 3600 * SECOND_NS
CHECKSUMS_PER_HOUR = 6
IN_VAIN = 2  # subscriptions anew of one book on one connection,
IN_VAIN_NS = 60 * SECOND_NS  # within so long


@dataclass
class Resyncs:
    """By symbol; times are monotonic."""

    _began_ns: dict[str, int] = field(default_factory=dict)
    _granted_ns: dict[str, deque[int]] = field(default_factory=dict)
    _connected_ns: dict[str, int] = field(default_factory=dict)
    _given_up_ns: int | None = None

    def connected(self, symbol: str, now_ns: int) -> None:
        """It is carried by another connection than before."""
        self._connected_ns[symbol] = now_ns

    def began(self, symbol: str, now_ns: int) -> None:
        """Its depth stream was subscribed to."""
        self._began_ns[symbol] = now_ns

    def grant(self, symbol: str, cause: str, now_ns: int) -> bool:
        """Whether to subscribe anew now; counts it as done."""
        granted = self._granted_ns.setdefault(symbol, deque(maxlen=64))
        while granted and now_ns - granted[0] >= HOUR_NS:
            granted.popleft()
        if now_ns < self._due_ns(symbol, cause, granted, now_ns):
            return False
        granted.append(now_ns)
        self._began_ns[symbol] = now_ns
        return True

    def is_in_vain(self, symbol: str, cause: str, now_ns: int) -> bool:
        """Whether what was granted just now should be another connection instead; counts it as done."""
        since_ns = max(self._connected_ns.get(symbol, 0), now_ns - IN_VAIN_NS)
        recent = sum(since_ns <= time_ns < now_ns for time_ns in self._granted_ns.get(symbol, ()))
        if cause == "checksum" or recent < IN_VAIN:
            return False
        if self._given_up_ns is not None and now_ns - self._given_up_ns < RECONNECT_APART_NS:
            return False
        self._given_up_ns = now_ns
        return True

    def _due_ns(self, symbol: str, cause: str, granted: deque[int], now_ns: int) -> int:
        settled_ns = self._began_ns[symbol] + SETTLE_NS if symbol in self._began_ns else 0
        if not granted:
            return settled_ns
        if cause == "checksum":
            if len(granted) >= CHECKSUMS_PER_HOUR:
                return granted[-CHECKSUMS_PER_HOUR] + HOUR_NS
            return max(settled_ns, granted[-1] + (SETTLE_NS << (2 * (len(granted) - 1))))
        recent = sum(now_ns - time_ns < MEMORY_NS for time_ns in granted)
        return max(settled_ns, granted[-1] + min(SETTLE_NS << max(0, recent - 1), APART_MOST_NS))
