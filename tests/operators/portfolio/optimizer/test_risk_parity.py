import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.portfolio.optimizer import risk_parity as module
from operators.portfolio.optimizer.errors import RiskParityError
from operators.portfolio.optimizer.risk_parity import compute_risk_contribution, newton, risk_parity
from tests.operators.portfolio.optimizer.problems import covariance_of

ERROR = 1e-8


def shares(weights, covariance):
    found = compute_risk_contribution(weights, covariance)
    return found / found.sum()


def test_two_assets_are_weighed_by_inverse_volatility_whatever_their_correlation():
    for correlation in (-0.95, -0.3, 0.0, 0.5, 0.999):
        covariance = np.array([[0.04, correlation * 0.02], [correlation * 0.02, 0.01]])
        np.testing.assert_allclose(risk_parity(covariance), [1 / 3, 2 / 3], atol=ERROR)


def test_a_diagonal_covariance_gives_weights_of_root_budget_over_volatility():
    deviations, budgets = np.array([0.1, 0.2, 0.4, 0.05]), np.array([0.1, 0.2, 0.3, 0.4])
    wanted = np.sqrt(budgets) / deviations
    np.testing.assert_allclose(risk_parity(np.diag(deviations**2), budgets), wanted / wanted.sum(), atol=ERROR)


def test_a_constant_correlation_gives_inverse_volatility():
    deviations = np.linspace(0.05, 0.6, 12)
    for correlation in (-0.08, 0.0, 0.7):
        matrix = np.full((12, 12), correlation)
        np.fill_diagonal(matrix, 1.0)
        wanted = 1.0 / deviations
        found = risk_parity(matrix * np.outer(deviations, deviations))
        np.testing.assert_allclose(found, wanted / wanted.sum(), atol=ERROR)


def test_two_assets_with_budgets_solve_their_quadratic():
    # With x = w2 s2 / (w1 s1): (x² + ρ x) / (1 + ρ x) = b2 / b1.
    correlation, ratio = 0.4, 3.0
    half = correlation * (1.0 - ratio) / 2.0
    x = -half + math.sqrt(half * half + ratio)
    covariance = np.array([[0.04, correlation * 0.02], [correlation * 0.02, 0.01]])
    wanted = np.array([1.0 / 0.2, x / 0.1])
    np.testing.assert_allclose(risk_parity(covariance, [1.0, ratio]), wanted / wanted.sum(), atol=ERROR)


@pytest.mark.parametrize("count", [1, 2, 30, 100])
def test_risk_is_shared_out_as_budgeted(count):
    covariance = covariance_of(count, seed=count)
    budgets = np.random.default_rng(count).uniform(0.01, 1.0, count)
    weights = risk_parity(covariance, budgets)
    assert np.max(np.abs(shares(weights, covariance) - budgets / budgets.sum())) < ERROR
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.floats(1e-6, 1e3))
def test_any_covariance_is_shared_out_and_its_scale_does_not_matter(seed, count, scale):
    loads = np.random.default_rng(seed).normal(size=(count, count))
    covariance = loads @ loads.T + 1e-3 * np.eye(count)
    weights = risk_parity(covariance * scale)
    assert np.max(np.abs(shares(weights, covariance) - 1.0 / count)) < ERROR
    np.testing.assert_allclose(weights, risk_parity(covariance), atol=1e-9)


def test_newton_and_coordinate_descent_agree():
    covariance = covariance_of(15, seed=4)
    deviations = np.sqrt(np.diag(covariance))
    correlation, budgets = covariance / np.outer(deviations, deviations), np.full(15, 1 / 15)
    exposure = newton(correlation, budgets, np.sqrt(budgets)) / deviations
    np.testing.assert_allclose(exposure / exposure.sum(), risk_parity(covariance), atol=1e-9)


def test_newton_goes_on_where_descent_has_not_come_near(monkeypatch):
    covariance = covariance_of(10, seed=6)
    wanted = risk_parity(covariance)
    monkeypatch.setattr(module, "SWEEPS", 1)
    np.testing.assert_allclose(risk_parity(covariance), wanted, atol=1e-9)


def test_an_instrument_without_budget_has_no_weight():
    covariance = covariance_of(4)
    weights = risk_parity(covariance, [1.0, 0.0, 1.0, 2.0])
    assert weights[1] == 0.0
    rest = [0, 2, 3]
    np.testing.assert_allclose(shares(weights[rest], covariance[np.ix_(rest, rest)]), [0.25, 0.25, 0.5], atol=ERROR)


@pytest.mark.parametrize(
    ("covariance", "budgets"),
    [
        ([[math.nan]], None), ([[0.0]], None), ([[-1.0]], None), ([[1.0, 0.0]], None), (np.zeros((0, 0)), None),
        ([[1.0]], [0.0]), ([[1.0]], [-1.0]), ([[1.0]], [math.inf]), ([[1.0]], [1.0, 1.0]),
        ([[1.0, -1.0], [-1.0, 1.0]], None),  # a hedge without risk has no share of it
    ],
)  # fmt: skip
def test_what_cannot_be_shared_out_is_an_error(covariance, budgets):
    with pytest.raises(RiskParityError):
        risk_parity(covariance, budgets)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9))
def test_contributions_sum_to_the_volatility(seed, count):
    covariance = covariance_of(count, seed)
    weights = np.random.default_rng(seed).normal(size=count)
    volatility = math.sqrt(weights @ covariance @ weights)
    assert compute_risk_contribution(weights, covariance).sum() == pytest.approx(volatility, rel=1e-12)


def test_a_contribution_is_the_weight_times_the_slope_of_volatility():
    covariance, weights, step = covariance_of(5), np.array([0.3, -0.2, 0.1, 0.5, 0.0]), 1e-6

    def volatility(held):
        return math.sqrt(held @ covariance @ held)

    slopes = [(volatility(weights + step * one) - volatility(weights - step * one)) / (2 * step) for one in np.eye(5)]
    np.testing.assert_allclose(compute_risk_contribution(weights, covariance), weights * slopes, atol=1e-9)


def test_no_position_contributes_nothing():
    assert compute_risk_contribution([0.0, 0.0], np.eye(2)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("weights", "covariance"), [([1.0], np.eye(2)), ([math.nan], [[1.0]]), ([[1.0]], [[1.0]])])
def test_contributions_of_what_does_not_fit_are_an_error(weights, covariance):
    with pytest.raises(RiskParityError):
        compute_risk_contribution(weights, covariance)
