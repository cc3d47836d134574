import math
import pickle
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.portfolio import problem, triggers, worth
from operators.portfolio.triggers import Facts, Rules, Triggers

SECOND = 1_000_000_000
RULES = Rules(
    drift_band=0.1, regime_dwell_s=30, schedule_s=1000, cooldown_s=60, risk_cooldown_s=10, worth=1.5, quiet_s=100
)


def facts(second, regime="calm", *, drift=0.0, risk=0.0, gain=1.0, cost=0.0, reduces=False, over=False):
    return Facts(second * SECOND, regime, drift, risk, gain, cost, reduces, over)


def settled(second=1000):
    """A state that traded in the regime calm and rests since."""
    return Triggers(second * SECOND, second * SECOND, "calm", "calm", second * SECOND)


def judged(state, *all_facts, rules=RULES):
    return [triggers.judge(state, one, rules) for one in all_facts]


def told(found):
    return [(one.trigger, one.trades) if one else None for one in found]


def test_where_nothing_calls_nothing_is_told():
    assert judged(settled(), *(facts(second) for second in range(1100, 1900, 100))) == [None] * 8


def test_the_schedule_comes_when_it_is_time_and_begins_again():
    found = judged(settled(), facts(1999), facts(2000), facts(2001), facts(3000))
    assert told(found) == [None, ("schedule", True), None, ("schedule", True)]


def test_limits_that_a_regime_leaves_are_kept_whatever_it_costs():
    dear = {"regime": "stressed", "gain": 0.0, "cost": 1.0}
    found = judged(settled(), facts(1100, **dear), facts(1130, **dear), facts(1131, over=True, **dear))
    assert told(found) == [None, ("regime", False), ("regime", True)]


def test_a_schedule_that_does_not_pay_is_told_once_and_waits_for_the_next():
    found = judged(settled(), facts(2000, gain=0.0, cost=1.0), facts(2001), facts(2999), facts(3000))
    assert told(found) == [("schedule", False), None, None, ("schedule", True)]
    assert "costs" in found[0].reason


def test_a_regime_must_stand_before_it_is_a_change():
    rows = [
        facts(1100, "wild"),
        facts(1110),
        facts(1120, "wild"),
        facts(1149, "wild"),
        facts(1150, "wild"),
        facts(1300, "wild"),
    ]
    assert told(judged(settled(), *rows)) == [None] * 4 + [("regime", True), None]


def test_the_first_regime_is_a_change():
    assert told(judged(Triggers(), facts(5), facts(35))) == [None, ("regime", True)]


def test_drift_calls_until_it_is_well_within_the_band():
    state = settled()
    found = judged(
        state, facts(1100, drift=0.09), facts(1101, drift=0.1), facts(1170, drift=0.06), facts(1240, drift=0.05)
    )
    assert told(found) == [None, ("drift", True), ("drift", True), None]
    assert judged(state, facts(1310, drift=0.09)) == [None]


def test_risk_is_answered_whatever_it_costs_and_before_the_cooldown_of_others():
    found = judged(
        settled(1090), facts(1100, risk=1.0, gain=-1.0, cost=9.0), facts(1105, risk=2.0), facts(1110, risk=0.96)
    )
    assert told(found) == [("risk", True), ("risk", False), ("risk", True)]


def test_risk_rests_only_well_below_its_limit():
    state = settled()
    assert judged(state, facts(1100, risk=0.99)) == [None]
    assert told(judged(state, facts(1120, risk=1.0), facts(1140, risk=0.96))) == [("risk", True)] * 2
    assert told(judged(state, facts(1160, risk=0.95), facts(1180, risk=0.99))) == [None, None]


def test_after_a_breach_a_portfolio_that_was_brought_to_its_limit_is_left_alone():
    state = settled()
    at_limit = usage_at(1.0)
    assert told(judged(state, facts(1100, risk=usage_at(1.11)), facts(1120, risk=at_limit))) == [("risk", True), None]


def usage_at(share):
    """Of a portfolio that takes so much of its limit on gross."""
    one = np.array([share])
    known = problem.Facts(("v|A",), one > 0, one, one, np.array([[1e-4]]), one, one, one, one, one)
    return problem.usage(known, {"gross": 1.0})


@pytest.mark.parametrize("risk", [math.nan, math.inf])
def test_a_risk_that_is_not_known_is_a_breach(risk):
    assert told(judged(settled(), facts(1100, risk=risk))) == [("risk", True)]


def test_others_wait_for_the_cooldown_and_say_so_once():
    found = judged(settled(), *(facts(1000 + n, drift=0.2) for n in (10, 20, 59, 60)))
    assert told(found) == [("drift", False), None, None, ("drift", True)]
    assert found[0].reason.endswith("cooldown: 10.0 s of 60 s")


