import math
import random

import numpy as np
import pytest
from numpy.typing import NDArray

from operators.features import hawkes
from operators.features.hawkes import HAWKES

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
KEEP = 0.5 ** (1 / 2_000)
BASE, BRANCHING, DECAY = (0.5, 0.3), ((0.4, 0.2), (0.1, 0.5)), 5.0
Event = tuple[float, int]  # seconds, side


def simulated(seconds: float, seed: int) -> list[Event]:
    """Ogata's thinning: candidates at the intensity after the last event, kept with the share it has fallen to."""
    chance, time, found = random.Random(seed), 0.0, list[Event]()
    excitation = [0.0, 0.0]

    def intensity() -> list[float]:
        return [BASE[i] + DECAY * sum(BRANCHING[i][j] * excitation[j] for j in (0, 1)) for i in (0, 1)]

    while True:
        bound = sum(intensity())
        wait = chance.expovariate(bound)
        time += wait
        if time > seconds:
            return found
        excitation[:] = [value * math.exp(-DECAY * wait) for value in excitation]
        buys, sells = intensity()
        level = chance.random() * bound
        if level < buys + sells:
            side = 1 if level < buys else -1
            excitation[0 if side > 0 else 1] += 1.0
            found.append((time, side))


def learned(events: list[Event]) -> np.void:
    state: NDArray[np.void] = np.zeros(1, HAWKES)
    hawkes.begin(state)
    for time, side in events:
        hawkes.excite(state[0], START + round(time * SECOND), side, KEEP)
    return state[0]


def residuals(events: list[Event], h: np.void) -> list[float]:
    """The compensator of all events from one to the next, by its closed form over sums of all events before."""
    found, base = [], float(h["base"].sum())
    for number in range(1, len(events)):
        begin, end = events[number - 1][0], events[number][0]
        excited = sum(
            float(h["branching"][:, 0 if side > 0 else 1].sum())
            * (math.exp(-h["decay"] * (begin - then)) - math.exp(-h["decay"] * (end - then)))
            for then, side in events[max(0, number - 60) : number]
        )
        found.append(base * (end - begin) + excited)
    return found


@pytest.fixture(scope="module")
def model() -> np.void:
    return learned(simulated(10_000, seed=1))


def test_it_finds_the_parameters_that_made_the_events(model: np.void) -> None:
    assert model["base"] == pytest.approx(np.array(BASE), rel=0.2)
    assert model["branching"] == pytest.approx(np.array(BRANCHING), abs=0.08)
    assert model["decay"] == pytest.approx(DECAY, rel=0.2)


def test_on_other_events_time_changed_by_the_compensator_is_exponential(model: np.void) -> None:
    found = np.sort(residuals(simulated(1_000, seed=2), model))
    distance = np.abs(1 - np.exp(-found) - (np.arange(len(found)) + 0.5) / len(found)).max()
    assert found.mean() == pytest.approx(1.0, abs=0.06)
    assert distance < 1.63 / math.sqrt(len(found))  # Kolmogorov and Smirnov at 1 %


def test_events_without_memory_have_no_children() -> None:
    chance, time, events = random.Random(3), 0.0, []
    for _ in range(6_000):
        time += chance.expovariate(2.0)
        events.append((time, chance.choice((1, -1))))
    model = learned(events)
    assert np.abs(np.linalg.eigvals(model["branching"])).max() < 0.15
    assert model["base"] == pytest.approx(np.array([1.0, 1.0]), rel=0.15)


@pytest.mark.parametrize("gap_s", [1e-9, 1e-3, 1.0, 1e5])
def test_the_branching_ratio_stays_below_one_whatever_comes(gap_s: float) -> None:
    state: NDArray[np.void] = np.zeros(1, HAWKES)
    hawkes.begin(state)
    for number in range(3_000):
        side = 1 if number < 1_000 else (-1) ** number
        hawkes.excite(state[0], START + round(number * gap_s * SECOND), side, KEEP)
        assert np.abs(np.linalg.eigvals(state[0]["branching"])).max() < 1.0
    assert all(np.isfinite(state[0][name]).all() for name in HAWKES.names or ())


def test_trades_of_one_side_and_time_are_one_event() -> None:
    once = learned([(1.0, 1), (2.0, -1), (3.0, 1)])
    assert learned([(1.0, 1), (1.0, 1), (2.0, -1), (3.0, 1), (3.0, 1)]) == once
