"""The soak in short, and whether it would see a leak."""

import numpy as np
import pytest

from tests.simulation.slope import is_flat, slope
from tests.simulation.soak import COMING_AND_GOING, GROWING, MOST_PERCENT_PER_HOUR, Sample, Soaked, soak

HOURS = np.arange(0.0, 24.0, 0.1)
BASE = 200e6


def memory(leak_per_hour: float, seed: int = 1) -> list[float]:
    """As memory looks: noise, a long warm-up, and steps."""
    random = np.random.default_rng(seed)
    noise = random.normal(0.0, 0.3e6, len(HOURS)) + 8e6 * (HOURS % 3 < 1.0)
    return list(BASE + noise + 30e6 * (1 - np.exp(-HOURS)) + leak_per_hour * HOURS)


def test_a_leak_of_one_per_cent_an_hour_is_seen_and_none_is_not() -> None:
    assert slope(HOURS, memory(0.01 * BASE)).low > MOST_PERCENT_PER_HOUR
    assert slope(HOURS, memory(0.0)).high < MOST_PERCENT_PER_HOUR


def test_what_comes_and_goes_is_flat_and_what_stays_is_not() -> None:
    assert is_flat([3, 4, 3, 5, 3, 4, 3, 5, 3, 4, 5, 3] * 4)
    assert not is_flat(list(range(40)))


@pytest.mark.parametrize("name", [*GROWING, *COMING_AND_GOING])
def test_each_figure_that_grows_is_complained_of_alone(name: str) -> None:
    steady = [Sample(hour, **dict.fromkeys((*GROWING, *COMING_AND_GOING), 1000)) for hour in HOURS]
    leaking = [sample._replace(**{name: 1000 + round(10 * sample.hours)}) for sample in steady]
    assert Soaked(samples=steady).complaints() == []
    (complaint,) = Soaked(samples=leaking).complaints()
    assert complaint.startswith(f"{name} ")


def test_too_few_reconnects_and_resyncs_are_complained_of() -> None:
    samples = [Sample(hour, **dict.fromkeys((*GROWING, *COMING_AND_GOING), 1000)) for hour in HOURS]
    assert Soaked(hours=24.0, samples=samples, reconnects=500, resyncs=5000).complaints() == []
    assert len(Soaked(hours=24.0, samples=samples, reconnects=499, resyncs=4999).complaints()) == 2


def test_three_minutes_of_a_soak_have_reconnects_resyncs_states_and_samples() -> None:
    found = soak(3 / 60)
    assert found.reconnects >= 4
    assert found.resyncs >= 12
    assert found.inserts > 30
    assert len(found.samples) >= 5
    assert found.samples[-1].state_bytes > 1_000_000
    assert len({sample.descriptors for sample in found.samples[1:]}) == 1
    assert [what for what in found.complaints() if "wanted" in what or "descriptors" in what] == []
