import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from operators.risk.exposure import exposure, market_risk
from operators.risk.stress import Scenario, adverse, loss, shocks
from operators.risk.stress_correlation import deviation, towards_one
from operators.risk.stress_history import through, worst
from operators.risk.stress_reverse import factor, least_shock

seeds = st.integers(0, 10_000)


def made(seed, instruments=4, size=0.03):
    draws = np.random.default_rng(seed)
    mix = draws.normal(size=(instruments, instruments)) * size
    return mix @ mix.T, draws.normal(size=instruments) * 100.0


def test_the_most_particular_name_of_a_scenario_counts():
    scenario = Scenario("x", everything=-0.1, groups={"coins": -0.5}, instruments={"BTC": 0.2})
    moved = shocks(scenario, ["BTC", "ETH", "SPY"], {"BTC": "coins", "ETH": "coins", "SPY": "stocks"})
    assert moved.tolist() == [0.2, -0.5, -0.1]
    assert loss(np.array([100.0, -10.0, 50.0]), moved) == pytest.approx(-20.0 - 5.0 + 5.0)
    assert adverse(np.array([100.0, -10.0, 50.0]), moved) == pytest.approx(30.0)


@pytest.mark.parametrize("shock", [-1.1, math.nan, math.inf])
def test_a_shock_that_cannot_be_is_named(shock):
    with pytest.raises(ValueError, match="'x': coins must be a return"):
        Scenario("x", groups={"coins": shock})


@settings(max_examples=50, deadline=None)
@given(seeds, st.floats(0, 1), st.booleans())
def test_correlation_towards_one_keeps_variances_and_stays_positive_semi_definite(seed, share, against):
    covariance, holdings = made(seed, 6)
    moved = towards_one(covariance, share, holdings=holdings if against else None)
    assert np.diag(moved) == pytest.approx(np.diag(covariance))
    assert np.linalg.eigvalsh(moved)[0] >= -1e-12
    limit = np.abs(holdings) @ np.sqrt(np.diag(covariance))
    assert deviation(moved, holdings) <= limit * (1 + 1e-9)
    if against:
        assert deviation(moved, holdings) >= deviation(covariance, holdings) * (1 - 1e-9)
        assert deviation(towards_one(covariance, 1.0, holdings=holdings), holdings) == pytest.approx(limit)


def test_a_worse_correlation_cannot_be_asked_for():
    with pytest.raises(ValueError, match="share must be"):
        towards_one(np.eye(2), 1.01)


@settings(deadline=None, max_examples=40)
@given(seeds, st.floats(0.5, 40.0))
def test_the_least_shock_is_what_a_general_optimiser_finds(seed, lost):
    covariance, holdings = made(seed, 3, 0.2)
    covariance += 1e-3 * np.eye(3)
    found = least_shock(covariance, holdings, lost)
    inverse = np.linalg.inv(covariance)
    if found is None:
        assert lost > holdings[holdings > 0].sum()
        assert (holdings >= 0).all()
        return
    assert -(holdings @ found.returns) == pytest.approx(lost, rel=1e-6)
    assert found.returns.min() >= -1 - 1e-9
    assert math.sqrt(found.returns @ inverse @ found.returns) == pytest.approx(found.distance, rel=1e-6)
    best = minimize(
        lambda r: r @ inverse @ r, np.maximum(found.returns * 0.9, -0.99), jac=lambda r: 2 * inverse @ r,
        bounds=[(-1, None)] * 3, constraints={"type": "eq", "fun": lambda r: -(holdings @ r) - lost},
        method="SLSQP", options={"ftol": 1e-12, "maxiter": 500},
    )  # fmt: skip
    assert found.distance**2 <= best.fun * (1 + 1e-5) or not best.success


def test_without_a_floor_the_least_shock_is_its_closed_form():
    covariance, holdings = made(1, 5, 0.01)
    found = least_shock(covariance, holdings, 3.0)
    variance = holdings @ covariance @ holdings
    assert found.returns == pytest.approx(-3.0 * covariance @ holdings / variance)
    assert found.distance == pytest.approx(3.0 / math.sqrt(variance))


def test_a_price_falls_no_further_than_zero():
    covariance = np.diag([0.09, 0.01])
    found = least_shock(covariance, np.array([100.0, 100.0]), 150.0)
    assert found.returns == pytest.approx([-1.0, -0.5])
    assert least_shock(covariance, np.array([100.0, 100.0]), 199.0) is not None
    assert least_shock(covariance, np.array([100.0, 100.0]), 201.0) is None
    assert least_shock(covariance, np.array([100.0, -100.0]), 500.0) is not None


