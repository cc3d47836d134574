import math
import random

import msgspec
import numpy as np
import pytest

from market.decisions import Decisions, Standing
from market.messages import Problem, Solution, decode, encode
from operators.portfolio import propose
from operators.portfolio.estimate import Manner
from operators.portfolio.problem import TOLERATED, Facts, flaw, targets_of, usage
from tests.operators.portfolio.test_estimate import MANNER, POLICY, START, a_quote, a_signal, market

ACTIVE = Standing("paper", 100_000.0, 0.0, "active")


def items(stream, standing=ACTIVE, *sizes):
    """sizes: of what is held of one instrument, one after the other; the last one stays."""
    return [
        Decisions("trading/0", number, START, messages, standing=standing and standing._replace(held=held))
        for number, messages in enumerate(stream)
        for held in [{"v|AAA": sizes[min(number, len(sizes) - 1)]} if sizes else {}]
    ]


def problems(found):
    return [message for item in found for message in item.messages if isinstance(message, Problem)]


def run(stream, *sizes, standing=ACTIVE, limits=propose.LIMITS):
    return propose.stage(manner=MANNER, policy=POLICY, limits=limits).run(items(stream, standing, *sizes))


def test_a_problem_carries_the_row_it_was_made_of_and_the_positions_of_the_account():
    found = problems(run(market(1, 900), -30.0))
    assert found
    for one in found:
        assert one.current[one.names.index("v|AAA")] == pytest.approx(-0.03, rel=0.02)
    rows = run(market(1, 900))
    for item in rows:
        assert all(one.request == item.offset for one in problems([item]))
        assert ("rebalances" in item.tables) or not problems([item])


def test_a_closed_position_is_forgotten():
    found = problems(run(market(1, 900), -30.0, 0.0))
    assert found[0].current == (0.0,) * 4


@pytest.mark.parametrize(
    "standing",
    [
        None,
        ACTIVE._replace(state="halted"),
        ACTIVE._replace(state="reducing"),
        ACTIVE._replace(account="another"),
        ACTIVE._replace(equity=-1.0),
        ACTIVE._replace(equity=math.nan),
    ],
)
def test_an_account_that_is_not_active_or_has_nothing_asks_for_nothing(standing):
    found = run(market(1, 900), standing=standing)
    assert problems(found) == []
    assert all("rebalances" not in item.tables for item in found)


def test_a_portfolio_beyond_its_limits_asks_at_once():
    found = run(market(1, 500), 1_200.0)
    rows = [item.tables["rebalances"].row(0, named=True) for item in found if "rebalances" in item.tables]
    assert (rows[0]["trigger"], rows[0]["decision"]) == ("risk", "trade")
    assert rows[0]["risk"] == pytest.approx(1.2 / TOLERATED, rel=0.02)


NUMBERS = [0.0, -1.0, 1.0, 100.0, 1e-300, 1e300, 1.7e308, 5e-324, math.nan, math.inf, -math.inf]


def junk(rng, time_ns):
    """A message with numbers that nobody would send."""
    symbol, some = rng.choice(["AAA", "BBB", "ZZZ"]), lambda: rng.choice(NUMBERS)
    kind = rng.randrange(3)
    if kind == 0:
        numbers = {name: some() for name in ("bid_price", "ask_price", "bid_size", "ask_size", "lot_size")}
        return a_quote(symbol, time_ns, 100.0, contract_size=some(), inverse=rng.random() < 0.5, **numbers)
    if kind == 1:
        return a_signal(symbol, time_ns, some(), confidence=some(), volatility=some())
    return msgspec.structs.replace(a_solution((some(), some())), account="paper")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["shrinkage", "dcc"])
def test_no_number_stops_it_or_makes_a_problem_that_is_not_sound_about_risk(seed, kind):
    rng = random.Random(seed)
    stream = []
    for number, messages in enumerate(market(seed, 400)):
        more = [junk(rng, messages[0].time_ns + 50) for _ in range(rng.choice([0, 0, 1, 3]))]
        equity = rng.choice(NUMBERS) if rng.random() < 0.1 else 100_000.0
        held = {name: rng.choice([*NUMBERS, 3.0, -40.0]) for name in ("v|AAA", "v|BBB", "v|ZZZ") if rng.random() < 0.5}
        limits = {name: rng.choice(NUMBERS) for name in ("gross", "instrument", "v|AAA") if rng.random() < 0.2}
        standing = ACTIVE._replace(equity=equity, held=held, limits=limits, risk=rng.choice([0.0, 0.0, 2.0, math.nan]))
        stream.append(Decisions("trading/0", number, START, (*messages, *more), standing=standing))
    manner = Manner(**(vars(MANNER) | {"covariance": kind}))
    found = problems(propose.stage(manner=manner, policy=POLICY).run(stream))
    assert found
    for one in found:
        packed = np.zeros((len(one.names),) * 2)
        packed[np.tril_indices(len(one.names))] = one.covariance
        assert np.isfinite(packed).all()
        assert np.linalg.eigvalsh(packed)[0] > 0
        assert np.isfinite(one.expected).all()
        assert all(0 <= value <= 1 for value in one.confidence)
        assert all(0 <= value <= POLICY.max_instrument_share for value in one.caps)
        assert decode(encode(one)) == one  # the journal knows no number that is not finite


