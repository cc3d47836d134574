"""The same portfolios as skfolio's, an independent library, on real daily prices; to 1e-5 of a weight."""

import numpy as np
import pytest

from operators.portfolio.optimizer.inputs import inputs_of
from operators.portfolio.optimizer.optimizer import PortfolioOptimizer
from operators.portfolio.optimizer.preferences import Preferences
from operators.portfolio.optimizer.risk_parity import risk_parity
from operators.portfolio.optimizer.variants import Bounds, MaximumDiversification, MinimumCvar, cvar, long_only
from tests.operators.portfolio.optimizer.daily_returns import daily_returns
from tests.operators.portfolio.optimizer.problems import a_problem, packed

pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")  # of the 1e-12 asked of theirs

SAME = 1e-5
AVERSION = 4.0
TIGHT = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12}


@pytest.fixture(scope="module")
def skfolio():
    pytest.importorskip("skfolio", reason="skfolio is not installed")
    import skfolio.optimization

    return skfolio


@pytest.fixture(scope="module")
def real():
    return daily_returns()[1]


def held(count):
    shares = np.random.default_rng(3).dirichlet(np.ones(count))
    return 0.9 * shares + 0.1 / count


def ours(returns, *, aversion=AVERSION, minimum=False, limits=None, **changes):
    """Exact weights of the program, without lots: `invested` and `net` of 1 make it fully invested."""
    count = returns.shape[1]
    expected = 0.0 if minimum else returns.mean(axis=0)
    basic = {
        "expected": expected, "covariance": packed(np.cov(returns.T)), "current": 0.0, "caps": 1.0,
        "half_spread": 0.0, "impact": 0.0, "limits": limits or {"net": 1.0, "invested": 1.0, "short": 0.0},
    }  # fmt: skip
    optimizer = PortfolioOptimizer(Preferences(risk_aversion=aversion))
    inputs, wrong = inputs_of(a_problem(count, **(basic | changes)), optimizer.preferences)
    assert not wrong.all
    return optimizer.solve(inputs).weights


def theirs(skfolio, returns, wish, **more):
    import pandas as pd

    model = skfolio.optimization.MeanRisk(
        objective_function=wish, risk_aversion=AVERSION / 2, solver_params=TIGHT, **more
    )
    model.fit(pd.DataFrame(returns, columns=[f"v|{i}" for i in range(returns.shape[1])]))
    return np.asarray(model.weights_)


def same(one, other):
    assert np.max(np.abs(one - other)) < SAME


def test_minimum_variance(skfolio, real):
    wish = skfolio.optimization.ObjectiveFunction.MINIMIZE_RISK
    same(ours(real, minimum=True), theirs(skfolio, real, wish))


def test_minimum_variance_within_bounds(skfolio, real):
    wish = skfolio.optimization.ObjectiveFunction.MINIMIZE_RISK
    same(ours(real, minimum=True, caps=0.12), theirs(skfolio, real, wish, max_weights=0.12))


def test_utility(skfolio, real):
    wish = skfolio.optimization.ObjectiveFunction.MAXIMIZE_UTILITY
    same(ours(real), theirs(skfolio, real, wish))


def test_utility_with_costs(skfolio, real):
    wish, current = skfolio.optimization.ObjectiveFunction.MAXIMIZE_UTILITY, held(real.shape[1])
    mine = ours(real, current=current, half_spread=2e-4)
    same(mine, theirs(skfolio, real, wish, transaction_costs=2e-4, previous_weights=current))
    assert np.sum(np.abs(mine - current) < 1e-7) >= 2  # costs keep some where they are


def test_utility_with_costs_and_turnover(skfolio, real):
    import cvxpy as cp

    wish, current = skfolio.optimization.ObjectiveFunction.MAXIMIZE_UTILITY, held(real.shape[1])
    limits = {"net": 1.0, "invested": 1.0, "short": 0.0, "turnover": 0.3}
    mine = ours(real, current=current, half_spread=1e-4, limits=limits)
    other = theirs(
        skfolio, real, wish, transaction_costs=1e-4, previous_weights=current,
        add_constraints=lambda weights: cp.norm1(weights - current) <= 0.3,
    )  # fmt: skip
    same(mine, other)
    assert np.abs(mine - current).sum() == pytest.approx(0.3, abs=1e-6)


def test_utility_long_and_short_within_gross_and_net(skfolio, real):
    import cvxpy as cp

    wish = skfolio.optimization.ObjectiveFunction.MAXIMIZE_UTILITY
    mine = ours(real, aversion=AVERSION, caps=0.3, limits={"gross": 1.0, "net": 0.2})
    other = theirs(
        skfolio, real, wish, min_weights=-0.3, max_weights=0.3, budget=None, min_budget=-0.2, max_budget=0.2,
        add_constraints=lambda weights: cp.norm1(weights) <= 1.0,
    )  # fmt: skip
    same(mine, other)


def test_maximum_diversification(skfolio, real):
    import pandas as pd

    count = real.shape[1]
    for most in (1.0, 0.1):
        model = skfolio.optimization.MaximumDiversification(max_weights=most, solver_params=TIGHT)
        model.fit(pd.DataFrame(real))
        mine = MaximumDiversification(count).solve(np.cov(real.T), long_only(count, most=most))
        same(mine.weights, np.asarray(model.weights_))


def test_minimum_cvar(skfolio, real):
    some = real[-1000:]
    wish = skfolio.optimization.ObjectiveFunction.MINIMIZE_RISK
    for most in (1.0, 0.15):
        other = theirs(skfolio, some, wish, risk_measure=skfolio.RiskMeasure.CVAR, cvar_beta=0.95, max_weights=most)
        mine = MinimumCvar(*some.shape).solve(some, long_only(some.shape[1], most=most))
        same(mine.weights, other)
        assert mine.value <= cvar(some @ other, 0.95) + 1e-9


def test_minimum_cvar_within_turnover(skfolio, real):
    import cvxpy as cp

    some, current = real[-500:], held(real.shape[1])
    wish = skfolio.optimization.ObjectiveFunction.MINIMIZE_RISK
    other = theirs(
        skfolio, some, wish, risk_measure=skfolio.RiskMeasure.CVAR, cvar_beta=0.95,
        add_constraints=lambda weights: cp.norm1(weights - current) <= 0.4,
    )  # fmt: skip
    bounds = Bounds(np.zeros(current.size), np.ones(current.size), current, 0.4)
    same(MinimumCvar(*some.shape, trades=True).solve(some, bounds).weights, other)


def test_risk_budgets(skfolio, real):
    import pandas as pd

    count = real.shape[1]
    for budgets in (np.ones(count), np.random.default_rng(5).uniform(0.2, 2.0, count)):
        model = skfolio.optimization.RiskBudgeting(
            risk_measure=skfolio.RiskMeasure.VARIANCE, risk_budget=budgets / budgets.sum(), solver_params=TIGHT
        )
        model.fit(pd.DataFrame(real))
        same(risk_parity(np.cov(real.T), budgets), np.asarray(model.weights_))
