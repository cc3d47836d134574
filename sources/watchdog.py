"""`Watchdog`: notices a subscription that is silent though its socket lives. Only data frames count; pings reset
nothing.

Each stream has the limit of its channel. At the limit it is subscribed to again; when that does not help within
another limit, the connection is given up, though not more often than every `RECONNECT_APART_NS`: a market may be truly
quiet. A stream that stays quiet after that is given twice the time, up to `LONGEST_NS`, until it speaks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from market.clock import SECOND_NS
from venues.venue import Channel

# Depth and marks come on a beat; best quotes and trades only when something happens; statuses may never come.
LIMITS_NS: Mapping[Channel, int] = {
    Channel.DEPTH: 20 * SECOND_NS,
    Channel.MARK: 20 * SECOND_NS,
    Channel.TICKER: 60 * SECOND_NS,
    Channel.TRADE: 900 * SECOND_NS,
}
RECONNECT_APART_NS = 300 * SECOND_NS
LONGEST_NS = 3600 * SECOND_NS


class Alarm(NamedTuple):
    """A stream is silent, since when (monotonic), and what to do about it."""

    stream: str
    since_ns: int
    step: Literal["resubscribe", "reconnect"]


@dataclass
class _Watched:
    limit_ns: int
    since_ns: int  # last data, or the ack while there was none
    resubscribed_ns: int | None = None


class Watchdog:
    """Last data per stream of one route, across its connections."""

    def __init__(self, limits_ns: Mapping[Channel, int] = LIMITS_NS) -> None:
        self._limits_ns = limits_ns
        self._watched: dict[str, _Watched] = {}
        self._reconnected_ns: int | None = None
        self._quiet: dict[str, int] = {}  # the limits of streams that a new connection did not help, by stream

    def acknowledged(self, stream: str, channel: Channel, now_ns: int) -> None:
        """From here on data are due, unless the channel has no limit; a stream that is watched already keeps its
        count.
        """
        if channel in self._limits_ns:
            limit_ns = self._quiet.get(stream, self._limits_ns[channel])
            self._watched.setdefault(stream, _Watched(limit_ns, now_ns))

    def data(self, stream: str, now_ns: int) -> None:
        """A data frame of the stream arrived."""
        watched = self._watched.get(stream)
        if watched is not None:
            watched.since_ns = now_ns
            watched.resubscribed_ns = None
        if self._quiet:
            self._quiet.pop(stream, None)

    def excuse(self, now_ns: int) -> None:
        """Silence has a reason up to now: a closed market, maintenance."""
        for watched in self._watched.values():
            watched.since_ns = max(watched.since_ns, now_ns)
            watched.resubscribed_ns = None

    def left_out(self, stream: str) -> None:
        """Nothing is due of a stream that the venue refuses."""
        self._watched.pop(stream, None)

    def disconnected(self) -> None:
        """Nothing is due until the next acks."""
        self._watched.clear()

    def successor(self) -> "Watchdog":
        """For the connection that takes over: it watches nothing yet and knows what this one learnt."""
        fresh = Watchdog(self._limits_ns)
        fresh._reconnected_ns, fresh._quiet = self._reconnected_ns, self._quiet
        return fresh

    def next_ns(self) -> int | None:
        """When the next alarm may be due."""
        return min((_due_ns(watched) for watched in self._watched.values()), default=None)

    def alarms(self, now_ns: int) -> list[Alarm]:
        """What is overdue now; each alarm is raised once, then its next step is waited for."""
        return [alarm for stream, watched in self._watched.items() if (alarm := self._alarm(stream, watched, now_ns))]

    def _alarm(self, stream: str, watched: _Watched, now_ns: int) -> Alarm | None:
        if now_ns < _due_ns(watched):
            return None
        if watched.resubscribed_ns is None:
            watched.resubscribed_ns = now_ns
            return Alarm(stream, watched.since_ns, "resubscribe")
        if self._reconnected_ns is not None and now_ns - self._reconnected_ns < RECONNECT_APART_NS:
            return None
        self._reconnected_ns = now_ns
        self._quiet[stream] = min(2 * watched.limit_ns, LONGEST_NS)
        return Alarm(stream, watched.since_ns, "reconnect")


def _due_ns(watched: _Watched) -> int:
    asked_ns = watched.resubscribed_ns
    return (watched.since_ns if asked_ns is None else asked_ns) + watched.limit_ns
