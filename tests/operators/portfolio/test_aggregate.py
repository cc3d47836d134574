import itertools
import math
import pickle
import random

import numpy as np
import pytest

from market.fees import Fees
from market.messages import Signal
from operators.portfolio import aggregate, skill
from operators.portfolio.aggregate import Signals
from operators.portfolio.policy import WEIGHTS, Policy, end_ns, opinion
from operators.portfolio.skill import Prior, Skill, Sums

SECOND = 1_000_000_000
FREE = Policy(fees=Fees(0.0))
BELIEVING = Prior(ic=0.05)
NAMES = ["v|a", "v|b", "v|c"]


def a_signal(name="a", timeframe="short", time_ns=0, **changes):
    known = {"direction": 1.0, "confidence": 0.8, "volatility": 1e-4, "regime": "calm/bull/random", "evidence": {}}
    return Signal(venue="v", instrument=name, time_ns=time_ns, timeframe=timeframe, **(known | changes))


def heard(*signals, policy=FREE):
    state = Signals()
    for signal in signals:
        aggregate.hear(state, f"{signal.venue}|{signal.instrument}", signal, policy)
    return state


def expected(state, time_ns=0, *, horizon_s=600.0, learnt=None, prior=BELIEVING, policy=FREE, names=NAMES, **more):
    return aggregate.outlook(
        state, names, time_ns, horizon_s=horizon_s, learnt=learnt or Skill(), prior=prior, policy=policy, **more
    )


def test_expected_return_is_coefficient_times_volatility_times_score():
    found = expected(heard(a_signal()))
    h = skill.HORIZON_BARS * 60
    alone = 0.05 * 1e-4 * math.sqrt(h) * 0.8 * 600 / h
    assert found.by_timeframe["short"][0].tolist() == pytest.approx([alone, 0, 0])
    assert found.by_timeframe["short"][1].tolist() == pytest.approx([0.8, 0, 0])
    assert found.expected.tolist() == pytest.approx([alone / 4, 0, 0])
    assert found.confidence.tolist() == pytest.approx([0.2, 0, 0])


def test_nothing_is_expected_of_signals_that_were_never_measured():
    found = expected(heard(a_signal()), prior=Prior())
    assert found.expected.tolist() == [0, 0, 0]
    assert found.confidence[0] > 0


def test_what_was_measured_is_used():
    learnt = Skill(sums={"short": Sums(400.0, 100.0, 400.0, 40.0)})  # IC 0.2, typical bet 0.5
    h = skill.HORIZON_BARS * 60
    found = expected(heard(a_signal()), learnt=learnt, prior=Prior(), horizon_s=h).by_timeframe["short"][0][0]
    typical = math.sqrt(110 / 410)
    assert found == pytest.approx(0.1 * 1e-4 * math.sqrt(h) * 0.8 / typical)


def test_twice_the_volatility_is_twice_the_return():
    one, two = (expected(heard(a_signal(volatility=v))).expected[0] for v in (1e-4, 2e-4))
    assert two == pytest.approx(2 * one)


def test_no_return_is_expected_of_the_time_that_was_not_measured():
    h = skill.HORIZON_BARS * 60
    assert (
        expected(heard(a_signal()), horizon_s=h).expected[0] == expected(heard(a_signal()), horizon_s=9 * h).expected[0]
    )


def test_an_opinion_decays_with_its_age_and_ends_when_the_policy_says():
    state, h = heard(a_signal()), skill.HORIZON_BARS * 60
    ages = [0, 60, 120, 180]
    found = [expected(state, age * SECOND, horizon_s=h) for age in ages]
    assert [one.confidence[0] for one in found] == pytest.approx([0.2 * (1 - age / h) for age in ages])
    assert [one.expected[0] / found[0].expected[0] for one in found] == pytest.approx([1 - age / h for age in ages])
    assert expected(state, 180 * SECOND + 1).expected[0] == 0.0
    assert expected(state, 180 * SECOND + 1).confidence[0] == 0.0


