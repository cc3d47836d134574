"""`Quarantine`: streams that the venue refuses, left out so that the others live, and tried once again now and then.

The first time for a minute, four times as long with every refusal that follows, six hours at most: a refusal may have
been a moment's trouble, a delisting stays.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from market.clock import SECOND_NS

FIRST_NS = 60 * SECOND_NS
FACTOR = 4
MOST_NS = 6 * 3600 * SECOND_NS


class Kept(NamedTuple):
    """A stream that is left out; times are monotonic."""

    since_ns: int  # the first refusal
    until_ns: int  # the next try
    ttl_ns: int
    reason: str


@dataclass
class Quarantine:
    """The refused streams of one route, across its connections."""

    kept: dict[str, Kept] = field(default_factory=dict)

    def refused(self, stream: str, reason: str, now_ns: int) -> bool:
        """Leave a stream out; whether it is the first time."""
        before = self.kept.get(stream)
        ttl_ns = FIRST_NS if before is None else min(before.ttl_ns * FACTOR, MOST_NS)
        since_ns = now_ns if before is None else before.since_ns
        self.kept[stream] = Kept(since_ns, now_ns + ttl_ns, ttl_ns, reason)
        return before is None

    def accepted(self, stream: str) -> bool:
        """The venue takes a stream; whether it had been left out."""
        return self.kept.pop(stream, None) is not None

    def due(self, now_ns: int) -> list[str]:
        """Streams to try once again."""
        return [stream for stream, kept in self.kept.items() if now_ns >= kept.until_ns]

    def next_ns(self) -> int | None:
        """When the next is due."""
        return min((kept.until_ns for kept in self.kept.values()), default=None)