@pytest.mark.parametrize(
    ("gain", "cost"), [(1.4, 1.0), (math.nan, 0.0), (math.inf, 0.0), (1.0, math.nan), (1.0, math.inf), (-1e-9, 0.0)]
)
def test_what_does_not_pay_is_not_traded(gain, cost):
    assert told(judged(settled(), facts(1100, drift=0.2, gain=gain, cost=cost))) == [("drift", False)]


def test_where_nothing_would_change_nothing_is_traded_and_the_regime_is_done_with():
    rows = [facts(1100 + n, "wild", gain=0.0, cost=0.0) for n in (0, 30, 200, 400)]
    assert told(judged(settled(), *rows)) == [None, ("regime", False), None, None]


def test_what_only_shrinks_positions_need_not_pay():
    assert told(
        judged(settled(), facts(1100, "unknown"), facts(1131, "unknown", gain=-math.inf, cost=1.0, reduces=True))
    ) == [
        None,
        ("regime", True),
    ]


def test_the_same_refusal_is_told_again_only_after_a_while():
    rows = [facts(1100 + n, drift=0.2, gain=0.0, cost=1.0) for n in range(0, 301, 10)]
    found = told(judged(settled(), *rows))
    assert found.count(("drift", False)) == 4
    assert len(found) - found.count(None) == 4


def test_a_drift_that_is_not_known_does_not_call():
    assert judged(settled(), facts(1100, drift=math.nan)) == [None]


@given(seed=st.integers(0, 10**6))
def test_rebalances_never_come_faster_than_their_cooldowns_and_rows_never_flood(seed):
    rng = random.Random(seed)
    state, traded, said, second = Triggers(), [], 0, 0
    for _ in range(300):
        second += rng.randint(1, 20)
        regime, risk = rng.choice(["calm"] * 5 + ["wild"]), rng.choice([0.5, 0.5, 0.95, 1.2])
        one = facts(second, regime, drift=rng.random() / 5, risk=risk, gain=rng.random(), cost=rng.random())
        found = triggers.judge(state, one, RULES)
        if found and found.trades:
            if traded:
                assert second - traded[-1] >= (10 if found.trigger == "risk" else 60)
            traded.append(second)
        said += bool(found) and not found.trades
    assert said <= 8 * (len(traded) + second / RULES.quiet_s + 1)


def test_it_goes_on_from_a_pickle():
    rng = random.Random(3)
    whole, cut = Triggers(), Triggers()
    for second in range(0, 5000, 7):
        one = facts(second, rng.choice(["calm", "wild"]), drift=rng.random() / 5, gain=rng.random(), cost=rng.random())
        assert triggers.judge(whole, one, RULES) == triggers.judge(cut, one, RULES)
        cut = pickle.loads(pickle.dumps(cut))
    assert whole == cut


@pytest.mark.parametrize(
    "wrong", [{"drift_band": 0.0}, {"cooldown_s": -1.0}, {"drift_rest": 1.0}, {"worth": 0.5}, {"schedule_s": math.nan}]
)
def test_rules_out_of_range_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Rules(**wrong)


def test_gain_and_cost_are_their_formulas():
    rng = np.random.default_rng(1)
    c, w, mu, spread, impact = rng.uniform(-0.5, 0.5, (5, 4))
    factors = rng.standard_normal((4, 9))
    s = factors @ factors.T
    expected = sum(mu * (w - c)) - 0.5 * 3 * sum(
        s[i, j] * (w[i] * w[j] - c[i] * c[j]) for i in range(4) for j in range(4)
    )
    assert worth.gain(c, w, mu, s, 3.0) == pytest.approx(expected)
    expected = sum(abs(spread) * abs(w - c)) + sum(abs(impact) * abs(w - c) ** 1.5)
    assert worth.cost(c, w, abs(spread), abs(impact)) == pytest.approx(expected)


def test_numbers_that_are_not_there_are_worth_nothing():
    nan = np.array([math.nan])
    one = np.array([1.0])
    assert worth.gain(one, one, nan, np.eye(1), 1.0) == -math.inf
    assert worth.gain(one, nan, one, np.eye(1), 1.0) == -math.inf
    assert worth.cost(one, one, nan, one) == math.inf


@pytest.mark.parametrize(
    ("current", "wanted", "shrinks"),
    [
        ([1, -1], [0.5, -1], True),
        ([1, 0], [0, 0], True),
        ([1, 0], [1, 0], False),
        ([1, 0], [0, 0.1], False),
        ([1, 1], [-0.1, 1], False),
    ],
)
def test_positions_shrink_where_none_grows_or_turns(current, wanted, shrinks):
    assert worth.reduces(np.array(current, float), np.array(wanted, float)) is shrinks
