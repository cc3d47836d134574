import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.portfolio import budgets
from operators.portfolio.budgets import UNITS, Bounds, Budgets

SCORES = st.dictionaries(
    st.sampled_from([f"s{n}" for n in range(9)]),
    st.one_of(st.floats(-1, 1), st.sampled_from([0.0, math.nan, math.inf, 1e300, 5e-324])),
)
STEPS = st.lists(
    st.one_of(st.tuples(SCORES, st.floats(0, 1e7)), st.sampled_from([f"s{n}" for n in range(9)])), max_size=12
)
BOUNDS = st.builds(
    lambda low, high, life: Bounds(min(low, high), max(low, high, 0.001), life),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(1e-3, 1e7),
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, bounds=BOUNDS)
def test_budgets_are_never_negative_and_always_one_whole(steps, bounds):
    state = Budgets()
    for step in steps:
        if isinstance(step, str):
            budgets.stop(state, step, bounds)
            assert step not in state.units
        else:
            budgets.update(state, *step, bounds)
            assert state.units.keys() == step[0].keys()
        assert sum(state.units.values()) + state.free == UNITS
        assert state.free >= 0
        n = len(state.units)
        for units in state.units.values():
            low = math.floor(min(bounds.floor, 1 / n) * UNITS)
            assert min(low, math.floor(bounds.cap * UNITS)) <= units <= bounds.cap * UNITS
        if n:
            assert state.free == UNITS - min(UNITS, n * math.floor(bounds.cap * UNITS))


def test_the_first_budgets_are_what_is_wanted():
    state = Budgets()
    budgets.update(state, {"a": 3.0, "b": 1.0, "c": -1.0}, 0.0, Bounds(0.1, 0.9))
    assert [budgets.share(state, name) for name in "abc"] == pytest.approx([0.1 + 0.7 * 0.75, 0.1 + 0.7 * 0.25, 0.1])


def test_budgets_move_half_way_in_a_half_life():
    state, bounds = Budgets(), Bounds(0.0, 1.0, 100.0)
    budgets.update(state, {"a": 1.0, "b": 0.0}, 0.0, bounds)
    budgets.update(state, {"a": 0.0, "b": 1.0}, 100.0, bounds)
    assert budgets.share(state, "a") == pytest.approx(0.5)
    budgets.update(state, {"a": 0.0, "b": 1.0}, 100.0, bounds)
    assert budgets.share(state, "a") == pytest.approx(0.25)


def test_a_strategy_that_stops_hands_its_budget_back():
    state, bounds = Budgets(), Bounds(0.0, 1.0, 1e6)
    budgets.update(state, {"a": 2.0, "b": 1.0, "c": 1.0}, 0.0, bounds)
    budgets.stop(state, "a", bounds)
    assert state.units == {"b": UNITS // 2, "c": UNITS // 2}
    assert state.free == 0
    budgets.update(state, {"b": 1.0}, 1.0, bounds)
    assert state.units == {"b": UNITS}
    budgets.stop(state, "b", bounds)
    assert (state.units, state.free) == ({}, UNITS)


def test_a_newcomer_begins_at_the_floor():
    state, bounds = Budgets(), Bounds(0.05, 0.9, 1e6)
    budgets.update(state, {"a": 1.0, "b": 1.0}, 0.0, bounds)
    budgets.update(state, {"a": 1.0, "b": 1.0, "c": 1.0}, 1.0, bounds)
    assert budgets.share(state, "c") == pytest.approx(0.05, abs=1e-6)


def test_what_caps_keep_from_all_is_free():
    state = Budgets()
    budgets.update(state, {"a": 1.0, "b": 5.0}, 0.0, Bounds(0.0, 0.3))
    assert [budgets.share(state, name) for name in "ab"] == [0.3, 0.3]
    assert state.free == UNITS - 2 * 300_000_000


def test_who_scores_nothing_shares_alike():
    state = Budgets()
    budgets.update(state, {"a": math.nan, "b": 0.0, "c": -3.0}, 0.0, Bounds(0.0, 1.0))
    assert sorted(state.units.values()) == [333_333_333, 333_333_333, 333_333_334]


@pytest.mark.parametrize("wrong", [(0.5, 0.2, 1.0), (-0.1, 0.5, 1.0), (0.0, 0.0, 1.0), (0.0, 0.5, 0.0)])
def test_bounds_out_of_range_are_errors(wrong):
    with pytest.raises(ValueError, match="must be"):
        Bounds(*wrong)
    with pytest.raises(ValueError, match="elapsed_s"):
        budgets.update(Budgets(), {"a": 1.0}, -1.0, Bounds())
