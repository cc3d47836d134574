import numpy as np
import pytest
from scipy import stats

from operators.risk.monte_carlo import MOST_DRAWS, copula_paths, normal_paths, seed_of, student_paths
from operators.risk.parametric import normal, student_t
from operators.risk.tail import tail

DRAWS = np.random.default_rng(5)
MIX = DRAWS.normal(size=(6, 6))
COVARIANCE = MIX @ MIX.T * 1e-4
HOLDINGS = np.array([100.0, -50.0, 30.0, 0.0, 20.0, -10.0])
DEVIATION = float(np.sqrt(HOLDINGS @ COVARIANCE @ HOLDINGS))


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_normal_paths_have_the_tail_of_the_closed_form(level):
    found = tail(-(normal_paths(COVARIANCE, 200_000, 1) @ HOLDINGS), level)
    assert found == pytest.approx(normal(0.0, DEVIATION, level), rel=0.015)


@pytest.mark.parametrize("degrees", [3.0, 6.0])
def test_student_paths_have_the_tail_of_the_closed_form(degrees):
    found = tail(-(student_paths(COVARIANCE, degrees, 300_000, 1) @ HOLDINGS), 0.99)
    assert found == pytest.approx(student_t(0.0, DEVIATION, degrees, 0.99), rel=0.03)


def test_paths_have_the_covariance_they_were_asked_for():
    for paths in (normal_paths(COVARIANCE, 200_000, 3), student_paths(COVARIANCE, 8.0, 200_000, 3)):
        assert np.cov(paths.T) == pytest.approx(COVARIANCE, abs=0.03 * COVARIANCE.max())


def test_student_paths_are_extreme_together_and_normal_ones_are_not():
    independent = np.eye(2)
    for paths, together in (
        (normal_paths(independent, 200_000, 1), 1.0),
        (student_paths(independent, 3.0, 200_000, 1), 3),
    ):
        deep = paths < np.quantile(paths, 0.01, axis=0)
        assert (deep.all(axis=1).mean() / 0.01**2 > 2.0) == (together > 2)


def test_copula_paths_keep_each_margin_and_the_dependence():
    returns = np.column_stack([DRAWS.exponential(0.01, 4000) - 0.01, DRAWS.standard_t(4, 4000) * 0.01])
    correlation = np.array([[1.0, 0.6], [0.6, 1.0]])
    paths = copula_paths(returns, correlation, 5.0, 100_000, 9)
    for column in range(2):
        wanted = np.quantile(returns[:, column], [0.02, 0.5, 0.98])
        assert np.quantile(paths[:, column], [0.02, 0.5, 0.98]) == pytest.approx(wanted, rel=0.06, abs=2e-4)
    assert stats.kendalltau(*paths[:20_000].T)[0] == pytest.approx(2 / np.pi * np.arcsin(0.6), abs=0.02)


def test_copula_paths_go_beyond_the_worst_return_that_is_known():
    returns = DRAWS.normal(size=(200, 1)) * 0.01
    paths = copula_paths(returns, np.eye(1), 4.0, 50_000, 1)
    assert paths.min() < 1.2 * returns.min()
    assert np.mean(paths < returns.min()) < 0.01


def test_the_same_numbers_draw_the_same_paths_and_others_do_not():
    assert seed_of(COVARIANCE, HOLDINGS) == seed_of(COVARIANCE.copy(), HOLDINGS.copy())
    assert seed_of(COVARIANCE) != seed_of(np.nextafter(COVARIANCE, 1.0))
    assert np.array_equal(normal_paths(COVARIANCE, 100, 7), normal_paths(COVARIANCE, 100, 7))
    assert not np.array_equal(normal_paths(COVARIANCE, 100, 7), normal_paths(COVARIANCE, 100, 8))


def test_a_singular_covariance_is_drawn_from():
    paths = normal_paths(np.ones((3, 3)), 1000, 1)
    assert paths == pytest.approx(np.repeat(paths[:, :1], 3, axis=1), abs=1e-6)
    assert (normal_paths(np.zeros((2, 2)), 10, 1) == 0).all()


def test_more_draws_than_the_limit_and_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="paths × instruments"):
        normal_paths(np.eye(100), MOST_DRAWS // 100 + 1, 1)
    with pytest.raises(ValueError, match="degrees of freedom"):
        student_paths(np.eye(2), 2.0, 10, 1)
    with pytest.raises(ValueError, match="ones on its diagonal"):
        copula_paths(np.zeros((5, 2)), 2 * np.eye(2), 5.0, 10, 1)
    with pytest.raises(ValueError, match="at least two returns"):
        copula_paths(np.zeros((1, 2)), np.eye(2), 5.0, 10, 1)
