import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from operators.risk.cornish_fisher import cornish_fisher, is_valid, shape
from operators.risk.parametric import normal, student_t
from operators.risk.student_fit import GRID, degrees_of_freedom
from operators.risk.tail import NOT_READY

LEVELS = st.sampled_from([0.9, 0.95, 0.975, 0.99, 0.999])


def es_by_integration(quantile, level):
    """−1/p ∫₀ᵖ quantile(u) du."""
    p = 1.0 - level
    return -integrate.quad(quantile, 0.0, p, epsabs=1e-12, limit=400)[0] / p


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(0.01, 100), LEVELS)
def test_normal_is_what_scipy_integrates(mean, deviation, level):
    found = normal(mean, deviation, level)
    profit = stats.norm(mean, deviation)
    assert found.var == pytest.approx(-profit.ppf(1 - level), rel=1e-9, abs=1e-9)
    beyond = integrate.quad(lambda x: x * profit.pdf(x), -np.inf, profit.ppf(1 - level))[0]
    assert found.es == pytest.approx(-beyond / (1 - level), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("degrees", [2.5, 4.0, 7.3, 30.0])
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_student_t_is_what_scipy_integrates(degrees, level):
    found = student_t(0.1, 2.0, degrees, level)
    profit = stats.t(degrees, 0.1, 2.0 * math.sqrt((degrees - 2) / degrees))
    assert profit.std() == pytest.approx(2.0)
    assert found.var == pytest.approx(-profit.ppf(1 - level), rel=1e-9)
    beyond = integrate.quad(lambda x: x * profit.pdf(x), -np.inf, profit.ppf(1 - level), limit=500)[0]
    assert found.es == pytest.approx(-beyond / (1 - level), rel=1e-5)


def test_student_t_with_many_degrees_is_normal():
    assert student_t(0.0, 1.0, 1e7, 0.99) == pytest.approx(normal(0.0, 1.0, 0.99), rel=1e-5)


@pytest.mark.parametrize(
    ("mean", "deviation", "degrees"), [(math.nan, 1.0, 5.0), (0.0, -1.0, 5.0), (0.0, math.inf, 5.0), (0.0, 1.0, 2.0)]
)
def test_a_tail_needs_moments_that_are(mean, deviation, degrees):
    with pytest.raises(ValueError, match="must be finite"):
        student_t(mean, deviation, degrees, 0.99)


def bent(z, skewness, excess):
    return z + (z**2 - 1) * skewness / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skewness**2 / 36


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(-1, 9))
def test_the_domain_of_cornish_fisher_is_where_its_quantiles_rise(skewness, excess):
    z = np.linspace(-60, 60, 200_001)
    rises = np.diff(bent(z, skewness, excess)).min()
    if is_valid(skewness, excess):
        assert rises >= -1e-9
    elif is_valid(skewness * 0.98, 0.98 * excess + 0.02 * 2.0) is False:  # not within rounding of the border
        assert rises < 1e-6
        assert cornish_fisher(0.0, 1.0, skewness, excess, 0.99) is NOT_READY


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.8, 0.8), st.floats(0.5, 6), LEVELS)
def test_cornish_fisher_es_is_the_integral_of_its_quantiles(skewness, excess, level):
    if not is_valid(skewness, excess):
        return
    found = cornish_fisher(0.2, 3.0, skewness, excess, level)

    def quantile(u):
        return 0.2 + 3.0 * bent(stats.norm.ppf(u), skewness, excess)

    assert found.var == pytest.approx(-quantile(1 - level), rel=1e-9)
    assert found.es == pytest.approx(es_by_integration(quantile, level), rel=1e-5)
    assert found.es >= found.var


def test_a_higher_level_never_has_a_smaller_var_within_the_domain():
    for skewness, excess in [(-0.7, 1.5), (0.5, 3.0), (0.0, 7.9)]:
        vars_ = [cornish_fisher(0.0, 1.0, skewness, excess, level).var for level in np.linspace(0.51, 0.9999, 300)]
        assert (np.diff(vars_) > 0).all()


def test_without_skewness_and_excess_it_is_normal():
    assert cornish_fisher(1.0, 2.0, 0.0, 0.0, 0.99) == pytest.approx(normal(1.0, 2.0, 0.99))


def test_moments_that_are_none_are_not_valid():
    assert not is_valid(math.nan, 1.0)
    assert not is_valid(0.0, math.inf)


def test_shape_is_that_of_scipy():
    sample = np.random.default_rng(1).gamma(2.0, size=500)
    assert shape(sample) == pytest.approx((stats.skew(sample), stats.kurtosis(sample)))
    assert np.isnan(shape(np.ones(9))).all()


@pytest.mark.parametrize("degrees", [3.0, 5.0, 10.0])
def test_degrees_of_freedom_come_back(degrees):
    sample = np.random.default_rng(7).standard_t(degrees, 20_000)
    assert degrees_of_freedom(sample) == pytest.approx(degrees, rel=0.2)
    assert degrees_of_freedom(sample[:2000] * 1e-4) == pytest.approx(stats.t.fit(sample[:2000])[0], rel=0.45)


def test_normal_samples_end_at_many_degrees_and_too_few_have_none():
    assert degrees_of_freedom(np.random.default_rng(1).normal(size=5000)) > 30
    assert degrees_of_freedom(np.random.default_rng(1).uniform(size=500)) == GRID[-1]
    assert np.isnan(degrees_of_freedom(np.arange(49.0)))
    assert np.isnan(degrees_of_freedom(np.ones(100)))
