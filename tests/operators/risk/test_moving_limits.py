import math
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.risk.moving_limits import BY_DEPTH, LOWEST, MOVED, STEP, Conditions, Movement, MovingLimits, power
from operators.risk.standing import Limits

SECOND = 1_000_000_000
FIXED = Limits()
MOVEMENT = Movement(regime_shares={"panic": 0.3}, hold_s=60.0)
CALM = Conditions("calm", 1.0, 1.0)
KEY = ("v", "i")

anything = st.one_of(st.floats(), st.floats(0.01, 10.0))
conditions = st.builds(
    Conditions,
    st.sampled_from(["calm", "panic", ""]),
    st.one_of(st.none(), anything),
    st.one_of(anything, st.floats(0, 1)),
    st.one_of(anything, st.floats(0, 1)),
    st.dictionaries(st.sampled_from([KEY, ("v", "j")]), st.one_of(anything, st.floats(0, 1e7)), max_size=2),
)


def test_calm_leaves_the_fixed_limits():
    moving = MovingLimits()
    assert moving.advance(0, CALM, FIXED, MOVEMENT) == []
    assert moving.in_force(KEY, FIXED) is FIXED


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), conditions), max_size=15))
def test_no_limit_is_ever_looser_than_fixed_or_than_the_law_asks(steps):
    moving, time_ns = MovingLimits(), 0
    for seconds, given_ in steps:
        time_ns += seconds * SECOND
        for change in moving.advance(time_ns, given_, FIXED, MOVEMENT):
            assert 0 < change.value <= change.fixed
            assert change.value != change.previous
            assert change.reason
            assert all(map(math.isfinite, change.factors.values()))
        law = 0.3 if given_.regime == "panic" else 1.0
        ratio = given_.volatility_ratio
        law *= 1.0 if ratio is None else min(1.0, 1.0 / ratio) if 0 < ratio < math.inf else 0.0
        law *= given_.drawdown_scale
        law = law if 0 < law < math.inf else 0.0
        in_force = moving.in_force(KEY, FIXED)
        for name in MOVED:
            assert getattr(in_force, name) <= getattr(FIXED, name) * max(min(law, 1.0), STEP**LOWEST) * (1 + 1e-6)
        for name in set(Limits.__dataclass_fields__) - set(MOVED):
            assert getattr(in_force, name) == getattr(FIXED, name)
    assert len(moving.levels) <= len(MOVED) + 1 + 2 * len(BY_DEPTH)
    assert pickle.loads(pickle.dumps(moving)) == moving


def test_a_tighter_law_counts_at_once_and_says_why():
    moving = MovingLimits()
    changes = moving.advance(0, CALM._replace(regime="panic"), FIXED, MOVEMENT)
    assert [change.limit for change in changes] == list(MOVED)
    assert {change.reason for change in changes} == {"regime"}
    assert changes[0].factors == {"regime": 0.3, "volatility": 1.0, "drawdown": 1.0}
    assert changes[0].previous == changes[0].fixed == FIXED.max_order_notional
    assert 0.3 / STEP < changes[0].value / FIXED.max_order_notional <= 0.3
    assert moving.advance(1, CALM._replace(regime="panic"), FIXED, MOVEMENT) == []


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        (CALM._replace(volatility_ratio=3.0), "volatility"),
        (CALM._replace(drawdown_scale=0.5), "drawdown"),
        (CALM._replace(volatility_ratio=math.nan), "volatility not known"),
        (CALM._replace(volatility_ratio=-1.0), "volatility not known"),
        (CALM._replace(drawdown_scale=math.nan), "drawdown not known"),
        (CALM._replace(depths={KEY: 10_000.0}), "depth"),
        (CALM._replace(depths={KEY: math.nan}), "depth not known"),
    ],
)
def test_the_reason_of_a_change_is_what_binds(given_, reason):
    changes = MovingLimits().advance(0, given_, FIXED, MOVEMENT)
    assert {change.reason for change in changes} == {reason}


