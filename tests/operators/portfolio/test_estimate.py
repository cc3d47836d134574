import math
import pickle
import random

import msgspec
import numpy as np
import pytest

from market.fees import Fees
from market.messages import Quote, Signal, Solution
from operators.portfolio import estimate, shrinkage
from operators.portfolio.estimate import Manner
from operators.portfolio.estimate_rows import CORRELATION, REBALANCE, correlation_rows, rebalance_rows
from operators.portfolio.optimizer.inputs import inputs_of
from operators.portfolio.optimizer.preferences import Preferences
from operators.portfolio.policy import Policy
from operators.portfolio.problem import UNKNOWN_VARIANCE, Book, Facts, gain_and_cost, wanted
from operators.portfolio.skill import Prior
from operators.portfolio.triggers import Rules
from sinks.clickhouse.schema import tables

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
NAMES = [f"v|{symbol}" for symbol in SYMBOLS]
POLICY = Policy(fees=Fees(0.02))
MANNER = Manner(
    half_life_rows=100.0, warm_up_rows=30, horizon_s=600.0, block_rows=20, prior=Prior(ic=0.1),
    rules=Rules(regime_dwell_s=10.0, cooldown_s=30.0, quiet_s=120.0),
)  # fmt: skip
BOOK = Book(100_000.0, {}, 0.1, {"gross": 1.0, "net": 1.0, "cluster": 0.4})


def a_quote(symbol, time_ns, mid, **changes):
    known = {"bid_size": 5.0, "ask_size": 7.0, "valid": True, "tick_size": 0.01, "lot_size": 0.01}
    prices = {"bid_price": mid * (1 - 1e-6), "ask_price": mid * (1 + 1e-6)}
    return Quote(venue="v", instrument=symbol, time_ns=time_ns, **(known | prices | changes))


def a_signal(symbol, time_ns, direction, **changes):
    known = {"confidence": 0.9, "volatility": 1e-4, "regime": "calm/bull/random", "timeframe": "short"}
    evidence = {"probability_stressed": 0.2}
    return Signal(
        venue="v", instrument=symbol, time_ns=time_ns, direction=direction, evidence=evidence, **(known | changes)
    )


def market(seed=1, seconds=1500, symbols=SYMBOLS):
    """One list of messages a second: quotes of all, every minute a signal of each."""
    rng = np.random.default_rng(seed)
    mids = dict.fromkeys(symbols, 100.0)
    found = []
    for second in range(seconds):
        time = START + second * SECOND
        common = rng.standard_normal()
        messages = []
        for number, symbol in enumerate(symbols):
            share = 0.95 if number < 2 else 0.1
            move = share * common + math.sqrt(1 - share**2) * rng.standard_normal()
            mids[symbol] *= math.exp(1e-4 * move)
            messages.append(a_quote(symbol, time + number, mids[symbol]))
        if second % 60 == 0:
            messages += [
                a_signal(symbol, time + 9, 1.0 if number % 2 else -0.5) for number, symbol in enumerate(symbols)
            ]
        found.append(messages)
    return found


def run(stream, *, manner=MANNER, book=BOOK, policy=POLICY, cut=0):
    state = estimate.empty(manner)
    rows, verdicts, found = [], [], []
    for number, messages in enumerate(stream):
        more, judged = estimate.take(state, messages, manner, policy)
        rows, verdicts = rows + more, verdicts + judged
        decided = estimate.decide(state, book, manner, policy, account="paper", request=number)
        if decided:
            found.append(decided)
        if cut and number % cut == 0:
            state = pickle.loads(pickle.dumps(state))
    return state, rows, verdicts, found


def test_the_problem_is_sound_and_rests_on_what_was_seen():
    _, rows, _, found = run(market())
    problem = next(one.problem for one in reversed(found) if one.problem)
    assert problem.names == tuple(NAMES)
    assert problem.account == "paper"
    inputs, wrong = inputs_of(problem, Preferences())
    assert wrong.all == []
    seen = [row for row in rows if row.time_ns <= problem.time_ns]
    alone = shrinkage.empty(4, half_life_rows=100.0, warm_up_rows=30)
    for row in seen:
        shrinkage.update(alone, row.returns)
    np.testing.assert_allclose(inputs.covariance, shrinkage.matrix(alone) * 60.0, rtol=1e-12)
    assert problem.half_spread == pytest.approx([1e-6 + 2e-6] * 4)
    assert problem.impact == pytest.approx([1e-6 * math.sqrt(100_000 / 600)] * 4, rel=0.02)
    assert problem.lot == pytest.approx([1e-5] * 4, rel=0.05)
    assert problem.min_notional == pytest.approx([1e-4] * 4)
    assert problem.caps == (POLICY.max_instrument_share,) * 4
    assert problem.limits == BOOK.limits
    assert problem.regime == "calm/bull/random"
    assert list(problem.groups.values()) == [(0, 1)]
    assert problem.confidence == pytest.approx([0.9 / 4] * 4, rel=0.05)
    assert [math.copysign(1, value) for value in problem.expected] == [-1, 1, -1, 1]