def test_the_tighter_of_the_settings_limits_and_the_accounts_count():
    standing = ACTIVE._replace(limits={"gross": 20_000.0, "instrument": 9_000.0, "v|AAA": 4_000.0})
    book = propose.book_of(standing, {}, {"gross": 1.0, "net": 0.1})
    assert book.limits == {"gross": 0.2, "net": 0.1, "instrument": 0.09}
    assert book.caps == {"v|AAA": 0.04}
    loose = propose.book_of(ACTIVE._replace(limits={"gross": 1e9}), {}, {"gross": 1.0})
    assert loose.limits == {"gross": 1.0}
    odd = propose.book_of(ACTIVE._replace(limits={"gross": math.nan, "v|AAA": -1.0}), {}, {"gross": 1.0})
    assert (odd.limits, odd.caps) == ({"gross": 0.0}, {"v|AAA": 0.0})
    (first, *_) = problems(run(market(1, 900), standing=standing))
    assert first.caps[first.names.index("v|AAA")] == pytest.approx(0.04)
    assert first.limits["gross"] == 0.2


def test_beyond_its_limit_of_risk_gross_is_to_shrink_by_as_much():
    held = {"v|AAA": 30_000.0, "v|BBB": -10_000.0}
    assert propose.book_of(ACTIVE._replace(risk=1.6), held, {"gross": 1.0}).limits["gross"] == pytest.approx(0.9 * 0.25)
    assert propose.book_of(ACTIVE._replace(risk=math.inf), held, {"gross": 1.0}).limits["gross"] == 0.0
    for risk in (0.9, math.nan):  # what nobody has measured is answered by the limits in force
        assert propose.book_of(ACTIVE._replace(risk=risk), held, {"gross": 1.0}).limits["gross"] == 1.0


def test_one_measure_of_risk_is_answered_once_however_often_it_is_told():
    risky = ACTIVE._replace(risk=1.5)
    asked = problems(run(market(1, 900), -30.0, standing=risky))
    assert asked[0].limits["gross"] == pytest.approx(0.9 * 0.03 / 1.5, rel=0.02)
    at = asked[0].request
    assert len(asked) > 10  # as long as nothing was sold
    stream = market(1, 900)
    found = run(stream, *[-30.0] * (at + 3), -18.0, standing=risky)
    late = [item.tables["rebalances"].row(0, named=True) for item in found[at + 4 :] if "rebalances" in item.tables]
    assert [row for row in late if row["trigger"] == "risk"] == []


def test_what_is_not_answered_in_time_calls_again_and_what_is_answered_does_not():
    first, second, *_ = problems(run(market(1, 900)))
    assert (second.time_ns - first.time_ns) / 1e9 == MANNER.answer_s + MANNER.step_s
    answer = a_solution((0.0,) * 4, names=first.names, request=first.request, time_ns=first.time_ns)
    stream = items(market(1, 900))
    heard = stream[first.request + 1]
    for followed in (targets_of(answer, life_ns=50), []):
        stream[first.request + 1] = heard._replace(messages=(answer, *followed, *heard.messages))
        found = problems(propose.stage(manner=MANNER, policy=POLICY).run(stream))
        assert (len(found) == 1) == bool(followed)


def facts(*current):
    n = len(current)
    none = np.zeros(n)
    covariance = np.diag(np.full(n, 0.04))
    return Facts(tuple("abcdef"[:n]), none == 0, none, none, covariance, np.array(current), none, none, none, none)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, 0.0), ({"gross": 1.0}, 0.8), ({"net": 0.1}, 4.0), ({"instrument": 0.3}, 2.0),
        ({"volatility": 0.2}, math.sqrt(0.36 + 0.04)), ({"gross": 1.0, "net": 0.1, "cluster": 0.0}, 4.0),
        ({"gross": 0.0}, math.inf), ({"gross": math.nan}, math.inf),
    ],
)  # fmt: skip
def test_usage_is_the_limit_that_is_taken_most(limits, expected):
    assert usage(facts(0.6, -0.2), limits) == pytest.approx(expected / TOLERATED)
    assert usage(facts(0.0, 0.0), limits) == 0.0


def a_solution(weights, **changes):
    known = {
        "venue": "", "instrument": "", "time_ns": 7, "account": "paper", "request": 12, "rung": "relaxed",
        "reason": "turnover by 0.1", "names": ("v|AAA", "w|B|C"), "weights": weights, "duals": {}, "slack": {},
        "solver": "", "elapsed_ms": 1.0, "equity": 2_000.0,
    }  # fmt: skip
    return Solution(**(known | changes))


def test_targets_are_the_weights_of_a_solution():
    found = targets_of(a_solution((0.25, -0.5)), life_ns=50)
    assert [(one.venue, one.instrument, one.notional, one.time_ns) for one in found] == [
        ("v", "AAA", 500.0, 7),
        ("w", "B|C", -1000.0, 7),
    ]
    assert {(one.reason, one.request, one.until_ns) for one in found} == {
        ("relaxed of row 12: turnover by 0.1", 12, 57)
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weights": (math.nan, 0.0)}, "not finite"),
        ({"weights": (0.0, -math.inf)}, "not finite"),
        ({"weights": (0.0,)}, "do not agree"),
        ({"names": ("v|AAA", "v|AAA")}, "do not agree"),
        ({"names": (), "weights": ()}, "asks for nothing"),
        ({"equity": 0.0}, "equity"),
        ({"equity": math.nan}, "equity"),
        ({"equity": math.inf}, "equity"),
        ({}, ""),
    ],
)
def test_what_speaks_against_an_answer_is_told(changes, said):
    found = flaw(a_solution(**({"weights": (0.25, -0.5)} | changes)))
    assert said in found
    assert bool(found) == bool(said)
