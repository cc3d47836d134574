"""The ladder: what is infeasible is explained, what fails falls to the next rung, nothing raises, no limit breaks."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.messages import Problem, Solution, decode, encode
from operators.portfolio.optimizer import optimizer as module
from operators.portfolio.optimizer.errors import SolveError
from operators.portfolio.optimizer.inputs import inputs_of
from operators.portfolio.optimizer.limits import broken
from operators.portfolio.optimizer.optimizer import PortfolioOptimizer
from operators.portfolio.optimizer.preferences import Preferences
from operators.portfolio.optimizer.risk_parity import compute_risk_contribution
from tests.operators.portfolio.optimizer.problems import a_problem, packed

PLAIN = Preferences()
TIGHT = {"gross": 0.5, "net": 0.2, "volatility": 0.01, "cluster": 0.3}


@pytest.fixture(scope="module")
def optimizer():
    return PortfolioOptimizer(PLAIN)


def kept(problem: Problem, solution: Solution) -> bool:
    """Whether every limit that protects is kept, and what is not finite counted as 0."""
    weights = np.array(solution.weights)
    with np.errstate(all="ignore"):  # some are given numbers that overflow
        inputs, _ = inputs_of(problem, PLAIN)
        return len(weights) == len(inputs.names) and not broken(weights, inputs, protective=True)


def test_the_best_weights_are_optimal_and_survive_the_journal(optimizer):
    problem = a_problem(6, limits=TIGHT, current=0.0)
    solution = optimizer.optimize_regime_aware(problem)
    assert (solution.rung, solution.reason, solution.slack) == ("optimal", "", {})
    assert (solution.request, solution.account, solution.names) == (problem.request, problem.account, problem.names)
    assert "CLARABEL" in solution.solver
    assert kept(problem, solution)
    assert decode(encode(solution)) == solution


def test_the_same_problem_has_the_same_answer_to_the_last_bit(optimizer):
    problem = a_problem(6, limits=TIGHT)
    first = optimizer.optimize_regime_aware(problem)
    optimizer.optimize_regime_aware(a_problem(6, seed=9, limits=TIGHT))
    assert optimizer.optimize_regime_aware(problem) == first == PortfolioOptimizer(PLAIN).optimize_regime_aware(problem)


def test_turnover_gives_way_to_a_cap_by_just_as_much_as_it_must(optimizer):
    # Held 0.4 in one, capped at 0.1: 0.3 must be sold, 0.05 are allowed.
    problem = a_problem(3, current=(0.4, 0.0, 0.0), caps=0.1, limits={"turnover": 0.05}, expected=0.0)
    solution = optimizer.optimize_regime_aware(problem)
    assert solution.rung == "relaxed"
    assert solution.slack == {"turnover": pytest.approx(0.25, abs=1e-5)}
    assert "turnover by 0.25 against instrument:v|0" in solution.reason
    assert solution.weights[0] <= 0.1


def test_invested_gives_way_before_turnover(optimizer):
    # Fully invested would cost turnover 1; both cannot be had, and of the two `invested` is the cheaper.
    problem = a_problem(4, current=0.0, caps=0.5, limits={"turnover": 0.3, "invested": 1.0})
    solution = optimizer.optimize_regime_aware(problem)
    assert solution.rung == "relaxed"
    assert solution.slack == {"invested": pytest.approx(0.7, abs=1e-5)}


def test_limits_that_protect_never_give_way(optimizer):
    limits = {"gross": 0.3, "net": 0.1, "cluster": 0.1, "volatility": 0.002, "invested": 0.9, "turnover": 0.01}
    problem = a_problem(6, limits=limits)
    solution = optimizer.optimize_regime_aware(problem)
    assert solution.rung == "relaxed"
    assert set(solution.slack) <= {"invested", "turnover"}
    assert kept(problem, solution)


def test_a_volatility_that_invested_cannot_keep_is_told(optimizer):
    problem = a_problem(4, current=0.0, caps=1.0, limits={"volatility": 0.003, "invested": 1.0, "short": 0.0})
    solution = optimizer.optimize_regime_aware(problem)
    assert solution.rung == "relaxed"
    assert "invested" in solution.slack
    assert "against volatility" in solution.reason
    # The most that can be invested at that volatility is 1 / the volatility of the least risky portfolio, scaled.
    inputs, _ = inputs_of(problem, PLAIN)
    inverse = np.linalg.solve(inputs.covariance, np.ones(4))
    if (inverse > 0).all():
        most = 0.003 * math.sqrt(inverse.sum())
        assert sum(solution.weights) == pytest.approx(most, rel=1e-4)


@pytest.mark.parametrize("field", ["expected", "confidence", "half_spread", "impact"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_returns_that_are_no_use_leave_risk_parity_on_the_sides_held(optimizer, field, value):
    problem = a_problem(5, limits=TIGHT, current=(0.1, -0.1, 0.1, 0.0, 0.05), **{field: (0.1, value, 0.1, 0.1, 0.1)})
    solution = optimizer.optimize_regime_aware(problem)
    assert solution.rung == "risk_parity"
    assert field in solution.reason
    assert np.sign(solution.weights).tolist() == [1.0, -1.0, 1.0, 0.0, 1.0]
    assert kept(problem, solution)


def test_risk_parity_shares_risk_alike_and_uses_half_of_the_limits(optimizer):
    problem = a_problem(5, limits={"gross": 0.8}, current=0.05, expected=math.nan, caps=1.0)
    solution = optimizer.optimize_regime_aware(problem)
    weights = np.array(solution.weights)
    inputs, _ = inputs_of(problem, PLAIN)
    found = compute_risk_contribution(weights, inputs.covariance)
    np.testing.assert_allclose(found, found.mean(), rtol=1e-7)
    assert weights.sum() == pytest.approx(0.4)


def test_risk_parity_goes_as_far_as_turnover_lets_it(optimizer):
    problem = a_problem(5, limits={"turnover": 0.1}, current=0.05, expected=math.nan, caps=0.5)
    solution = optimizer.optimize_regime_aware(problem)
    assert solution.rung == "risk_parity"
    assert sum(abs(weight - 0.05) for weight in solution.weights) == pytest.approx(0.1, abs=1e-6)


def test_a_covariance_that_is_not_positive_semi_definite_counts_by_its_variances(optimizer):
    matrix = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]) * 1e-4
    problem = a_problem(3, covariance=packed(matrix), current=0.1, limits={"gross": 0.6})
    solution = optimizer.optimize_regime_aware(problem)
    assert solution.rung == "risk_parity"
    assert "not positive semi-definite" in solution.reason
    np.testing.assert_allclose(np.abs(solution.weights), 0.1, atol=1e-9)  # alike, for the variances are alike


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 0.0])
def test_a_covariance_that_is_no_use_holds_what_keeps_the_limits(optimizer, value):
    covariance = list(a_problem(4).covariance)
    covariance[0] = value
    problem = a_problem(4, covariance=tuple(covariance), current=0.1, limits={"gross": 0.5})
    solution = optimizer.optimize_regime_aware(problem)
    assert (solution.rung, solution.weights) == ("hold", problem.current)
    over = a_problem(4, covariance=tuple(covariance), current=0.2, limits={"gross": 0.5})
    reduced = optimizer.optimize_regime_aware(over)
    assert reduced.rung == "reduce"
    np.testing.assert_allclose(reduced.weights, 0.125)
    assert "gross" in reduced.reason


@pytest.mark.parametrize("change", [
    {"current": (math.nan, 0.1, 0.1)}, {"caps": (math.nan, 0.5, 0.5)}, {"caps": (-1.0, 0.5, 0.5)},
    {"limits": {"gross": math.nan}}, {"limits": {"gross": -1.0}}, {"limits": {"grss": 1.0}}, {"lot": math.nan},
])  # fmt: skip
def test_what_is_not_known_of_the_position_or_its_limits_only_shrinks(optimizer, change):
    problem = a_problem(3, **({"current": 0.1, "limits": {"gross": 1.0}} | change))
    solution = optimizer.optimize_regime_aware(problem)
    assert solution.rung == "reduce"
    held = np.nan_to_num(np.array(problem.current))
    assert (np.abs(solution.weights) <= np.abs(held)).all()
    assert kept(problem, solution)


@pytest.mark.parametrize("change", [
    {"caps": (0.1,)}, {"covariance": (1.0,)}, {"groups": {"g": (7,)}}, {"names": ("v|0", "v|0", "v|1")},
])  # fmt: skip
def test_lengths_that_do_not_agree_ask_for_nothing(optimizer, change):
    solution = optimizer.optimize_regime_aware(a_problem(3, **change))
    assert (solution.rung, solution.names, solution.weights) == ("hold", (), ())
    assert solution.reason


def test_no_instruments_is_an_answer(optimizer):
    solution = optimizer.optimize_regime_aware(a_problem(0, current=(), groups={}))
    assert (solution.rung, solution.weights) == ("hold", ())


def test_a_time_out_falls_to_risk_parity():
    hasty = PortfolioOptimizer(Preferences(time_limit_s=1e-9))
    solution = hasty.optimize_regime_aware(a_problem(60, limits=TIGHT, current=0.001))
    assert solution.rung == "risk_parity"
    assert "user_limit" in solution.reason


@pytest.mark.parametrize("error", [SolveError("no answer"), MemoryError("none left"), FloatingPointError("odd")])
def test_a_solver_that_fails_never_raises_out_of_the_call(monkeypatch, error):
    def fails(*_args, **_more):
        raise error

    monkeypatch.setattr(module.Program, "solve", fails)
    problem = a_problem(4, current=0.2, limits=TIGHT)
    solution = PortfolioOptimizer().optimize_regime_aware(problem)
    assert solution.rung == ("risk_parity" if isinstance(error, SolveError) else "reduce")
    assert str(error) in solution.reason
    assert kept(problem, solution)


def test_an_answer_that_is_not_finite_or_not_optimal_is_a_failure(monkeypatch):
    program = module.Program.solve
    for spoil in (lambda weights: weights * math.nan, lambda weights: weights + 0.05):

        def spoilt(self, *args, spoil=spoil, **more):
            answer = program(self, *args, **more)
            return answer._replace(weights=spoil(answer.weights))

        monkeypatch.setattr(module.Program, "solve", spoilt)
        problem = a_problem(4, current=0.05, limits=TIGHT)
        solution = PortfolioOptimizer().optimize_regime_aware(problem)
        assert solution.rung == "risk_parity"
        assert kept(problem, solution)


odd = st.one_of(st.floats(-0.5, 0.5), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e300, -1e300, 1e-300]))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_whatever_comes_no_position_is_larger_than_the_limits(optimizer, data):
    count = 3
    columns = ("expected", "confidence", "current", "half_spread", "impact", "lot", "min_notional", "caps")
    spoilt = data.draw(st.sets(st.sampled_from(columns), max_size=3))
    drawn = {name: tuple(data.draw(st.lists(odd, min_size=count, max_size=count))) for name in spoilt}
    limits = data.draw(st.dictionaries(st.sampled_from(["gross", "net", "cluster", "volatility", "turnover"]), odd))
    if data.draw(st.booleans()):
        drawn["covariance"] = tuple(data.draw(st.lists(odd, min_size=6, max_size=6)))
    problem = a_problem(count, limits=limits, **drawn)
    solution = optimizer.optimize_regime_aware(problem)
    assert kept(problem, solution)
    assert np.isfinite(solution.weights).all()
    assert decode(encode(solution)) == solution  # the journal knows no number that is not finite


def test_whole_lots_and_least_notionals_are_kept_by_the_solution(optimizer):
    problem = a_problem(8, limits=TIGHT, current=0.02, lot=0.01, min_notional=0.015)
    solution = optimizer.optimize_regime_aware(problem)
    weights = np.array(solution.weights)
    np.testing.assert_allclose(weights / 0.01, np.round(weights / 0.01), atol=1e-6)
    trade = np.abs(weights - 0.02)
    assert ((trade < 1e-9) | (trade >= 0.015 - 1e-9) | (weights == 0)).all()
    assert kept(problem, solution)
    assert "whole lots moved" in solution.reason


def test_the_library_of_the_solver_is_not_loaded_before_it_is_needed():
    import subprocess
    import sys

    code = "import sys, operators.portfolio.optimizer.optimizer, operators.portfolio.optimizer.variants;"
    code += "assert 'cvxpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_stressed_regimes_hold_less(optimizer):
    gross = [
        sum(map(abs, optimizer.optimize_regime_aware(a_problem(6, limits={"gross": 0.4}, regime=regime)).weights))
        for regime in ("calm/bull/trending", "stressed/bull/trending", "unknown")
    ]
    assert gross == [pytest.approx(0.4, abs=1e-6), pytest.approx(0.2, abs=1e-6), pytest.approx(0.1, abs=1e-6)]


def test_a_reason_is_bounded(optimizer):
    began = time.monotonic()
    names = tuple(f"{'n' * 200}|{number}" for number in range(30))
    problem = a_problem(30, names=names, limits={"turnover": 0.001, "gross": 0.01})
    assert len(optimizer.optimize_regime_aware(problem).reason) <= module.MOST_TOLD
    assert time.monotonic() - began < 60