def test_nothing_is_asked_before_the_covariance_is_ready():
    _, rows, _, found = run(market())
    assert found[0].decision.facts.time_ns == rows[29].time_ns
    assert len(rows) == 148


def test_it_goes_on_from_a_pickle_to_the_bit():
    whole, cut = run(market(2)), run(market(2), cut=13)
    assert [repr(row) for row in whole[1]] == [repr(row) for row in cut[1]]
    assert repr(whole[2]) == repr(cut[2])
    assert whole[3] == cut[3]
    assert repr(whole[0]) == repr(cut[0])


def test_how_messages_are_cut_into_rows_does_not_matter_to_what_is_measured():
    stream = market(3, 600)
    messages = [message for row in stream for message in row]
    rng = random.Random(1)
    other, place = [], 0
    while place < len(messages):
        size = rng.randint(0, 30)
        other.append(messages[place : place + size])
        place += size
    one, two = run(stream), run(other)
    assert [repr(row) for row in one[1]] == [repr(row) for row in two[1]]
    assert repr(one[2]) == repr(two[2])
    assert repr(one[0].model) == repr(two[0].model)
    assert one[0].learnt == two[0].learnt
    assert one[0].clusters == two[0].clusters


def test_nothing_is_bet_on_signals_that_were_never_measured():
    _, _, _, found = run(market(4), manner=Manner(**(vars(MANNER) | {"prior": Prior()})))
    asked = [one.problem for one in found if one.problem]
    assert all(max(map(abs, problem.expected)) < 2e-6 for problem in asked)
    first = found[0].decision
    assert (first.trigger, first.trades) == ("regime", False)
    assert first.reason.endswith("nothing to change")


def test_what_is_held_and_never_measured_may_only_shrink():
    stream = market(5)
    late = [[a_quote("EEE", row[0].time_ns + 5, 50.0)] if number > 1400 else [] for number, row in enumerate(stream)]
    joined = [row + more for row, more in zip(stream, late, strict=True)]
    book = BOOK._replace(held={"v|EEE": 9_000.0, "v|AAA": -1_000.0}, risk=1.5)
    _, _, _, found = run(joined, book=book)
    problem = found[-1].problem
    place = problem.names.index("v|EEE")
    assert problem.caps[place] == pytest.approx(0.09)
    assert problem.current[place] == pytest.approx(0.09)
    assert problem.expected[place] == 0.0
    inputs, wrong = inputs_of(problem, Preferences())
    assert wrong.all == []
    assert inputs.covariance[place, place] == UNKNOWN_VARIANCE
    assert (np.delete(inputs.covariance[place], place) == 0).all()


def test_an_instrument_whose_book_is_lost_is_left_out_or_kept_as_it_is():
    stream = [
        [one for one in row if not (number > 1000 and one.instrument == "BBB" and isinstance(one, Quote))]
        for number, row in enumerate(market(6))
    ]
    _, _, _, found = run(stream, book=BOOK._replace(risk=2.0))
    assert found[-1].problem.names == ("v|AAA", "v|CCC", "v|DDD")
    _, _, _, found = run(stream, book=BOOK._replace(risk=2.0, held={"v|BBB": -3_000.0}))
    assert found[-1].problem.names == tuple(NAMES)
    assert found[-1].problem.caps == pytest.approx((0.25, 0.03, 0.25, 0.25))


def test_what_is_wanted_is_the_optimum_where_no_cap_binds_and_keeps_them_where_one_does():
    rng = np.random.default_rng(1)
    for _ in range(50):
        factors = rng.standard_normal((5, 9)) * 1e-3
        covariance, expected = factors @ factors.T, 1e-5 * rng.standard_normal(5)
        none = np.zeros(5)
        facts = Facts(tuple("abcde"), none == 0, expected, none, covariance, none, none, none, none, none + 1e9)
        best = np.linalg.solve(covariance, expected) / 10.0
        np.testing.assert_allclose(wanted(facts, 10.0, 1e9), best, rtol=1e-6)
        kept = wanted(facts._replace(caps=none + 0.1), 10.0, 0.3)
        assert np.abs(kept).max() <= 0.1 + 1e-12
        assert np.abs(kept).sum() <= 0.3 + 1e-12
        assert gain_and_cost(facts, kept, 10.0)[0] >= 0


def test_a_risk_breach_asks_again_and_again_until_it_is_gone():
    _, rows, _, found = run(market(7), book=BOOK._replace(risk=1.2))
    assert all(one.decision.trigger == "risk" and one.problem for one in found)
    assert len(found) == len(rows) - 29


def test_a_position_within_its_cap_is_beyond_what_a_stressed_or_unknown_regime_leaves():
    state, *_ = run(market(8, 600))
    book = BOOK._replace(held={"v|AAA": 0.2 * BOOK.equity})
    found = {}
    for state.regime in ("calm/bull/trending", "stressed/bull/trending", "unknown"):
        facts = estimate._facts(state, book, MANNER, POLICY)
        found[state.regime] = estimate._judged(state, facts, facts.current, book, MANNER, POLICY).over
    assert list(found.values()) == [False, True, True]


