"""`Pace`: how fast one connection may be written to: messages per second, and subscriptions per hour.

Half of the venue's rate per second is used, in even steps, so that pings and pongs have room; of the hour, nine tenths.
"""

from collections import deque
from dataclasses import dataclass, field

from market.clock import SECOND_NS
from venues.venue import Limits

HOUR_NS = 3600 * SECOND_NS
SHARE_OF_HOUR = 0.9


@dataclass
class Pace:
    """Times are monotonic."""

    limits: Limits
    _next_ns: int = 0
    _hour_ns: deque[int] = field(default_factory=deque)  # when the requests of the last hour were sent

    def wait_s(self, now_ns: int, *, request: bool) -> float:
        """Seconds until one more message; 0 counts it as sent. A `request` subscribes, unsubscribes or logs in."""
        due_ns = max(self._next_ns, self._hour_due_ns(now_ns) if request else 0)
        if due_ns > now_ns:
            return (due_ns - now_ns) / SECOND_NS
        self._next_ns = now_ns + 2 * SECOND_NS // self.limits.requests_per_second
        if request and self.limits.requests_per_hour is not None:
            self._hour_ns.append(now_ns)
        return 0.0

    def _hour_due_ns(self, now_ns: int) -> int:
        while self._hour_ns and now_ns - self._hour_ns[0] >= HOUR_NS:
            self._hour_ns.popleft()
        most = self.limits.requests_per_hour
        if most is None or len(self._hour_ns) < max(1, int(most * SHARE_OF_HOUR)):
            return 0
        return self._hour_ns[0] + HOUR_NS
