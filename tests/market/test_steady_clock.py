"""Receive times go on evenly through every jump of the wall clock, and the jump is told."""

import time

import pytest

from market.clock import EARLIEST_NS, SECOND_NS
from market.record import ClockStepped
from market.steady_clock import ADOPTED_AFTER_NS, MAX_SLEW, SteadyClock, boot_ns

HOUR_NS = 3600 * SECOND_NS
NOW_NS = 1_790_000_000 * SECOND_NS
TO_1970_NS = -NOW_NS


class Machine:
    """A wall clock that can be set and may run wrong, and a timer that cannot."""

    def __init__(self, wall_ns: int = NOW_NS) -> None:
        self.timer_ns, self.wall_ns, self.rate = 5 * HOUR_NS, float(wall_ns), 1.0
        self.clock = SteadyClock(
            at_least_ns=NOW_NS - HOUR_NS, wall_ns=lambda: int(self.wall_ns), timer_ns=lambda: self.timer_ns
        )
        self.times: list[int] = []

    def run(self, seconds: int, step_ns: int = SECOND_NS) -> list[ClockStepped]:
        """Let time pass and look about every second; what is told."""
        told = []
        for _ in range(seconds):
            self.timer_ns += step_ns
            self.wall_ns += step_ns * self.rate
            said = self.clock.look()
            self.times.append(self.clock.now_ns())
            told += [said] if said is not None else []
        return told


JUMPS = [HOUR_NS, -HOUR_NS, 24 * HOUR_NS, -24 * HOUR_NS, TO_1970_NS]


@pytest.mark.parametrize("jump_ns", JUMPS)
def test_a_jump_is_told_once_and_not_followed(jump_ns: int) -> None:
    machine = Machine()
    machine.run(10)
    machine.wall_ns += jump_ns
    assert machine.run(500) == [ClockStepped(jump_ns, adopted=False)]
    assert machine.clock.step_ns == jump_ns
    assert machine.times == [NOW_NS + (one + 1) * SECOND_NS for one in range(510)]


@pytest.mark.parametrize("jump_ns", JUMPS)
def test_a_jump_that_is_taken_back_never_shows(jump_ns: int) -> None:
    machine = Machine()
    machine.wall_ns += jump_ns
    machine.run(30)
    machine.wall_ns -= jump_ns
    assert machine.run(2000) == [ClockStepped(0, adopted=False)]
    assert machine.clock.step_ns == 0
    assert machine.times == [NOW_NS + (one + 1) * SECOND_NS for one in range(2030)]


@pytest.mark.parametrize("jump_ns", JUMPS[:4])
def test_a_jump_that_stands_for_ten_minutes_was_meant(jump_ns: int) -> None:
    machine = Machine()
    machine.wall_ns += jump_ns
    seconds = ADOPTED_AFTER_NS // SECOND_NS
    assert machine.run(seconds) == [ClockStepped(jump_ns, adopted=False)]
    assert machine.run(1) == [ClockStepped(jump_ns, adopted=True)]
    assert machine.clock.now_ns() == int(machine.wall_ns)
    assert machine.run(1000) == []
    assert machine.clock.step_ns == 0


def test_a_clock_in_1970_is_never_adopted() -> None:
    machine = Machine()
    machine.wall_ns += TO_1970_NS
    machine.run(5000)
    assert machine.clock.now_ns() == NOW_NS + 5000 * SECOND_NS


def test_a_machine_that_starts_in_1970_goes_on_after_what_was_recorded_and_takes_the_first_believable_time() -> None:
    machine = Machine(wall_ns=17 * SECOND_NS)
    assert machine.clock.now_ns() == NOW_NS - HOUR_NS
    (told,) = machine.run(100)
    assert (told.adopted, told.step_ns) == (False, 17 * SECOND_NS - NOW_NS + HOUR_NS)
    machine.wall_ns = NOW_NS
    (told,) = machine.run(1)
    assert told.adopted
    assert machine.clock.now_ns() == NOW_NS + SECOND_NS


def test_a_machine_without_any_record_of_time_begins_with_the_first_year_that_is_believed() -> None:
    assert SteadyClock(wall_ns=lambda: 0, timer_ns=lambda: 7).now_ns() == EARLIEST_NS


@pytest.mark.parametrize("drift", [1e-6, -1e-6, 400e-6, -400e-6, 500e-6])
def test_slow_drift_is_followed_without_a_jump_and_told_by_nobody(drift: float) -> None:
    machine = Machine()
    machine.rate = 1 + drift
    assert machine.run(40_000) == []
    assert abs(machine.clock.now_ns() - machine.wall_ns) < 60 * SECOND_NS * abs(drift) * 2
    steps = [after - before for before, after in zip(machine.times, machine.times[1:], strict=False)]
    assert max(abs(step - SECOND_NS) for step in steps) <= MAX_SLEW * SECOND_NS + 1


def test_a_small_step_is_made_up_for_slowly_and_time_never_goes_back() -> None:
    machine = Machine()
    machine.wall_ns -= 900_000_000
    assert machine.run(4000) == []
    assert abs(machine.clock.now_ns() - machine.wall_ns) < 1_000_000
    assert machine.times == sorted(set(machine.times))


def test_time_in_which_the_process_stood_still_has_passed() -> None:
    machine = Machine()
    assert machine.run(1, step_ns=600 * SECOND_NS) == []
    assert machine.clock.now_ns() == NOW_NS + 600 * SECOND_NS


def test_on_this_machine_it_says_what_the_wall_clock_says() -> None:
    clock = SteadyClock()
    assert clock.look() is None
    assert abs(clock.now_ns() - time.time_ns()) < SECOND_NS
    assert boot_ns() - clock.monotonic_ns() + SECOND_NS >= 0


def test_a_difference_is_made_up_for_once_however_long_nobody_looks() -> None:
    machine = Machine()
    machine.wall_ns += SECOND_NS // 2
    assert machine.run(1) == []
    assert machine.run(1, step_ns=24 * HOUR_NS) == []  # the process was stopped for a day
    assert abs(machine.clock.now_ns() - machine.wall_ns) < SECOND_NS // 1000
