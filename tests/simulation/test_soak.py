"""The soak in short, and whether it would see a leak."""

import numpy as np

from tests.simulation.slope import is_flat, slope
from tests.simulation.soak import MOST_PERCENT_PER_HOUR, soak

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


def test_five_minutes_of_a_soak_have_reconnects_resyncs_and_samples() -> None:
    found = soak(5 / 60)
    assert found.reconnects >= 2
    assert found.resyncs >= 15
    assert found.inserts > 50
    assert len(found.samples) >= 10
    assert len({sample.descriptors for sample in found.samples[3:]}) == 1
    assert [what for what in found.complaints() if "wanted" in what or "descriptors" in what] == []
