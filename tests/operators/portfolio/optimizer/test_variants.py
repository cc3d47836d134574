import math

import numpy as np
import pytest

from operators.portfolio.optimizer.errors import InfeasibleError
from operators.portfolio.optimizer.variants import Bounds, MaximumDiversification, MinimumCvar, cvar, long_only
from tests.operators.portfolio.optimizer.problems import covariance_of


def test_two_assets_are_most_diversified_by_inverse_volatility():
    covariance = np.array([[0.04, 0.004], [0.004, 0.01]])
    found = MaximumDiversification(2).solve(covariance, long_only(2))
    np.testing.assert_allclose(found.weights, [1 / 3, 2 / 3], atol=1e-7)
    assert found.value == pytest.approx(math.sqrt(2 / 1.2), rel=1e-7)


def test_no_weights_are_more_diversified():
    covariance = covariance_of(6)
    found = MaximumDiversification(6).solve(covariance, long_only(6, most=0.3))
    deviations = np.sqrt(np.diag(covariance))
    tried = np.random.default_rng(0).dirichlet(np.ones(6), 20_000)
    tried = tried[(tried <= 0.3).all(axis=1)]
    ratios = tried @ deviations / np.sqrt(np.einsum("ij,jk,ik->i", tried, covariance, tried))
    assert found.value >= ratios.max() - 1e-9
    assert found.weights.max() <= 0.3 + 1e-8


def test_the_least_cvar_of_two_assets_is_that_of_a_fine_grid():
    returns = np.random.default_rng(1).normal(0.0, [0.01, 0.02], size=(200, 2))
    found = MinimumCvar(200, 2).solve(returns, long_only(2), level=0.9)
    grid = np.linspace(0, 1, 4001)
    losses = [cvar(returns @ np.array([share, 1 - share]), 0.9) for share in grid]
    assert found.value == pytest.approx(min(losses), abs=1e-7)
    assert found.value <= min(losses) + 1e-10
    assert found.weights[0] == pytest.approx(grid[int(np.argmin(losses))], abs=2e-3)


def test_costs_keep_the_least_cvar_nearer_to_what_is_held():
    returns, current = (
        np.random.default_rng(1).normal(0.0, [0.01, 0.02, 0.01], size=(150, 3)),
        np.array([0.1, 0.8, 0.1]),
    )
    program, bounds = MinimumCvar(150, 3, trades=True), Bounds(np.zeros(3), np.ones(3), current)
    free, dear = (program.solve(returns, bounds, half_spread=cost) for cost in (0.0, 1.0))
    np.testing.assert_allclose(dear.weights, current, atol=1e-7)
    assert free.value < dear.value
    kept = program.solve(returns, bounds._replace(turnover=0.2))
    assert np.abs(kept.weights - current).sum() <= 0.2 + 1e-8


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_cvar_is_the_mean_of_the_tail_with_a_part_of_the_loss_at_its_border(level):
    returns = np.random.default_rng(2).normal(size=501)
    losses = np.sort(-returns)[::-1]
    fine = np.repeat(losses, 1000)[: round((1 - level) * 501_000)]
    assert cvar(returns, level) == pytest.approx(fine.mean(), abs=1e-9)


def test_bounds_that_leave_nothing_are_infeasible():
    with pytest.raises(InfeasibleError):
        MinimumCvar(10, 2).solve(np.ones((10, 2)), long_only(2, most=0.4))
    with pytest.raises(InfeasibleError):
        MaximumDiversification(2).solve(np.eye(2), long_only(2, most=0.4))


@pytest.mark.parametrize("changes", [
    {"returns": np.full((5, 2), math.nan)}, {"returns": np.ones((4, 2))}, {"level": 1.0}, {"level": math.nan},
    {"half_spread": 0.1}, {"bounds": Bounds(np.zeros(3), np.ones(2), np.zeros(2))},
])  # fmt: skip
def test_input_that_cannot_be_right_is_an_error(changes):
    known = {"returns": np.zeros((5, 2)), "bounds": long_only(2)} | changes
    with pytest.raises(ValueError, match=r"finite|expected|between|trades=True"):
        MinimumCvar(5, 2).solve(**known)
