from itertools import pairwise

import numpy as np
import pytest

from operators.regimes.pace import FASTEST, SLOWEST, at_pace, expected_change, pace, realised_change
from tests.operators.regimes.chains import chain, switching


def measured(probability, transition):
    realised = sum(realised_change(before, now) for before, now in pairwise(probability))
    return pace(realised, sum(expected_change(before, transition) for before in probability[:-1]), 0.0)


@pytest.mark.parametrize("slowed", [0.5, 1.0, 2.5])
def test_pace_finds_how_much_a_chain_was_slowed(slowed):
    """The filter knows the truth; the matrix that is judged is the slowed one."""
    _, probability = switching(chain([80.0, 40.0]), [0.0, 0.0], [1.0, 2.0], 20_000, 1)
    assert measured(probability, chain([80.0 * slowed, 40.0 * slowed])) == pytest.approx(slowed, rel=0.12)


def test_noise_that_comes_and_goes_faster_than_the_chain_allows_is_a_high_pace():
    noise = np.random.default_rng(0).uniform(0.3, 0.7, 5000)
    assert measured(np.column_stack([noise, 1 - noise]), chain([100.0, 100.0])) == FASTEST


def test_pace_is_bounded_and_one_while_nothing_is_known():
    assert pace(-5.0, 1.0, 0.0) == SLOWEST
    assert pace(0.0, 0.0, 0.0) == 1.0
    assert pace(0.0, 0.0, 3.0) == 1.0


@pytest.mark.parametrize("speed", [0.25, 1.0, 8.0, 1000.0])
def test_a_chain_at_another_pace_stays_a_chain(speed):
    transition = np.array([[0.98, 0.015, 0.005], [0.2, 0.7, 0.1], [0.0, 0.0, 1.0]])
    out = np.empty((3, 3))
    at_pace(transition, speed, out)
    assert out.sum(axis=1) == pytest.approx(1.0)
    assert (out >= 0).all()
    if speed < 3:
        assert out == pytest.approx(np.eye(3) + speed * (transition - np.eye(3)))
