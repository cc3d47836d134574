import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.fees import Fees
from market.messages import Signal, Target
from operators.portfolio import rebalance
from operators.portfolio.policy import HORIZON_BARS, YEAR_S, Opinion, Policy, combined, gross_scale, opinion, reach_bps
from tests.operators.portfolio.decision_stream import item, quote

SECOND = 1_000_000_000
YEARLY_20 = 0.2 / math.sqrt(YEAR_S)


FREE = Policy(fees=Fees(0.0))


def a_signal(symbol="AAAUSDT", timeframe="ultra_short", time_ns=0, **changes):
    known = {"direction": 1.0, "confidence": 1.0, "volatility": YEARLY_20, "regime": "calm/bull", "evidence": {}}
    return Signal(venue="v", instrument=symbol, time_ns=time_ns, timeframe=timeframe, **(known | changes))


def told(items, **policy):
    found = rebalance.stage(policy=Policy(**{"fees": Fees(0.0), **policy})).run(items)
    return [[m.notional for m in one.messages if isinstance(m, Target)] for one in found]


def test_twice_the_volatility_asks_for_half_the_share():
    assert opinion(a_signal(), FREE).share == pytest.approx(0.25 * 0.10 / 0.2)
    assert opinion(a_signal(volatility=2 * YEARLY_20), FREE).share == pytest.approx(0.25 * 0.10 / 0.4)


@pytest.mark.parametrize(
    "changes",
    [{"volatility": 0.0}, {"volatility": math.nan}, {"volatility": -1.0}, {"direction": math.nan}, {"direction": 1.5},
     {"confidence": math.inf}, {"confidence": -0.1}, {"timeframe": "yearly"}],
)  # fmt: skip
def test_a_signal_that_cannot_be_right_asks_for_nothing(changes):
    assert opinion(a_signal(**changes), Policy()).share == 0.0


def test_an_opinion_that_was_not_renewed_ends():
    one = {"ultra_short": Opinion(0.1, 0)}
    assert combined(one, 3 * SECOND, Policy()) == 0.1
    assert combined(one, 3 * SECOND + 1, Policy()) == 0.0


def test_how_long_a_bar_is_can_be_chosen():
    slow = Policy(fees=Fees(0.0), bar_s={"ultra_short": 60})
    assert reach_bps(a_signal(), slow) == pytest.approx(reach_bps(a_signal(), FREE) * math.sqrt(60))
    assert combined({"ultra_short": Opinion(0.1, 0)}, 180 * SECOND, slow) == 0.1
    assert opinion(a_signal(timeframe="long"), slow).share == 0.0


@given(st.lists(st.floats(-10, 10), max_size=8), st.floats(0.1, 3), st.floats(0, 1))
def test_caps_hold_for_whatever_is_asked(shares, gross, single):
    policy = Policy(max_gross_share=gross, max_instrument_share=single)
    capped = [combined({"long": Opinion(share, 0)}, 0, policy) for share in shares]
    scale = gross_scale(capped, policy)
    assert all(abs(share) <= single for share in capped)
    assert sum(abs(share * scale) for share in capped) <= gross * (1 + 1e-12)


def test_a_target_is_restated_only_beyond_the_band():
    items = [item(n, a_signal(time_ns=n, direction=direction)) for n, direction in enumerate([0.5, 0.52, 0.9, 0.0])]
    found = told(items, no_trade_band=0.02)
    assert [len(targets) for targets in found] == [1, 0, 1, 1]
    assert found[3] == [0.0]


def test_a_lost_regime_ends_a_position_smaller_than_the_band():
    lost = a_signal(time_ns=1, direction=0.0, confidence=0.0, volatility=0.0)
    items = [item(0, a_signal(direction=0.2)), item(1, lost)]
    assert told(items, no_trade_band=0.02) == [[pytest.approx(2500.0)], [0.0]]


def test_the_target_stands_after_the_signal_it_rests_on():
    (found,) = rebalance.stage(policy=FREE).run([item(0, a_signal())])
    assert [type(message).__name__ for message in found.messages] == ["Signal", "Target"]
    assert found.tables["targets"]["reason"].to_list() == ["ultra_short +0.1250"]


def test_a_bet_that_cannot_pay_its_trades_asks_for_nothing():
    small = a_signal(confidence=0.5)
    reach = reach_bps(small, Policy())
    assert reach == pytest.approx(0.5 * YEARLY_20 * math.sqrt(HORIZON_BARS) * 1e4)
    assert opinion(small, Policy(fees=Fees(reach / 4.001))).share > 0
    assert opinion(small, Policy(fees=Fees(reach / 3.999)))[::2] == (0.0, False)


def test_a_bet_that_counts_goes_on_counting_until_half_its_entry():
    fees = Policy(fees=Fees(reach_bps(a_signal(), Policy()) / 4))
    assert opinion(a_signal(confidence=0.51), fees).share == 0.0
    assert opinion(a_signal(confidence=0.51), fees, 0.1).share > 0.0
    assert opinion(a_signal(confidence=0.49), fees, 0.1).share == 0.0
    assert opinion(a_signal(confidence=0.51), fees, -0.1).share == 0.0


def test_noise_at_the_border_of_paying_does_not_flip_the_target():
    fee_bps = reach_bps(a_signal(), Policy()) / 4
    sure = [1.0, 0.9, 1.0, 0.9, 0.8, 1.0, 0.7]
    items = [item(n, a_signal(time_ns=n, confidence=confidence)) for n, confidence in enumerate(sure)]
    assert [len(targets) for targets in told(items, fees=Fees(fee_bps), no_trade_band=0.05)] == [1, 0, 0, 0, 0, 0, 0]


def test_one_second_bets_of_a_quiet_market_are_not_worth_the_default_fees():
    assert told([item(0, a_signal(volatility=0.065 / math.sqrt(YEAR_S)))], fees=Policy().fees) == [[]]


def test_an_opinion_ends_by_time_alone_when_no_signal_comes():
    quiet = [item(n, quote("AAAUSDT", n * SECOND, 1.0, 2.0)) for n in range(1, 6)]
    assert told([item(0, a_signal()), *quiet]) == [[pytest.approx(12_500.0)], [], [], [], [0.0], []]


def test_a_signal_older_than_the_one_that_stands_is_not_heard():
    items = [item(0, a_signal(time_ns=SECOND)), item(1, a_signal(time_ns=0, direction=-1.0))]
    assert told(items) == [[pytest.approx(12_500.0)], []]


def test_a_volatility_next_to_nothing_asks_for_nothing():
    assert opinion(a_signal(volatility=5e-324), FREE).share == 0.0


@pytest.mark.parametrize("wrong", [{"capital": 0.0}, {"target_volatility": math.nan}, {"no_trade_band": 1.1}])
def test_a_policy_out_of_range_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Policy(**wrong)