def test_a_regime_is_known_by_any_state_of_its_views():
    for named in ("panic/bear/random", "calm/panic", "panic"):
        changes = MovingLimits().advance(0, CALM._replace(regime=named), FIXED, MOVEMENT)
        assert changes[0].factors["regime"] == 0.3
    assert MovingLimits().advance(0, CALM._replace(regime="panicky/bull"), FIXED, MOVEMENT) == []


def test_the_scale_of_targets_moves_like_a_limit_of_one():
    moving = MovingLimits()
    (change,) = moving.advance(0, CALM._replace(target_scale=0.5), FIXED, MOVEMENT)
    assert (change.key, change.limit, change.fixed, change.previous) == (("", ""), "target_scale", 1.0, 1.0)
    assert change.reason == "drawdown"
    assert 0.5 / STEP < change.value == moving.target_scale <= 0.5
    assert moving.in_force(KEY, FIXED) is FIXED
    moving.advance(1 * SECOND, CALM, FIXED, MOVEMENT)
    assert moving.target_scale == change.value
    moving.advance(61 * SECOND, CALM, FIXED, MOVEMENT)
    assert moving.target_scale == 1.0


def test_a_volatility_that_is_not_measured_yet_moves_nothing_by_itself():
    assert MovingLimits().advance(0, CALM._replace(volatility_ratio=None), FIXED, MOVEMENT) == []


def test_what_is_not_known_leaves_next_to_nothing():
    moving = MovingLimits()
    moving.advance(0, CALM._replace(volatility_ratio=math.nan), FIXED, MOVEMENT)
    assert moving.in_force(KEY, FIXED).max_gross_notional < 1e-3


def test_depth_moves_its_own_instrument_only():
    moving = MovingLimits()
    moving.advance(0, CALM._replace(depths={KEY: 50_000.0}), FIXED, MOVEMENT)
    assert moving.in_force(KEY, FIXED).max_order_notional == pytest.approx(12_500.0, rel=0.1)
    assert moving.in_force(KEY, FIXED).max_order_notional <= 12_500.0
    assert moving.in_force(("v", "other"), FIXED) is FIXED


def test_a_looser_law_waits_and_then_counts_as_the_tightest_of_the_wait():
    moving = MovingLimits()
    moving.advance(0, CALM._replace(drawdown_scale=0.2), FIXED, MOVEMENT)
    low = moving.in_force(KEY, FIXED).max_gross_notional
    for second, asked in ((1, 1.0), (30, 0.5), (59, 1.0)):
        assert moving.advance(second * SECOND, CALM._replace(drawdown_scale=asked), FIXED, MOVEMENT) == []
    assert moving.in_force(KEY, FIXED).max_gross_notional == low
    changes = moving.advance(61 * SECOND, CALM, FIXED, MOVEMENT)
    assert changes[0].value == pytest.approx(changes[0].fixed * STEP ** power(0.5))
    assert changes[0].reason.startswith("looser for long enough")
    moving.advance(62 * SECOND, CALM, FIXED, MOVEMENT)
    moving.advance(122 * SECOND, CALM, FIXED, MOVEMENT)
    assert moving.in_force(KEY, FIXED) is FIXED


def test_a_law_that_flickers_around_a_level_moves_a_limit_once():
    moving, rows = MovingLimits(), 0
    for second in range(0, 3000, 10):
        flickers = CALM._replace(drawdown_scale=0.5 + 0.1 * (second % 20 == 0))
        rows += len(moving.advance(second * SECOND, flickers, FIXED, MOVEMENT))
    assert rows == 2 * len(MOVED)


@given(st.floats(1e-12, 2.0))
def test_a_level_is_the_highest_that_is_not_above_the_law(ratio):
    found = power(ratio)
    assert STEP**found <= max(min(ratio, 1.0), STEP**LOWEST) * (1 + 1e-6)
    assert found == 0 or STEP ** (found + 1) > ratio * (1 - 1e-6)


@pytest.mark.parametrize(
    "wrong",
    [{"participation": 0.0}, {"hold_s": math.nan}, {"regime_shares": {"panic": 1.5}}, {"position_depths": -1.0}],
)
def test_a_movement_that_cannot_be_is_named(wrong):
    with pytest.raises(ValueError, match="must be"):
        Movement(**wrong)
