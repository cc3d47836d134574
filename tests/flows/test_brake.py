"""What dies is started again soon, then later and later, and hardly at all when it keeps dying."""

from flows.supervision.brake import BACKOFF_LONGEST_S, HEALTHY_AFTER_S, Brake
from flows.supervision.exits import exit_words


def brake(deaths: int = 5) -> Brake:
    return Brake(deaths=deaths, window_s=60.0, pause_s=300.0)


def test_waits_double_up_to_the_longest() -> None:
    rare = brake(deaths=100)
    waits = [rare.died(100.0 * number, lived_s=1.0) for number in range(10)]
    assert waits == [min(0.4 * 2**number, BACKOFF_LONGEST_S) for number in range(10)]


def test_a_long_life_is_forgiven_at_once() -> None:
    one = brake()
    for number in range(4):
        one.died(float(number), lived_s=1.0)
    assert one.died(100.0, lived_s=HEALTHY_AFTER_S + 1.0) == 0.2


def test_five_deaths_within_a_minute_brake_and_four_do_not() -> None:
    one = brake()
    assert [one.died(float(number), lived_s=0.1) for number in range(5)] == [0.4, 0.8, 1.6, 3.2, 300.0]
    assert one.on


def test_deaths_spread_over_more_than_the_window_never_brake() -> None:
    one = brake()
    for number in range(100):
        one.died(16.0 * number, lived_s=10.0)
    assert not one.on


def test_after_the_pause_one_early_death_brakes_again() -> None:
    one = brake()
    for number in range(5):
        one.died(float(number), lived_s=0.1)
    assert one.died(400.0, lived_s=1.0) == 300.0


def test_a_life_that_lasts_releases_the_brake() -> None:
    one = brake()
    for number in range(5):
        one.died(float(number), lived_s=0.1)
    assert [one.lives(HEALTHY_AFTER_S - 1.0), one.lives(HEALTHY_AFTER_S + 1.0)] == [False, True]
    assert not one.on
    assert one.died(500.0, lived_s=1.0) < 300.0


def test_an_exit_is_told_in_words() -> None:
    told = [exit_words(code) for code in (-9, 74, 1, 5, None)]
    assert told == ["SIGKILL", "74 (I/O error)", "1 (its log says why)", "5", "nothing"]
