"""`Budget`: what one venue allows one address, shared by REST and by all sockets: weight, attempts to connect, bans.

Attempts are counted in a sliding window and, where many sockets share the budget, spaced: a tenth of them within any
second. A sign of a ban over REST stops the sockets and the other way round, until the time that the venue names; where
it names none, for a minute, twice as long with every sign that follows the end of the last. A refusal for good stops
everything for an hour. Times are monotonic.

Where several processes capture one venue, each has an equal part of the budget, and keeps to a ban of any of them.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from market.clock import SECOND_NS
from venues.venue import Limits

SHARE_OF_BUDGET = 0.5  # the rest is left to whatever else runs behind the same address
UNNAMED_BAN_S = 60.0
UNNAMED_BAN_MOST_S = 600.0  # ten minutes is the longest ban that a venue documents without naming its end
MAX_BAN_S = 3 * 24 * 3600.0  # the longest that a venue documents at all
REFUSED_S = 3600.0
MANY_SOCKETS = 10  # from so many on, a tenth of them may connect within a second


@dataclass
class Budget:
    """Weight is refilled evenly over a minute. `changed` is told of whatever must outlive this process."""

    weight_per_minute: float
    connections: int = 300  # attempts …
    window_s: float = 300.0  # … within so long
    sockets: int = 0  # that share it
    sharing: int = 1  # processes that each have such a budget
    banned_elsewhere_ns: Callable[[], int] = lambda: 0  # until when another of them may ask nothing
    changed: Callable[["Budget"], None] = lambda _: None
    spent: float = 0.0  # weight, as of `counted_ns`
    counted_ns: int = 0
    attempts_ns: deque[int] = field(default_factory=deque)
    banned_until_ns: int = 0
    reason: str = ""  # of the ban or the refusal
    refused_until_ns: int = 0
    _unnamed_s: float = UNNAMED_BAN_S  # the next ban without a named end

    @classmethod
    def of(cls, limits: Limits, sharing: int = 1) -> "Budget":
        """Our share of what a venue allows, one of `sharing` equal parts."""
        share = SHARE_OF_BUDGET / sharing
        connections = max(1, int(limits.connections * share))
        weight = limits.weight_per_minute * share
        return cls(weight, connections, float(limits.connections_per_s), sharing=sharing)

    def wait_s(self, weight: int, now_ns: int) -> float:
        """Seconds until so much weight may be spent; 0 spends it."""
        if (stopped_s := self.stopped_s(now_ns)) > 0:
            return stopped_s
        per_ns = self.weight_per_minute / (60 * SECOND_NS)
        self.spent = max(0.0, self.spent - (now_ns - self.counted_ns) * per_ns)
        self.counted_ns = now_ns
        excess = self.spent + weight - self.weight_per_minute
        if excess > 0 and self.spent > 0:
            return min(excess, self.spent) / per_ns / SECOND_NS
        self.spent += weight
        self.changed(self)
        return 0.0

    def connect_wait_s(self, now_ns: int, *, spaced: bool = True) -> float:
        """Seconds until one more attempt to connect; 0 counts it as made. The first ones of a start are not spaced."""
        if (stopped_s := self.stopped_s(now_ns)) > 0:
            return stopped_s
        window_ns = int(self.window_s * SECOND_NS)
        while self.attempts_ns and now_ns - self.attempts_ns[0] >= window_ns:
            self.attempts_ns.popleft()
        full = self._full_for_ns(self.connections, window_ns, now_ns)
        if spaced and self.sockets * self.sharing >= MANY_SOCKETS:
            full = max(full, self._full_for_ns(max(1, self.sockets // MANY_SOCKETS), SECOND_NS, now_ns))
        if full > 0:
            return full / SECOND_NS
        self.attempts_ns.append(now_ns)
        self.changed(self)
        return 0.0

    def stopped_s(self, now_ns: int) -> float:
        """Seconds for which nothing at all may be asked."""
        until_ns = max(self.banned_until_ns, self.refused_until_ns, self.banned_elsewhere_ns())
        return max(until_ns - now_ns, 0) / SECOND_NS

    def banned(self, seconds: float | None, now_ns: int, reason: str = "") -> float:
        """A sign of a ban, with the wait it names, None for none; returns the seconds from now that it is kept to."""
        if seconds is None:
            if now_ns < self.banned_until_ns:
                return self.stopped_s(now_ns)  # of an attempt that was under way before the ban
            seconds = self._unnamed_s
            self._unnamed_s = min(2 * seconds, UNNAMED_BAN_MOST_S)
        self.banned_until_ns = max(self.banned_until_ns, now_ns + int(min(seconds, MAX_BAN_S) * SECOND_NS))
        self.reason = reason
        self.changed(self)
        return self.stopped_s(now_ns)

    def refused(self, now_ns: int, reason: str) -> None:
        """The venue refuses us for good, as wrong secrets are refused; not kept across restarts."""
        self.refused_until_ns = now_ns + int(REFUSED_S * SECOND_NS)
        self.reason = reason

    def is_refused(self, now_ns: int) -> bool:
        """Whether a refusal for good holds."""
        return now_ns < self.refused_until_ns

    def welcomed(self) -> None:
        """The venue took us in: bans begin small again."""
        self._unnamed_s = UNNAMED_BAN_S

    def _full_for_ns(self, most: int, window_ns: int, now_ns: int) -> int:
        """How long the last `most` attempts still fill a window."""
        if len(self.attempts_ns) < most:
            return 0
        return max(0, self.attempts_ns[-most] + window_ns - now_ns)
