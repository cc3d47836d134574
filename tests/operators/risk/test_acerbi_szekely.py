import math

import numpy as np
import pytest

from operators.risk.acerbi_szekely import critical, shortfall_test, statistics
from operators.risk.parametric import normal, student_t

LEVEL = 0.975


def test_both_statistics_are_their_sums_over_the_days():
    losses = np.array([1.0, 3.0, -2.0, 5.0])
    var, es = np.full(4, 2.0), np.array([2.5, 2.5, 2.5, 4.0])
    z1, z2 = statistics(losses, var, es, 0.75)
    assert z1 == pytest.approx(1 - (3.0 / 2.5 + 5.0 / 4.0) / 2)
    assert z2 == pytest.approx(1 - (3.0 / 2.5 + 5.0 / 4.0) / (4 * 0.25))


@pytest.mark.parametrize(("degrees", "five_percent"), [(math.inf, -0.70), (10.0, -0.71), (5.0, -0.74), (3.0, -0.82)])
def test_critical_values_of_z2_are_those_published(degrees, five_percent):
    """Acerbi, Székely (2014), critical values of Z2 at 5 %: −0.70 for a normal, −0.82 for t with 3 degrees."""
    assert critical(250, LEVEL, 0.05, degrees=degrees)[1] == pytest.approx(five_percent, abs=0.03)


def test_the_far_critical_value_of_z2_is_that_published():
    """About −1.8 at 0.01 % for a normal."""
    assert critical(250, LEVEL, 0.0001, degrees=math.inf, samples=40_000)[1] == pytest.approx(-1.8, abs=0.2)


def sample(draws, scale, days=1000, degrees=5.0):
    return scale * draws.standard_t(degrees, days) * math.sqrt((degrees - 2) / degrees)


def test_right_forecasts_pass_and_understated_ones_are_rejected():
    right = student_t(0.0, 1.0, 5.0, LEVEL)
    draws = np.random.default_rng(3)
    forecast = np.full(1000, right.var), np.full(1000, right.es)
    passed = [shortfall_test(sample(draws, 1.0), *forecast, LEVEL, degrees=5.0, samples=1000) for _ in range(60)]
    assert np.mean([one.p2 < 0.05 for one in passed]) < 0.15
    assert np.mean([one.p1 < 0.05 for one in passed]) < 0.15
    assert np.mean([one.z2 for one in passed]) == pytest.approx(0.0, abs=0.12)
    wild = [shortfall_test(sample(draws, 1.5), *forecast, LEVEL, degrees=5.0, samples=1000) for _ in range(20)]
    assert all(one.p2 < 0.05 and one.z2 < 0 for one in wild)


def test_z1_sees_a_tail_that_is_too_thin_though_its_var_is_right():
    right, thin = student_t(0.0, 1.0, 3.0, LEVEL), normal(0.0, 1.0, LEVEL)
    losses = sample(np.random.default_rng(1), 1.0, days=4000, degrees=3.0)
    es = np.full(4000, right.var * thin.es / thin.var)
    found = shortfall_test(losses, np.full(4000, right.var), es, LEVEL, degrees=math.inf, samples=500)
    assert found.p1 < 0.01


def test_without_an_exceedance_z1_is_not_defined():
    found = shortfall_test(np.zeros(50), np.ones(50), np.ones(50) * 2, LEVEL, degrees=5.0, samples=100)
    assert math.isnan(found.z1)
    assert math.isnan(found.p1)
    assert (found.z2, found.p2) == (1.0, 1.0)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="ES above 0"):
        statistics(np.ones(2), np.ones(2), np.zeros(2), LEVEL)
    with pytest.raises(ValueError, match="degrees must be above 2"):
        critical(250, LEVEL, 0.05, degrees=2.0)