def test_a_bet_that_cannot_pay_its_trades_counts_for_nothing():
    dear = Policy(fees=Fees(100.0))
    assert expected(heard(a_signal(), policy=dear), policy=dear).expected[0] == 0.0
    assert expected(heard(a_signal(), policy=dear), policy=dear).confidence[0] == 0.0


def test_the_pay_test_has_the_hysteresis_of_the_policy():
    reach = 1e-4 * math.sqrt(200 * 60) * 1e4
    border = Policy(fees=Fees(reach / 4))
    weak, strong = a_signal(confidence=0.6, time_ns=1), a_signal(confidence=1.0)
    assert expected(heard(weak, policy=border), 1, policy=border).confidence[0] == 0.0
    assert expected(heard(strong, weak, policy=border), 1, policy=border).confidence[0] > 0.0


def test_opinions_are_those_of_the_policy():
    rng = random.Random(1)
    policy = Policy(fees=Fees(3.0))
    state, shares = Signals(), {}
    for number in range(400):
        signal = a_signal(rng.choice("abc"), rng.choice(list(WEIGHTS)), number * SECOND, direction=rng.uniform(-1, 1))
        key = (signal.instrument, signal.timeframe)
        standing = shares.get(key)
        counted = standing.share if standing and signal.time_ns <= end_ns(key[1], standing, policy) else 0.0
        shares[key] = opinion(signal, policy, counted)
        aggregate.hear(state, f"v|{signal.instrument}", signal, policy)
        assert state.heard[f"v|{signal.instrument}"][signal.timeframe].opinion == shares[key]
    assert any(one.share for one in shares.values())
    assert not all(one.pays for one in shares.values())


def test_an_older_signal_is_not_heard():
    state = heard(a_signal(time_ns=SECOND))
    assert not aggregate.hear(state, "v|a", a_signal(direction=-1.0), FREE)
    assert expected(state, SECOND).expected[0] > 0


def test_the_order_of_instruments_and_messages_does_not_matter_to_the_bit():
    rng = random.Random(2)
    signals = [
        a_signal(name, timeframe, direction=rng.uniform(-1, 1), confidence=rng.random())
        for name in "abc"
        for timeframe in WEIGHTS
    ]
    straight = expected(heard(*signals))
    for order in itertools.permutations(range(3)):
        rng.shuffle(signals)
        other = expected(heard(*signals), names=[NAMES[place] for place in order])
        np.testing.assert_array_equal(other.expected, straight.expected[list(order)])
        np.testing.assert_array_equal(other.confidence, straight.confidence[list(order)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"direction": math.nan}, {"direction": 1.5}, {"confidence": -0.1}, {"confidence": math.nan},
        {"volatility": 0.0}, {"volatility": math.inf}, {"timeframe": "unheard_of"}, {"direction": 0.0},
    ],
)  # fmt: skip
def test_a_signal_that_is_none_says_nothing(wrong):
    found = expected(heard(a_signal(**wrong)))
    assert found.expected.tolist() == [0, 0, 0]
    assert found.confidence.tolist() == [0, 0, 0]


def test_confidence_is_never_above_one():
    state = heard(*(a_signal("a", timeframe, confidence=1.0) for timeframe in WEIGHTS))
    assert expected(state).confidence[0] == pytest.approx(1.0)
    assert expected(state).confidence[0] <= 1.0


def test_budgets_may_stand_in_place_of_equal_weights():
    state = heard(a_signal(), a_signal(timeframe="medium", direction=-1.0))
    only = expected(state, weights={"short": 1.0})
    assert only.expected[0] == expected(state).by_timeframe["short"][0][0]


def test_no_instrument_is_an_empty_outlook_and_no_horizon_an_error():
    assert expected(heard(), names=[]).expected.shape == (0,)
    with pytest.raises(ValueError, match="horizon_s"):
        expected(heard(), horizon_s=0.0)


def test_it_goes_on_from_a_pickle():
    state = heard(a_signal())
    assert pickle.loads(pickle.dumps(state)) == state
