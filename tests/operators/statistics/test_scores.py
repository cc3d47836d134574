import math
from fractions import Fraction

import numpy as np
import pytest

from operators.statistics.scores import mean, variance, z_score


def test_a_noise_of_a_thousandth_at_a_price_of_60_000_keeps_its_digits() -> None:
    values = 60_000 + np.random.default_rng(1).normal(0, 1e-3, 20)
    numbers = [Fraction(float(value)) for value in values]
    middle = sum(numbers) / 20
    squares = sum((x - middle) ** 2 for x in numbers) / 19
    assert mean(values) == float(middle)
    assert variance(values) == pytest.approx(float(squares), rel=1e-9)
    assert z_score(values, values[-1]) == pytest.approx(float(numbers[-1] - middle) / math.sqrt(squares), rel=1e-9)


def test_values_that_are_all_the_same_have_no_score() -> None:
    assert math.isnan(z_score(np.full(7, 60_000.1), 60_000.1))


def test_the_largest_score_of_a_window_of_n_is_what_it_must_be() -> None:
    values = np.array([1.0] * 9 + [2.0])
    assert z_score(values, 2.0) == pytest.approx(9 / math.sqrt(10))
