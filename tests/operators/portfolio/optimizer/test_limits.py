import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.portfolio.optimizer.inputs import KNOWN_LIMITS, PROTECTIVE, RELAXED_IN_ORDER, inputs_of
from operators.portfolio.optimizer.limits import broken, shrunk, uses
from operators.portfolio.optimizer.lots import rounded
from operators.portfolio.optimizer.preferences import Preferences
from tests.operators.portfolio.optimizer.problems import a_problem

PLAIN = Preferences()
shares = st.floats(-1.0, 1.0, allow_nan=False)
some_limits = st.fixed_dictionaries({}, optional={
    "gross": st.floats(0.0, 2.0), "net": st.floats(0.0, 1.0), "cluster": st.floats(0.0, 1.0),
    "volatility": st.floats(0.0, 0.02), "short": st.floats(0.0, 0.5), "instrument": st.floats(0.0, 0.5),
})  # fmt: skip
relaxable = st.fixed_dictionaries({}, optional={"turnover": st.floats(0.0, 1.0), "invested": st.floats(0.0, 0.5)})


def inputs_with(count=6, **changes):
    return inputs_of(a_problem(count, **changes), PLAIN)[0]


def test_every_limit_either_protects_or_has_its_place_in_the_order_of_giving_way():
    assert sorted(KNOWN_LIMITS) == sorted({*PROTECTIVE, *RELAXED_IN_ORDER})
    assert RELAXED_IN_ORDER == ("invested", "turnover")


@settings(max_examples=200, deadline=None)
@given(st.lists(shares, min_size=6, max_size=6), some_limits)
def test_shrunk_weights_keep_what_protects_and_only_ever_move_towards_0(weights, limits):
    inputs, exact = inputs_with(limits=limits, caps=0.4), np.array(weights)
    found = shrunk(exact, inputs)
    assert broken(found, inputs, protective=True) == {}
    assert (np.abs(found) <= np.abs(exact) + 1e-15).all()
    assert (found * exact >= 0).all()


def test_weights_within_the_limits_are_left_alone():
    inputs = inputs_with(limits={"gross": 1.0, "net": 0.5, "volatility": 0.1})
    exact = np.array([0.1, -0.1, 0.2, 0.0, 0.1, -0.2])
    np.testing.assert_array_equal(shrunk(exact, inputs), exact)


def test_each_limit_measures_what_its_name_says():
    inputs = inputs_with(3, limits=dict.fromkeys(KNOWN_LIMITS, 0.1), current=(0.2, 0.0, 0.0), caps=0.5)
    weights = np.array([0.3, -0.2, 0.1])
    found = {name: measured for name, measured, _ in uses(weights, inputs)}
    assert found["gross"] == pytest.approx(0.6)
    assert found["net"] == pytest.approx(0.2)
    assert found["turnover"] == pytest.approx(0.4)
    assert found["cluster:g0"] == pytest.approx(0.3)
    assert found["instrument:v|0"] == pytest.approx(0.3)
    assert found["volatility"] == pytest.approx(math.sqrt(weights @ inputs.covariance @ weights))
    assert found["invested"] == pytest.approx(-0.2)
    assert broken(weights, inputs)["net"] == pytest.approx(0.1)
    assert "instrument:v|0" in broken(weights, inputs)


@pytest.mark.parametrize(("regime", "scale"), [
    ("calm/bull/trending", 1.0), ("stressed/bear/random", 0.5), ("unknown", 0.25), ("", 0.25),
    ("odd/bull/random", 0.25),
])  # fmt: skip
def test_regimes_shrink_what_protects_and_nothing_else(regime, scale):
    limits = dict.fromkeys(KNOWN_LIMITS, 0.4)
    inputs = inputs_with(limits=limits, regime=regime, caps=0.3)
    assert (inputs.upper == 0.3 * scale).all()
    assert (inputs.lower == -0.3 * scale).all()
    assert inputs.gross == inputs.net == inputs.cluster == inputs.volatility == 0.4 * scale
    assert inputs.turnover == inputs.invested == 0.4


@settings(max_examples=150, deadline=None)
@given(
    st.lists(shares, min_size=6, max_size=6), st.lists(shares, min_size=6, max_size=6), some_limits, relaxable,
    st.sampled_from([0.0, 1e-3, 0.03, 0.2]), st.sampled_from([0.0, 0.01, 0.1]), st.sampled_from([0.0, 0.05]),
)  # fmt: skip
def test_rounding_never_breaks_what_protects_and_gives_whole_lots(exact, current, limits, more, lot, least, band):
    changes = {"lot": lot, "min_notional": least, "caps": 0.4, "current": np.round(np.array(current) / 0.03) * 0.03}
    inputs = inputs_with(limits=limits | more, **changes)
    wanted = shrunk(np.array(exact), inputs)
    found = rounded(wanted, inputs, band=band).weights
    assert broken(found, inputs, protective=True) == {}
    traded = found != inputs.current
    if lot:
        lots = found[traded] / lot
        np.testing.assert_allclose(lots, np.round(lots), atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 0.5), st.sampled_from([1e-4, 1e-3, 1e-2]))
def test_rounding_keeps_turnover_where_the_exact_weights_do(seed, turnover, lot):
    rng = np.random.default_rng(seed)
    current = np.round(rng.uniform(-0.2, 0.2, 8) / lot) * lot
    change = rng.normal(size=8)
    exact = np.clip(current + change * turnover / np.abs(change).sum(), -0.3, 0.3)
    inputs = inputs_with(8, limits={"turnover": turnover}, current=current, lot=lot, caps=0.3)
    found = rounded(exact, inputs)
    assert broken(found.weights, inputs) == {}
    assert np.max(np.abs(found.weights - exact)) <= 3 * lot + 1e-9


def test_a_trade_within_the_band_is_not_made():
    inputs = inputs_with(3, current=(0.10, 0.10, 0.10), limits={})
    found = rounded(np.array([0.11, 0.13, 0.10]), inputs, band=0.02)
    np.testing.assert_allclose(found.weights, [0.10, 0.13, 0.10])
    assert found.left == 1
    assert found.moved == {"v|0": pytest.approx(-0.01)}


def test_a_trade_below_the_least_notional_is_not_made_unless_it_closes():
    inputs = inputs_with(3, current=(0.10, 0.004, 0.10), min_notional=0.01, limits={})
    found = rounded(np.array([0.105, 0.0, 0.15]), inputs)
    np.testing.assert_allclose(found.weights, [0.10, 0.0, 0.15])


def test_a_band_gives_way_to_a_limit_that_protects():
    inputs = inputs_with(2, current=(0.31, 0.30), limits={"gross": 0.6}, caps=0.5)
    found = rounded(np.array([0.30, 0.30]), inputs, band=0.05)
    assert np.abs(found.weights).sum() <= 0.6


def test_what_was_moved_is_told():
    inputs = inputs_with(2, current=0.0, lot=0.1, limits={})
    assert "most v|1 by -0.05" in rounded(np.array([0.21, 0.25]), inputs).told
    assert rounded(np.array([0.2, 0.3]), inputs).told == ""
