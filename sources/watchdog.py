"""`Watchdog`: notices a subscription that is silent though its socket lives. Only data frames count; pings reset
nothing.

Each stream has the limit of its channel. At the limit it is subscribed to again; when that does not help within
another limit, the connection is given up, though not more often than every `RECONNECT_APART_NS`: a market may be truly
quiet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from market.clock import SECOND_NS
from venues.venue import Channel

# Depth and marks come on a beat; best quotes and trades only when something happens.
LIMITS_NS: Mapping[Channel, int] = {
    Channel.DEPTH: 20 * SECOND_NS,
    Channel.MARK: 20 * SECOND_NS,
    Channel.TICKER: 60 * SECOND_NS,
    Channel.TRADE: 900 * SECOND_NS,
}
RECONNECT_APART_NS = 300 * SECOND_NS


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

    def acknowledged(self, stream: str, channel: Channel, now_ns: int) -> None:
        """From here on data are due; a stream that is watched already keeps its count."""
        self._watched.setdefault(stream, _Watched(self._limits_ns[channel], now_ns))

    def data(self, stream: str, now_ns: int) -> None:
        """A data frame of the stream arrived."""
        watched = self._watched.get(stream)
        if watched is not None:
            watched.since_ns = now_ns
            watched.resubscribed_ns = None

    def disconnected(self) -> None:
        """Nothing is due until the next acks."""
        self._watched.clear()

    def alarms(self, now_ns: int) -> list[Alarm]:
        """What is overdue now; each alarm is raised once, then its next step is waited for."""
        return [alarm for stream, watched in self._watched.items() if (alarm := self._alarm(stream, watched, now_ns))]

    def _alarm(self, stream: str, watched: _Watched, now_ns: int) -> Alarm | None:
        asked_ns = watched.resubscribed_ns
        if now_ns - (watched.since_ns if asked_ns is None else asked_ns) < watched.limit_ns:
            return None
        if asked_ns is None:
            watched.resubscribed_ns = now_ns
            return Alarm(stream, watched.since_ns, "resubscribe")
        if self._reconnected_ns is not None and now_ns - self._reconnected_ns < RECONNECT_APART_NS:
            return None
        self._reconnected_ns = now_ns
        return Alarm(stream, watched.since_ns, "reconnect")