def test_where_every_held_price_would_pass_zero_at_first_there_is_an_answer_all_the_same():
    factors = np.array([[-0.0, -0.12, -0.53], [0.0, 0.22, 0.24], [-0.13, 0.52, 0.46]])
    covariance, holdings = factors @ factors.T, np.array([0.0, 95.9, -25.5])
    moved = covariance @ holdings
    assert (-145.0 * moved / (holdings @ moved) < -1).sum() == 2  # the two that are held
    found = least_shock(covariance, holdings, 145.0)
    assert -(holdings @ found.returns) == pytest.approx(145.0)
    assert found.returns[1] == pytest.approx(-1.0)
    assert found.distance == pytest.approx(math.sqrt(found.returns @ np.linalg.inv(covariance) @ found.returns))


def test_more_than_a_book_without_shorts_holds_cannot_be_lost_however_unlike_its_parts_are():
    draws = np.random.default_rng(0)
    factors = draws.normal(size=(60, 36)) * 10.0 ** draws.uniform(-6.0, 0.0, size=(60, 1))
    holdings = np.abs(draws.normal(size=60)) * 10.0 ** draws.uniform(0.0, 6.0, 60)
    assert least_shock(factors @ factors.T, holdings, 2.0 * holdings.sum()) is None


def test_a_search_that_comes_to_no_end_has_no_answer(monkeypatch):
    def endless(*_):
        raise RuntimeError("Maximum number of iterations reached.")

    monkeypatch.setattr("operators.risk.stress_reverse.nnls", endless)
    assert least_shock(np.eye(2), np.array([100.0, -1.0]), 150.0) is None


def test_a_book_without_variance_loses_nothing():
    assert least_shock(np.zeros((2, 2)), np.ones(2), 1.0) is None
    assert least_shock(np.ones((2, 2)), np.array([1.0, -1.0]), 1.0) is None
    assert least_shock(np.eye(2), np.zeros(2), 1.0) is None


def test_the_factor_of_a_scenario():
    assert factor(np.array([100.0]), np.array([-0.1]), 25.0) == pytest.approx(2.5)
    assert factor(np.array([100.0]), np.array([0.1]), 25.0) == math.inf
    assert factor(np.array([100.0]), np.array([-0.1]), 101.0) == math.inf


def test_the_worst_stretches_of_history_are_those_a_loop_finds():
    draws = np.random.default_rng(4)
    returns, holdings = draws.normal(size=(300, 3)) * 0.02, np.array([100.0, -50.0, 20.0])
    losses = {b: -(((1 + returns[b : b + 10]).prod(axis=0) - 1) @ holdings) for b in range(291)}
    found = worst(returns, holdings, rows=10, most=3)
    assert found[0].begin == max(losses, key=losses.get)
    assert found[0].loss == pytest.approx(max(losses.values()))
    assert [one.loss for one in found] == sorted((one.loss for one in found), reverse=True)
    assert all(abs(a.begin - b.begin) >= 10 for a in found for b in found if a is not b)
    assert all(one.trough >= one.loss - 1e-9 for one in found)


def test_a_stretch_remembers_its_trough():
    found = through(np.array([[-0.5], [1.5]]), np.array([100.0]), 0, 2)
    assert (found.loss, found.trough) == (pytest.approx(-25.0), pytest.approx(50.0))
    with pytest.raises(ValueError, match="rows 1 to 3"):
        through(np.zeros((2, 1)), np.ones(1), 1, 3)
    assert worst(np.full((20, 1), 0.01), np.ones(1), rows=5) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), max_size=8), st.floats(1.0, 1e6))
def test_exposure_adds_up(sizes, equity):
    found = exposure(np.array(sizes), equity)
    assert found.gross == pytest.approx(sum(map(abs, sizes)))
    assert found.net == pytest.approx(sum(sizes), abs=1e-6)
    assert found.leverage == pytest.approx(found.gross / equity)
    assert found.effective <= len(sizes) + 1e-9
    assert math.isnan(exposure(np.array([1.0]), 0.0).leverage)


def test_beta_and_what_is_free_of_it():
    draws = np.random.default_rng(8)
    market = draws.normal(size=4000) * 0.01
    own = draws.normal(size=(4000, 2)) * 0.002
    returns = market[:, None] * [1.5, 0.5] + own
    found = market_risk(returns, np.array([100.0, -300.0]), market)
    assert found.betas == pytest.approx([np.cov(returns[:, i], market)[0, 1] / np.var(market, ddof=1) for i in (0, 1)])
    assert found.beta_exposure == pytest.approx(0.0, abs=5.0)
    assert found.beta_free == pytest.approx(0.002 * math.hypot(100, 300), rel=0.05)
    assert found.explained < 0.02
    assert market_risk(returns, np.array([100.0, 0.0]), market).explained > 0.95
    with pytest.raises(ValueError, match="did not move"):
        market_risk(returns, np.ones(2), np.zeros(4000))
    with pytest.raises(ValueError, match="need as many"):
        market_risk(returns, np.ones(2), market[:9])
