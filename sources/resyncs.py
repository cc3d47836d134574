"""`Resyncs`: whether to subscribe anew so that a book begins again, where full books come in band.

The market flow asks again and again while a book is not good, so a wish that comes too early is dropped, not kept:
shortly after a subscription its book is on the way. Wishes that recur wait longer every time. Those for a checksum,
which may be wrong for ever, by our fault or the venue's, are granted six times an hour at most.
"""

from collections import deque
from dataclasses import dataclass, field

from market.clock import SECOND_NS

SETTLE_NS = 5 * SECOND_NS
APART_MOST_NS = 30 * SECOND_NS
MEMORY_NS = 600 * SECOND_NS  # wishes within so long count as recurring
HOUR_NS = 3600 * SECOND_NS
CHECKSUMS_PER_HOUR = 6


@dataclass
class Resyncs:
    """By symbol; times are monotonic."""

    _began_ns: dict[str, int] = field(default_factory=dict)
    _granted_ns: dict[str, deque[int]] = field(default_factory=dict)

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