def test_what_is_wanted_drifts_only_until_it_was_asked_for():
    _, _, _, found = run(market(7, 500), book=BOOK._replace(risk=1.2))
    drifts = [one.decision.facts.drift for one in found]
    assert drifts[0] > 0.2
    assert max(drifts[1:6]) < 0.05


def test_drift_is_against_what_the_solver_asked_for():
    state, *_ = run(market(8, 600))
    solution = Solution(
        venue="", instrument="", time_ns=START, account="paper", request=1, rung="optimal", reason="", names=("v|AAA",),
        weights=(0.2,), duals={}, slack={}, solver="", elapsed_ms=1.0, equity=1_000.0,
    )  # fmt: skip
    estimate.solved(state, solution)
    estimate.solved(state, msgspec.structs.replace(solution, weights=(math.nan,)))
    estimate.solved(state, msgspec.structs.replace(solution, weights=(0.1, 0.2)))
    state.wanted = {}
    state.due = True
    facts = estimate._facts(state, BOOK, MANNER, POLICY)
    assert estimate._judged(state, facts, np.zeros(4), BOOK, MANNER, POLICY).drift == pytest.approx(0.2)


@pytest.mark.parametrize("equity", [0.0, -5.0, math.nan, math.inf])
def test_without_equity_nothing_is_asked(equity):
    assert run(market(9, 600), book=BOOK._replace(equity=equity, risk=9.0))[3] == []


def test_quotes_and_signals_that_are_none_change_nothing():
    rng = random.Random(5)
    stream = market(10, 600)
    junk = [
        a_quote("AAA", START, -1.0), a_quote("ZZZ", START, math.nan), a_quote("ZZZ", START, 5.0, valid=False),
        a_signal("NEVER", START, 1.0), a_signal("AAA", START, math.nan), a_quote("ZZZ", START, math.inf),
    ]  # fmt: skip
    dirty = [[*row, rng.choice(junk)] for row in stream]
    clean, other = run(stream), run(dirty)
    for one, two in zip(clean[1], other[1], strict=True):
        np.testing.assert_array_equal(one.returns, two.returns[:4])
        assert np.isnan(two.returns[4:]).all()
    assert [one.problem.names for one in other[3] if one.problem] == [
        one.problem.names for one in clean[3] if one.problem
    ]
    assert "v|NEVER" not in other[0].signals.heard


def test_a_late_quote_does_not_take_the_place_of_a_newer_one():
    state, *_ = run(market(14, 100))
    newest = state.quotes["v|AAA"]
    estimate.take(state, [a_quote("AAA", newest.time_ns - 1, 1.0)], MANNER, POLICY)
    assert state.quotes["v|AAA"] is newest
    estimate.take(state, [a_quote("AAA", newest.time_ns + 1, 7.0)], MANNER, POLICY)
    assert state.quotes["v|AAA"] is not newest


def test_a_state_does_not_grow_with_time():
    short, long = (len(pickle.dumps(run(market(11, seconds), book=BOOK)[0])) for seconds in (700, 1500))
    assert long <= short + 200


@pytest.mark.parametrize("kind", ["weighted", "shrinkage", "conditional", "dcc"])
def test_every_model_gives_sound_problems_while_instruments_come(kind):
    stream = [
        [one for one in row if number > 500 or one.instrument not in ("CCC", "DDD")]
        for number, row in enumerate(market(12))
    ]
    manner = Manner(**(vars(MANNER) | {"covariance": kind}))
    _, _, _, found = run(stream, manner=manner, book=BOOK._replace(risk=2.0))
    sizes = [len(one.problem.names) for one in found]
    assert sizes[0] == 2
    assert sizes[-1] == 4
    assert sizes == sorted(sizes)
    for one in found:
        assert inputs_of(one.problem, Preferences())[1].all == []


def test_rows_are_as_their_tables_say():
    state, _, verdicts, found = run(market(13))
    rows = rebalance_rows(found[0].decision, BOOK, account="paper", instruments=4, receive_time=5, offset=7)
    assert rows.columns == list(REBALANCE) == list(tables()["rebalances"].columns)
    assert rows["decision"][0] in ("trade", "hold")
    rows = correlation_rows(verdicts, state.clusters, account="paper", receive_time=5, offset=7)
    assert rows.columns == list(CORRELATION) == list(tables()["correlations"].columns)
    assert len(rows) == len(verdicts) > 3
    assert rows["clusters"][0].to_list() == [{"key": "cluster-1", "value": "v|AAA, v|BBB"}]
    assert correlation_rows([], state.clusters, account="paper", receive_time=5, offset=7).is_empty()


@pytest.mark.parametrize("wrong", [{"horizon_s": 0.0}, {"answer_s": math.nan}, {"min_notional": -1.0}])
def test_a_manner_out_of_range_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Manner(**wrong)
