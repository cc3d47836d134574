import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from operators.features.central_moments import MOMENTS, kurtosis_of, merge, skewness_of, variance_of


def moments(values: np.ndarray, half_life: float) -> np.void:
    found = np.zeros(1, MOMENTS)[0]
    for value in values:
        merge(found, float(value), 1, 0.5 ** (1 / half_life))
    return found


def exact(values: np.ndarray, half_life: float) -> tuple[float, ...]:
    """Mean and central moments 2, 3, 4, with 80 digits."""
    with localcontext(prec=80):
        decay = Decimal(0.5 ** (1 / half_life))
        numbers = [Decimal(float(value)) for value in values]
        weights = [decay**age for age in range(len(numbers))][::-1]
        total = sum(weights)
        mean = sum(w * x for w, x in zip(weights, numbers, strict=True)) / total
        central = (sum(w * (x - mean) ** k for w, x in zip(weights, numbers, strict=True)) / total for k in (2, 3, 4))
        return float(mean), *map(float, central)


@pytest.mark.parametrize("half_life", [2.0, 20.0, 1e6])
def test_a_noise_of_a_thousandth_at_a_price_of_60_000_keeps_its_digits(half_life: float) -> None:
    values = 60_000 + np.random.default_rng(1).exponential(1e-3, 150)
    found = moments(values, half_life)
    mean, second, third, fourth = exact(values, half_life)
    assert found["mean"] == pytest.approx(mean, rel=1e-15)
    # Near 60 000 a double holds seven digits of such a noise below its point; errors stay far below the noise.
    assert variance_of(found) == pytest.approx(second, rel=1e-8)
    assert skewness_of(found) == pytest.approx(third / second**1.5, rel=1e-7)
    assert kurtosis_of(found) == pytest.approx(fourth / second**2, rel=1e-7)


def test_the_textbook_formula_is_wrong_in_its_first_digit_there() -> None:
    values = 60_000 + np.random.default_rng(1).normal(0, 1e-3, 150)
    textbook = (values**2).mean() - values.mean() ** 2
    assert abs(textbook / values.var() - 1) > 0.1


def test_a_long_forgetting_memory_stays_exact() -> None:
    values = 60_000 + np.random.default_rng(2).normal(0, 1e-3, 20_000)
    found = moments(values, 20.0)
    _, second, third, fourth = exact(values[-2_000:], 20.0)
    assert variance_of(found) == pytest.approx(second, rel=1e-6)
    assert kurtosis_of(found) == pytest.approx(fourth / second**2, abs=1e-6)
    assert skewness_of(found) == pytest.approx(third / second**1.5, abs=1e-6)


def test_equal_values_have_no_shape() -> None:
    found = moments(np.full(9, 60_000.1), 3.0)
    assert variance_of(found) == 0.0
    assert math.isnan(skewness_of(found))
    assert math.isnan(kurtosis_of(found))
