"""Time. Logic runs on data time; only sources, sinks and flows hold a `Clock`, so that tests never sleep."""

import time
from dataclasses import dataclass
from typing import Protocol

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000
MICROSECOND_NS = 1_000
FUTURE_NS = 5 * SECOND_NS  # an exchange time further ahead of its receipt than this is not believed
# Stamps outside 2000..2100 are a unit mistake (16-digit stamps are microseconds), not a time.
EARLIEST_NS = 946_684_800 * SECOND_NS
LATEST_NS = 4_102_444_800 * SECOND_NS


class Clock(Protocol):
    """What the outer layers may ask about time."""

    def now_ns(self) -> int:
        """Wall clock, UTC, nanoseconds since 1970."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back; for timers only."""


class SystemClock:
    """The machine's own clocks."""

    def now_ns(self) -> int:
        """Wall clock, ns."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Timer clock, ns."""
        return time.monotonic_ns()


@dataclass
class ManualClock:
    """A clock that stands still until it is moved; for tests.

    >>> clock = ManualClock(time_ns=5)
    >>> clock.advance(2)
    >>> clock.now_ns()
    7
    """

    time_ns: int = 0

    def now_ns(self) -> int:
        """Where it stands, ns."""
        return self.time_ns

    def monotonic_ns(self) -> int:
        """Where it stands, ns."""
        return self.time_ns

    def advance(self, step_ns: int) -> None:
        """Move it on."""
        self.time_ns += step_ns


def to_nanoseconds(stamp: int) -> int:
    """A stamp in s, ms, µs or ns, told apart by its size, as nanoseconds.

    Raises ValueError when no unit puts it between 2000 and 2100.

    >>> to_nanoseconds(1680652700423575)
    1680652700423575000
    """
    for scale in (1, MICROSECOND_NS, MILLISECOND_NS, SECOND_NS):
        if EARLIEST_NS <= stamp * scale < LATEST_NS:
            return stamp * scale
    raise ValueError(f"{stamp} is not a time between 2000 and 2100 in s, ms, µs or ns")
