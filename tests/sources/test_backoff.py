import pytest

from market.clock import SECOND_NS
from sources.backoff import CAP_S, HEALTHY_AFTER_NS, Backoff


def test_longest_wait_doubles_up_to_the_cap_and_never_ends() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.failed() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, CAP_S, CAP_S]
    for _ in range(10_000):
        assert backoff.failed() == CAP_S


def test_jitter_is_full_also_at_the_cap() -> None:
    share = iter([0.0, 0.25, 0.5] * 10)
    backoff = Backoff(lambda: next(share), failures=12)
    assert [backoff.failed() for _ in range(3)] == [0.0, 15.0, 30.0]


@pytest.mark.parametrize(("healthy_ns", "longest_s"), [(HEALTHY_AFTER_NS, 0.5), (HEALTHY_AFTER_NS - 1, 4.0)])
def test_failures_are_forgotten_only_after_data_flowed_for_a_while(healthy_ns: int, longest_s: float) -> None:
    backoff = Backoff(lambda: 1.0, failures=3)
    backoff.data(SECOND_NS)
    backoff.data(SECOND_NS + healthy_ns)
    assert backoff.failed() == longest_s


def test_health_begins_anew_after_every_failure() -> None:
    backoff = Backoff(lambda: 1.0, failures=3)
    backoff.data(0)
    backoff.failed()
    backoff.data(HEALTHY_AFTER_NS)
    assert backoff.failed() == 8.0
