import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar

from operators.risk.checked import checked_covariance, root
from operators.risk.filtered import FLOOR, ew_volatility, filtered, filtered_scenarios
from operators.risk.historical import age_weights, historical, weighted_historical
from operators.risk.tail import NOT_READY, shares, tail, tail_weights

numbers = arrays(float, st.integers(40, 120), elements=st.floats(-1e6, 1e6))


def slow_var(losses, weights, level):
    """The smallest loss that is not exceeded with the level's probability."""
    for loss in sorted(losses):
        if weights[losses <= loss].sum() >= level - 1e-12:
            return loss
    raise AssertionError


@settings(max_examples=50, deadline=None)
@given(numbers, st.sampled_from([0.9, 0.95]), st.data())
def test_var_and_es_are_what_their_definitions_say(losses, level, data):
    weights = data.draw(arrays(float, len(losses), elements=st.floats(0.9, 1.0)))
    found = tail(losses, level, weights)
    share = weights / weights.sum()
    assert found.var == slow_var(losses, share, level)

    def rockafellar_uryasev(at):
        return at + (share @ np.maximum(losses - at, 0.0)) / (1.0 - level)

    assert found.es == pytest.approx(min(map(rockafellar_uryasev, losses)), rel=1e-9, abs=1e-6)
    assert found.es >= found.var


def test_es_is_the_least_of_rockafellar_and_uryasev_by_an_optimiser():
    losses = np.random.default_rng(1).standard_t(4, 2000)
    best = minimize_scalar(lambda at: at + np.maximum(losses - at, 0).mean() / 0.025, bounds=(0, 10), method="bounded")
    assert tail(losses, 0.975).es == pytest.approx(best.fun, abs=1e-7)


@settings(max_examples=50, deadline=None)
@given(numbers, st.data())
def test_es_is_sub_additive(losses, data):
    others = data.draw(arrays(float, len(losses), elements=st.floats(-1e6, 1e6)))
    assert tail(losses + others, 0.95).es <= tail(losses, 0.95).es + tail(others, 0.95).es + 1e-6


@settings(max_examples=50, deadline=None)
@given(numbers)
def test_tail_weights_sum_to_one_and_are_the_worst(losses):
    weights = tail_weights(losses, 0.95, shares(len(losses), None))
    assert weights.sum() == pytest.approx(1.0)
    assert losses[weights > 0].min() >= np.sort(losses)[-math.ceil(len(losses) * 0.05 + 1e-9)]


def test_too_few_scenarios_are_not_ready():
    assert tail(np.arange(99.0), 0.99) is NOT_READY
    assert tail(np.arange(100.0), 0.99).var == 98.0
    assert tail(np.arange(200.0), 0.99, np.concatenate([np.full(199, 0.1), [20.0]])) is NOT_READY


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: tail(np.array([]), 0.95), "one row of numbers"),
        (lambda: tail(np.array([1.0, math.nan]), 0.95), "1 of 2 numbers in losses"),
        (lambda: tail(np.ones(9), 0.5), "level must be above 0.5"),
        (lambda: tail(np.ones(9), math.nan), "level must be"),
        (lambda: tail(np.ones(2), 0.9, np.array([1.0, -1.0])), "none negative"),
        (lambda: tail(np.ones(2), 0.9, np.zeros(2)), "not all 0"),
        (lambda: historical(np.ones((3, 2)), np.ones(3), 0.9), "must have 3 columns, got 2"),
        (lambda: historical(np.full((3, 1), math.inf), np.ones(1), 0.9), "not finite"),
        (lambda: age_weights(3, 0.0), "half_life_rows"),
        (lambda: ew_volatility(np.ones((3, 1)), math.nan), "half_life_rows"),
        (lambda: filtered_scenarios(np.ones((3, 1)), warm_up_rows=0), "warm_up_rows"),
        (lambda: checked_covariance(np.ones((2, 3))), "square"),
        (lambda: checked_covariance(np.array([[1.0, 0.5], [0.4, 1.0]])), "symmetric"),
        (lambda: root(np.array([[1.0, 2.0], [2.0, 1.0]])), "not positive semi-definite: eigenvalues -1"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_late_rows_count_more_where_rows_are_weighed_by_age():
    returns = np.concatenate([np.full(500, 0.001), np.full(100, -0.05)])[:, None]
    recent = weighted_historical(returns, np.array([100.0]), 0.9, half_life_rows=30)
    assert recent.var == 5.0
    assert weighted_historical(returns[::-1], np.array([100.0]), 0.9, half_life_rows=30).var == pytest.approx(-0.1)


def test_ew_volatility_is_the_weighted_mean_of_squares_before_a_row():
    returns = np.random.default_rng(2).normal(size=(60, 2))
    known = ew_volatility(returns, 7.0)
    assert np.isnan(known[0]).all()
    for row in (1, 2, 30, 60):
        weights = 0.5 ** (np.arange(row - 1, -1, -1) / 7.0)
        assert known[row] == pytest.approx(np.sqrt(weights @ returns[:row] ** 2 / weights.sum()))


def test_a_filtered_scenario_is_an_old_return_at_the_volatility_of_now():
    draws = np.random.default_rng(3).normal(size=(800, 1))
    calm_then_wild = draws * np.repeat([0.01, 0.04], 400)[:, None]
    scenarios = filtered_scenarios(calm_then_wild, half_life_rows=20)
    assert np.std(scenarios[:350]) == pytest.approx(0.04, rel=0.3)
    plain = historical(calm_then_wild[:440], np.ones(1), 0.95)
    assert filtered(calm_then_wild[:440], np.ones(1), 0.95, half_life_rows=20).var > 1.5 * plain.var


def test_a_quiet_stretch_does_not_blow_a_return_up_without_bound():
    returns = np.concatenate([np.full(300, 1e-12), [0.01], np.full(50, 0.02)])[:, None]
    assert np.abs(filtered_scenarios(returns, half_life_rows=5)).max() <= 0.02 / (FLOOR * np.sqrt(np.mean(returns**2)))
    assert (filtered_scenarios(np.zeros((50, 1))) == 0.0).all()


def test_filtered_needs_more_rows_than_its_warm_up():
    assert filtered(np.ones((20, 1)) * 0.01, np.ones(1), 0.9) is NOT_READY
