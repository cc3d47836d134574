"""One subscription and what is known of it: a part of `availability`. No time here but what it is handed.

A subscription is one channel of one instrument. Its open interval has a state and a cause; `turn` ends it and begins
another. So intervals follow each other without a hole, and none overlaps.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from venues.venue import Channel

BIT = {channel: 1 << number for number, channel in enumerate(Channel)}  # of masks of channels
SELDOM = frozenset({Channel.TICKER, Channel.TRADE, Channel.STATUS})  # there are data when something happens
UP, DOWN, UNVERIFIABLE, CLOSED = "up", "down", "unverifiable", "closed"
UNRECORDED = CLOSED, "unrecorded"
OVER_WITH_DATA = frozenset({"silent", "shed"})  # causes, but for a book


class Interval(NamedTuple):
    """A stretch of time in one state, ended."""

    start: int  # ns
    end: int
    state: str
    cause: str


class Common(NamedTuple):
    """What holds for all subscriptions of a shard at once."""

    closed: bool = False  # the market is
    stretch: tuple[str, str] | None = None  # state and cause of a stretch in which nobody could have heard anything
    blind: bool = False  # the venue gives no means to see a loss


@dataclass
class Subscription:
    """One channel of one instrument, once it has begun."""

    channel: Channel
    start: int = 0  # of the open interval, ns
    state: str = ""  # of the open interval; "" before the subscription begins
    cause: str = ""
    troubles: list[str] = field(default_factory=list)  # causes that are open, the oldest first
    wanted: bool = True  # somebody asks for it
    starting: bool = False  # its socket was opened, and it is not up yet
    fed: bool = False  # data came since then
    partners: int = 0  # mask of the channels on its socket

    @property
    def begun(self) -> bool:
        """Whether it is one at all."""
        return self.state != ""

    def begin(self, time: int) -> None:
        """From here on it counts."""
        self.wanted = True
        if not self.begun:
            self.start, self.state, self.cause = time, DOWN, "starting"

    def opened(self, partners: int) -> None:
        """Its socket is open, and carries these channels."""
        self.starting, self.fed, self.partners = True, False, partners

    def heard(self, channels: int) -> None:
        """Data of these channels of its instrument."""
        if channels & BIT[self.channel]:
            self.fed = True
            self.starting = self.starting and self.channel is Channel.DEPTH
            if self.channel is not Channel.DEPTH:
                self.troubles = [cause for cause in self.troubles if cause not in OVER_WITH_DATA]
        if self.channel in SELDOM and channels & self.partners:
            self.starting = False

    def settle(self) -> None:
        """A book is up once data came and nothing is wrong with it."""
        if self.channel is Channel.DEPTH and self.fed and set(self.troubles) <= {UNVERIFIABLE}:
            self.starting = False

    def turn(self, state: str, cause: str, time: int) -> Iterator[Interval]:
        """Another state from a time on, which is not before the open interval: the interval that this ends."""
        if (state, cause) != (self.state, self.cause):
            yield from self.cut(time)
            self.state, self.cause = state, cause

    def cut(self, time: int) -> Iterator[Interval]:
        """End the open interval and begin another of the same state; nothing where it has no length."""
        if time > self.start:
            yield Interval(self.start, time, self.state, self.cause)
            self.start = time

    def now(self, common: Common) -> tuple[str, str]:
        """State and cause, by what is known; the order is the precedence."""
        if not self.wanted:
            return CLOSED, "unsubscribed"
        if common.stretch == UNRECORDED:
            return UNRECORDED
        if common.closed:
            return CLOSED, "session"
        if common.stretch is not None:
            return common.stretch
        if self.starting:
            return DOWN, "starting"
        for cause in self.troubles:
            if cause != UNVERIFIABLE:
                return DOWN, cause
        if self.troubles:
            return UNVERIFIABLE, "checksum"
        return (UNVERIFIABLE, "venue") if common.blind else (UP, "")

    @property
    def awaits(self) -> int:
        """Mask of the channels of its instrument whose next data would change something."""
        own = BIT[self.channel]
        if not (self.begun and self.wanted):
            return own
        if self.starting and not self.fed:
            return own | self.partners if self.channel in SELDOM else own
        return own if self.channel is not Channel.DEPTH and not OVER_WITH_DATA.isdisjoint(self.troubles) else 0
