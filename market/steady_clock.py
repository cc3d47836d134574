"""`SteadyClock`: receive times that go on evenly, whatever is done to the machine's wall clock.

Time is counted by the boot clock, which runs on while a process is stopped or the machine sleeps, from where the wall
clock stood at the start. A small difference is made up for slowly, so that no second is doubled or left out. A step of
more than a second is not followed but told; it is adopted when it has stood for ten minutes and lies in 2000..2100:
then somebody meant it. A wall clock outside these years, as of a machine without a battery, is not believed at the
start either; the first believable time is adopted at once.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from market.clock import EARLIEST_NS, LATEST_NS, SECOND_NS
from market.record import ClockStepped

STEP_NS = SECOND_NS  # a greater difference is a step
ADOPTED_AFTER_NS = 600 * SECOND_NS
MAX_SLEW = 500e-6  # of a second per second, as ntpd does at most
SLEWED_OVER_NS = 60 * SECOND_NS  # in what time a difference would be made up for, were there no such limit

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class _Line(NamedTuple):
    """At `timer_ns` it was `time_ns`; since then time goes `1 + slew` as fast, until `behind_ns` is made up for."""

    timer_ns: int
    time_ns: int
    behind_ns: int = 0

    @property
    def slew(self) -> float:
        """Of a second per second."""
        return max(-MAX_SLEW, min(MAX_SLEW, self.behind_ns / SLEWED_OVER_NS))


def boot_ns() -> int:
    """Nanoseconds since the machine was started, those in which it slept included."""
    return time.clock_gettime_ns(_BOOT)


class SteadyClock:
    """A `Clock`. `look` must be called about every second, by one thread; all others may ask for the time meanwhile.

    at_least_ns: the time to begin at where the wall clock cannot be believed, such as of what was recorded last.
    """

    def __init__(
        self,
        *,
        at_least_ns: int = EARLIEST_NS,
        wall_ns: Callable[[], int] = time.time_ns,
        timer_ns: Callable[[], int] = boot_ns,
    ) -> None:
        self._wall_ns, self._timer_ns = wall_ns, timer_ns
        now_ns = wall_ns()
        self._believed = EARLIEST_NS <= now_ns < LATEST_NS
        self._line = _Line(timer_ns(), now_ns if self._believed else max(at_least_ns, EARLIEST_NS))
        self._step_ns = 0  # that was told and not adopted
        self._stands_since_ns = 0

    def now_ns(self) -> int:
        """UTC, ns since 1970."""
        return self._at(self._line, self._timer_ns())

    def monotonic_ns(self) -> int:
        """Timer clock, ns; it counts the time in which the machine slept."""
        return self._timer_ns()

    @property
    def step_ns(self) -> int:
        """By how much the wall clock is ahead of this one, where that is a step that was not adopted; else 0."""
        return self._step_ns

    def look(self) -> ClockStepped | None:
        """Compare with the wall clock; what is to be told, once per step."""
        timer_ns = self._timer_ns()
        now_ns, wall_ns = self._at(self._line, timer_ns), self._wall_ns()
        difference_ns = wall_ns - now_ns
        if abs(difference_ns) <= STEP_NS:
            self._line = _Line(timer_ns, now_ns, difference_ns)
            over, self._step_ns = self._step_ns != 0, 0
            self._believed = self._believed or EARLIEST_NS <= wall_ns < LATEST_NS
            return ClockStepped(difference_ns, adopted=False) if over else None
        is_time = EARLIEST_NS <= wall_ns < LATEST_NS
        is_new = abs(difference_ns - self._step_ns) > STEP_NS
        if is_new:
            self._step_ns, self._stands_since_ns = difference_ns, timer_ns
            self._line = _Line(timer_ns, now_ns)
        if is_time and (not self._believed or timer_ns - self._stands_since_ns >= ADOPTED_AFTER_NS):
            self._line = _Line(timer_ns, wall_ns)
            self._believed, self._step_ns = True, 0
            return ClockStepped(difference_ns, adopted=True)
        return ClockStepped(difference_ns, adopted=False) if is_new else None

    @staticmethod
    def _at(line: _Line, timer_ns: int) -> int:
        passed_ns = timer_ns - line.timer_ns
        slewed_ns = int(passed_ns * line.slew)
        return line.time_ns + passed_ns + (slewed_ns if abs(slewed_ns) < abs(line.behind_ns) else line.behind_ns)
