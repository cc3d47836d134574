import numpy as np
import pytest
from scipy import special, stats

from operators.regimes.bank import student

FREEDOMS = [2.6, 3.5, 6.0, 20.0, 62.0]
UNITS = np.linspace(-30, 30, 121)


def unit_variance(freedom):
    return stats.t(freedom, scale=np.sqrt((freedom - 2) / freedom))


@pytest.mark.parametrize("x", [0.05, 0.3, 1.0, 1.5, 7.999, 8.0, 31.5, 1000.0])
def test_log_gamma_and_digamma_are_those_of_scipy(x):
    assert student.log_gamma(x) == pytest.approx(special.gammaln(x), rel=1e-11, abs=1e-11)
    assert student.digamma(x) == pytest.approx(special.digamma(x), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_log_density_is_that_of_a_student_of_unit_variance(freedom):
    found = [student.log_density(u, freedom, student.constant(freedom)) for u in UNITS]
    assert found == pytest.approx(unit_variance(freedom).logpdf(UNITS), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("freedom", FREEDOMS)
@pytest.mark.parametrize("u", [-12.0, -0.7, 0.0, 2.0])
def test_slopes_are_those_of_the_density(freedom, u):
    step = 1e-5
    higher, lower = (unit_variance(freedom + s).logpdf(u) for s in (step, -step))
    slope = student.freedom_slope(u, freedom, student.constant_slope(freedom))
    assert slope == pytest.approx((higher - lower) / (2 * step), rel=1e-6, abs=1e-8)
    right, left = (unit_variance(freedom).logpdf(u + s) for s in (step, -step))
    assert student.pull(u, freedom) == pytest.approx(-(right - left) / (2 * step), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("freedom", [3.0, 3.5, 6.0, 20.0, 62.0])
def test_share_below_is_within_its_bound_and_symmetric(freedom):
    found = np.array([student.share_below(u, freedom) for u in UNITS])
    assert abs(found - unit_variance(freedom).cdf(UNITS)).max() < 0.002
    assert found + found[::-1] == pytest.approx(1)
    assert (np.diff(found) >= 0).all()
