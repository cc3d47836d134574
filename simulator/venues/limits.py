"""What a venue allows a client, and the count of it: every excess is written down."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from market.clock import SECOND_NS


@dataclass(frozen=True)
class Limits:
    """As the venue documents them; None: it names none."""

    connections: tuple[int, int] | None = None  # attempts per address, in so many seconds
    messages: tuple[int, int] | None = None  # from the client on one connection, pings and pongs too, in seconds
    requests: tuple[int, int] | None = None  # subscribe, unsubscribe, login on one connection, in seconds
    streams: int | None = None  # on one connection
    request_streams: int | None = None  # in one subscribe message
    request_bytes: int | None = None  # of one client message
    weight: tuple[int, int] | None = None  # of REST requests per address, in seconds
    ping_every_s: int | None = None  # the venue pings …
    pong_within_s: int = 60  # … and waits that long
    life_s: int | None = None  # of a connection
    excess_status: int = 429  # HTTP status of a connection or request too many …
    ban_status: int = 429  # … and of all that follow within the ban
    ban_s: int = 10


class Violation(NamedTuple):
    """One limit that a client exceeded."""

    time_ns: int
    what: str  # connections, messages, requests, streams, request_streams, request_bytes, weight, ping, idle, …
    detail: str
    address: str


class Rate:
    """A count over a sliding window."""

    def __init__(self, allowed: tuple[int, int] | None) -> None:
        self._most, seconds = allowed or (0, 0)
        self._window_ns = seconds * SECOND_NS
        self._seen: deque[tuple[int, int]] = deque()
        self.used = 0

    def add(self, now_ns: int, weight: int = 1) -> bool:
        """Count; whether it is more than allowed."""
        if not self._most:
            return False
        self.at(now_ns)
        self._seen.append((now_ns, weight))
        self.used += weight
        return self.used > self._most

    def at(self, now_ns: int) -> int:
        """What is used now."""
        while self._seen and self._seen[0][0] <= now_ns - self._window_ns:
            self.used -= self._seen.popleft()[1]
        return self.used


@dataclass
class Ledger:
    """Counts per address, and the violations of all."""

    limits: Limits
    violations: list[Violation] = field(default_factory=list)
    _connections: dict[str, Rate] = field(default_factory=dict)
    _weights: dict[str, Rate] = field(default_factory=dict)

    def violate(self, now_ns: int, what: str, detail: str, address: str) -> None:
        """Write an excess down."""
        self.violations.append(Violation(now_ns, what, detail, address))

    def connection(self, now_ns: int, address: str) -> bool:
        """Count an attempt; whether it is one too many."""
        rate = self._connections.setdefault(address, Rate(self.limits.connections))
        if not rate.add(now_ns):
            return False
        self.violate(now_ns, "connections", f"{rate.used} attempts, allowed are {self.limits.connections}", address)
        return True

    def weight(self, now_ns: int, address: str, weight: int) -> bool:
        """Count a REST request; whether it is too much."""
        rate = self._weights.setdefault(address, Rate(self.limits.weight))
        if not rate.add(now_ns, weight):
            return False
        self.violate(now_ns, "weight", f"{rate.used} used, allowed are {self.limits.weight}", address)
        return True

    def used_weight(self, now_ns: int, address: str) -> int:
        """REST weight that an address has used of its window."""
        rate = self._weights.get(address)
        return rate.at(now_ns) if rate else 0

    def counts(self) -> Mapping[str, int]:
        """How often each limit was exceeded."""
        found: dict[str, int] = {}
        for violation in self.violations:
            found[violation.what] = found.get(violation.what, 0) + 1
        return found
