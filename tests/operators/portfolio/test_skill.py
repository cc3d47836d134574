import math
import pickle
import random

import numpy as np
import pytest

from market.messages import Signal
from operators.portfolio import skill
from operators.portfolio.skill import HORIZON_BARS, Prior, Skill, Sums

SECOND = 1_000_000_000
BAR_S = {"ultra_short": 1, "short": 60}


def a_signal(time_ns, direction, confidence=1.0, timeframe="ultra_short", volatility=1e-4):
    return Signal(
        venue="v", instrument="i", time_ns=time_ns, timeframe=timeframe, direction=direction, confidence=confidence,
        volatility=volatility, regime="calm/bull/random", evidence={},
    )  # fmt: skip


def traded(seed, rounds, truth, instruments=1):
    """A skill that saw bets on returns that they foretell with this correlation."""
    rng = np.random.default_rng(seed)
    state = Skill()
    names = [f"v|{number}" for number in range(instruments)]
    mids = dict.fromkeys(names, 100.0)
    for number in range(rounds):
        time = number * HORIZON_BARS * SECOND
        skill.settle(state, time, mids, BAR_S)
        for name in names:
            bet = rng.uniform(-1, 1)
            skill.note(state, name, a_signal(time, bet), mids[name])
            z = truth * bet * math.sqrt(3) + math.sqrt(1 - truth**2) * rng.standard_normal()
            mids[name] *= math.exp(1e-4 * math.sqrt(HORIZON_BARS) * z)
    return state


def test_nothing_is_expected_before_it_was_seen():
    assert skill.coefficient(Skill(), "short", Prior()) == 0.0
    assert skill.coefficient(Skill(), "short", Prior(ic=0.02)) == pytest.approx(0.02)


def test_the_coefficient_comes_to_what_is_true():
    state = traded(1, 6000, 0.3)
    prior = Prior(half_life_rounds=1e9)
    assert skill.measured(state.sums["ultra_short"]) == pytest.approx(0.3, abs=0.08)
    assert 0.15 < skill.coefficient(state, "ultra_short", prior) < 0.32


def test_luck_is_mostly_not_believed():
    found = [skill.coefficient(traded(seed, 100, 0.0), "ultra_short", Prior()) for seed in range(40)]
    assert max(found) < 0.06
    assert min(found) == 0.0


def test_signals_that_were_wrong_ask_for_nothing():
    state = traded(2, 2000, -0.4)
    assert skill.measured(state.sums["ultra_short"]) < -0.3
    assert skill.coefficient(state, "ultra_short", Prior()) == 0.0


def test_many_instruments_count_as_one_round():
    one, many = traded(3, 200, 0.2), traded(3, 200, 0.2, instruments=20)
    assert many.sums["ultra_short"].rounds == pytest.approx(one.sums["ultra_short"].rounds, rel=1e-9)


def test_the_sums_are_those_of_all_bets_that_came_true():
    rng = random.Random(4)
    state, pairs, waiting, mid = Skill(), [], None, 100.0
    for second in range(1000):
        mid *= math.exp(rng.gauss(0, 2e-4))
        skill.settle(state, second * SECOND, {"v|i": mid}, BAR_S, Prior(half_life_rounds=50.0))
        if waiting and second - waiting[0] >= HORIZON_BARS:
            y = math.log(mid / waiting[1]) / (1e-4 * math.sqrt(second - waiting[0]))
            pairs.append((waiting[2], max(-4.0, min(4.0, y))))
            waiting = None
        bet = rng.uniform(-1, 1)
        if rng.random() < 0.2:
            skill.note(state, "v|i", a_signal(second * SECOND, bet), mid)
            waiting = waiting or (second, mid, bet)
    weights = [0.5 ** ((len(pairs) - 1 - number) / 50.0) for number in range(len(pairs))]
    expected = (
        sum(weights),
        sum(w * x * x for w, (x, _) in zip(weights, pairs, strict=True)),
        sum(w * y * y for w, (_, y) in zip(weights, pairs, strict=True)),
        sum(w * x * y for w, (x, y) in zip(weights, pairs, strict=True)),
    )
    assert tuple(state.sums["ultra_short"]) == pytest.approx(expected)


def test_a_bet_without_a_price_at_its_end_is_dropped():
    state = Skill()
    skill.note(state, "v|i", a_signal(0, 1.0), 100.0)
    skill.settle(state, HORIZON_BARS * SECOND, {"v|i": math.nan}, BAR_S)
    assert state.waiting
    skill.settle(state, 2 * HORIZON_BARS * SECOND, {"v|i": 101.0}, BAR_S)
    assert not state.waiting
    assert not state.sums


def test_the_order_of_instruments_does_not_matter_to_the_bit():
    rng = random.Random(5)
    bets = {f"v|{n}": (rng.uniform(-1, 1), math.exp(rng.gauss(0, 1e-3))) for n in range(30)}
    found = []
    for seed in range(5):
        names = list(bets)
        random.Random(seed).shuffle(names)
        state = Skill()
        for name in names:
            skill.note(state, name, a_signal(0, bets[name][0]), 1.0)
        skill.settle(state, HORIZON_BARS * SECOND, {name: bets[name][1] for name in reversed(names)}, BAR_S)
        found.append(state.sums["ultra_short"])
    assert len(set(found)) == 1


def test_signals_that_are_none_are_not_noted():
    state = Skill()
    for wrong in (a_signal(0, 0.0), a_signal(0, math.nan), a_signal(0, 2.0), a_signal(0, 1.0, volatility=0.0)):
        skill.note(state, "v|i", wrong, 100.0)
    skill.note(state, "v|i", a_signal(0, 1.0), math.nan)
    assert not state.waiting


def test_no_time_and_no_bar_are_no_division_by_zero():
    state = Skill()
    skill.note(state, "v|i", a_signal(5, 1.0, timeframe="unheard_of"), 100.0)
    skill.settle(state, 5, {"v|i": 100.0}, BAR_S)
    skill.settle(state, 6, {"v|i": 100.0}, BAR_S)
    assert not state.waiting
    assert not state.sums


def test_it_goes_on_from_a_pickle():
    state = traded(6, 50, 0.2)
    other = pickle.loads(pickle.dumps(state))
    for each in (state, other):
        skill.settle(each, 51 * HORIZON_BARS * SECOND, {"v|0": 100.0}, BAR_S)
    assert state == other


def test_a_measured_coefficient_is_a_correlation():
    assert math.isnan(skill.measured(Sums()))
    assert skill.measured(Sums(1.0, 1.0, 1.0, 1.0 + 1e-16)) == 1.0


@pytest.mark.parametrize("wrong", [{"ic": -0.1}, {"ic": 0.5}, {"rounds": 0.0}, {"half_life_rounds": 0.0}])
def test_a_prior_out_of_range_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Prior(**wrong)
