"""The exact program: optimal by the conditions of KKT and against an independent solver; built once per shape."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, minimize

from operators.portfolio.optimizer import optimizer as module
from operators.portfolio.optimizer.inputs import inputs_of, volatility_of
from operators.portfolio.optimizer.kkt import explained, residuals
from operators.portfolio.optimizer.limits import broken
from operators.portfolio.optimizer.optimizer import MOST_PROGRAMS, PortfolioOptimizer
from operators.portfolio.optimizer.preferences import Preferences
from tests.operators.portfolio.optimizer.problems import a_problem

WORST = 1e-6
ALL = {"gross": 1.0, "net": 0.3, "turnover": 0.5, "cluster": 0.4}
AVERSE = Preferences(risk_aversion=5.0)


@pytest.fixture(scope="module")
def optimizer():
    return PortfolioOptimizer(AVERSE)


def sound(problem):
    inputs, wrong = inputs_of(problem, AVERSE)
    assert not wrong.all
    return inputs


def utility(weights, inputs):
    trade = np.abs(weights - inputs.current)
    cost = inputs.half_spread @ trade + inputs.impact @ trade**1.5
    return inputs.expected @ weights - 2.5 * weights @ inputs.covariance @ weights - cost


@pytest.mark.parametrize("limits", [
    {}, {"gross": 0.7}, {"net": 0.05}, {"turnover": 0.2}, {"cluster": 0.25}, {"volatility": 0.004}, {"short": 0.0},
    {"net": 0.4, "invested": 0.4}, {"invested": 0.3}, ALL, ALL | {"volatility": 0.006},
])  # fmt: skip
@pytest.mark.parametrize("impact", [0.0, 2e-3])
@pytest.mark.parametrize("count", [1, 2, 25])
def test_answers_are_optimal_by_the_conditions_of_kkt(optimizer, count, impact, limits):
    inputs = sound(a_problem(count, impact=impact, limits=limits, current=0.3 / count, caps=0.8))
    answer = optimizer.solve(inputs)
    found = residuals(inputs, answer)
    assert found.worst <= WORST, found
    assert not broken(answer.weights * (1 - 1e-7), inputs, protective=True)


def test_the_residuals_see_weights_that_are_not_the_best(optimizer):
    inputs = sound(a_problem(10, limits=ALL | {"turnover": 0.1}))
    answer = optimizer.solve(inputs)
    worse = answer._replace(weights=0.9 * answer.weights)
    assert residuals(inputs, worse).worst > 1e-3
    unpaid = answer._replace(duals={**answer.duals, "turnover": 0.0 * answer.duals["turnover"]})
    assert residuals(inputs, unpaid).worst > 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_no_other_solver_finds_better_weights(optimizer, seed):
    inputs = sound(a_problem(4, seed=seed, current=0.0, limits={"net": 0.2}, caps=0.3))
    best = optimizer.solve(inputs).weights
    # Signs are fixed by halves, so that costs from 0 are smooth: w = up − down.
    count = len(inputs.names)

    def loss(halves):
        return -utility_of_halves(halves, inputs) * 1e3

    found = minimize(
        loss, np.full(2 * count, 0.05), method="SLSQP", bounds=[(0.0, 0.3)] * (2 * count),
        constraints=[LinearConstraint(np.r_[np.ones(count), -np.ones(count)], -0.2, 0.2)],
        options={"ftol": 1e-13, "maxiter": 500},
    )  # fmt: skip
    other = found.x[:count] - found.x[count:]
    assert utility(best, inputs) >= utility(np.clip(other, -0.3, 0.3), inputs) - 1e-9
    np.testing.assert_allclose(best, other, atol=2e-3)


def utility_of_halves(halves, inputs):
    count = len(inputs.names)
    up, down = halves[:count], halves[count:]
    weights, trade = up - down, up + down
    cost = inputs.half_spread @ trade + inputs.impact @ np.maximum(trade, 0.0) ** 1.5
    return inputs.expected @ weights - 2.5 * weights @ inputs.covariance @ weights - cost


def test_without_limits_and_costs_it_is_the_inverse_covariance_times_the_returns(optimizer):
    inputs = sound(a_problem(6, half_spread=0.0, impact=0.0, caps=1e3))
    wanted = np.linalg.solve(5.0 * inputs.covariance, inputs.expected)
    np.testing.assert_allclose(optimizer.solve(inputs).weights, wanted, atol=1e-7)


def test_risk_is_cut_to_the_limit_on_volatility(optimizer):
    free = sound(a_problem(6, half_spread=0.0, impact=0.0, caps=1e3))
    inputs = free._replace(volatility=0.5 * volatility_of(optimizer.solve(free).weights, free))
    weights = optimizer.solve(inputs).weights
    assert volatility_of(weights, inputs) == pytest.approx(inputs.volatility, rel=2e-7)
    np.testing.assert_allclose(weights, 0.5 * optimizer.solve(free).weights, atol=1e-6)


@pytest.mark.parametrize(("name", "field"), [
    ("gross", "gross"), ("net", "net"), ("turnover", "turnover"), ("volatility", "volatility"),
])  # fmt: skip
def test_a_dual_is_what_one_unit_more_is_worth(optimizer, name, field):
    values = {"gross": 0.5, "net": 0.05, "turnover": 0.2, "volatility": 0.004}
    inputs = sound(a_problem(8, seed=2, limits={name: values[name]}, current=0.0 if name != "turnover" else 0.1))
    step = values[name] * 1e-3
    more, less = (
        utility(optimizer.solve(inputs._replace(**{field: values[name] + change})).weights, inputs)
        for change in (step, -step)
    )
    told = explained(inputs, optimizer.solve(inputs))[name]
    assert told > 0
    assert told == pytest.approx((more - less) / (2 * step), rel=1e-3)


@pytest.mark.parametrize(("limits", "name"), [({"invested": 0.5}, "invested"), ({"invested": 0.5, "net": 0.5}, "net")])
def test_a_limit_that_asks_for_more_than_is_good_has_a_dual_below_0(optimizer, limits, name):
    inputs, step = sound(a_problem(8, seed=2, limits=limits, current=0.0)), 5e-4
    more, less = (
        utility(optimizer.solve(inputs._replace(**dict.fromkeys(limits, 0.5 + change))).weights, inputs)
        for change in (step, -step)
    )
    told = explained(inputs, optimizer.solve(inputs))[name]
    assert told < 0
    assert told == pytest.approx((more - less) / (2 * step), rel=1e-3)


def test_the_cap_that_binds_is_told_by_name(optimizer):
    inputs = sound(a_problem(3, expected=(0.05, 0.0, 0.0), half_spread=0.0, impact=0.0, caps=0.1))
    assert set(explained(inputs, optimizer.solve(inputs))) >= {"instrument:v|0"}


def test_a_shape_is_built_once_whatever_the_numbers(monkeypatch):
    built = []
    monkeypatch.setattr(module, "Program", lambda shape: built.append(shape) or program(shape))
    program = _program_class()
    optimizer = PortfolioOptimizer(AVERSE)
    for seed in range(5):
        assert optimizer.optimize_regime_aware(a_problem(6, seed=seed, limits=ALL)).rung in ("optimal", "relaxed")
    assert len([shape for shape in built if not shape.elastic]) == 1


def test_programs_that_are_kept_are_limited(monkeypatch):
    monkeypatch.setattr(module, "Program", lambda shape: shape)
    optimizer = PortfolioOptimizer()
    for count in range(1, 3 * MOST_PROGRAMS):
        inputs, _ = inputs_of(a_problem(count), AVERSE)
        optimizer._program(module.shape_of(inputs))
    assert len(optimizer._programs) == MOST_PROGRAMS


def _program_class():
    from operators.portfolio.optimizer.program import Program

    return Program
