"""Probabilities that kernels compute themselves, beside scipy's and the tables of the papers."""

import math

import numpy as np
import pytest
from scipy.stats import chi2, norm

from operators.statistics.chi_square import chi_square_tail
from operators.statistics.modified_range import both_tails, bridge_range
from operators.statistics.runs import z_of_tail


@pytest.mark.parametrize("degrees", [1, 2, 5, 10, 23])
def test_chi_square_tail_is_scipys(degrees: int) -> None:
    for x in np.geomspace(1e-6, 600, 60):
        assert chi_square_tail(x, degrees) == pytest.approx(chi2.sf(x, degrees), rel=1e-11)


def test_chi_square_tail_of_nothing_is_certain() -> None:
    assert chi_square_tail(0.0, 10) == chi_square_tail(-1.0, 3) == 1.0
    assert math.isnan(chi_square_tail(math.nan, 10))


def test_z_of_a_tail_is_scipys_down_to_the_smallest_double() -> None:
    for exponent in (1, 2, 3, 10, 63, 500, 1_000, 1_023):
        assert z_of_tail(-exponent * math.log(2)) == pytest.approx(norm.isf(0.5**exponent), rel=1e-9, abs=1e-12)


# Lo (1991), table II: fractiles of V.
@pytest.mark.parametrize(
    ("v", "below"),
    [(0.721, 0.005), (0.809, 0.025), (0.861, 0.05), (1.223, 0.5), (1.747, 0.95), (1.862, 0.975), (2.098, 0.995)],
)
def test_the_range_of_a_bridge_has_the_fractiles_of_lo(v: float, below: float) -> None:
    assert bridge_range(v) == pytest.approx(below, abs=1e-3)  # v has three digits
    assert both_tails(v) == pytest.approx(2 * min(below, 1 - below), abs=2e-3)


def test_the_range_of_a_bridge_keeps_to_its_series() -> None:
    k = np.arange(1, 2_000.0)
    for v in np.linspace(0.1, 5, 50):
        series = 1 + 2 * np.sum((1 - 4 * (k * v) ** 2) * np.exp(-2 * (k * v) ** 2))
        assert bridge_range(v) == pytest.approx(series, abs=1e-13)


def test_the_range_of_a_bridge_has_its_known_mean() -> None:
    v = np.linspace(0.0, 6, 6_001)
    assert np.trapezoid([1 - bridge_range(x) for x in v], v) == pytest.approx(math.sqrt(math.pi / 2), abs=1e-6)
