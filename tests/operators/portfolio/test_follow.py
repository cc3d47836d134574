"""Answers of the solver at the account: followed while they may be believed, and by nobody once it stopped."""

import pytest

from market.decisions import Decisions
from market.fees import Fees
from market.messages import Solution
from operators.execution import trade
from operators.execution.paper import Venue
from operators.execution.terms import Terms
from operators.portfolio import follow
from operators.portfolio.follow import Trust
from tests.operators.portfolio.decision_stream import SECOND, START, VENUE, command, quote

NAME = f"{VENUE}|AAAUSDT"
TERMS = Terms(venue=Venue(fees=Fees(0.0), latency_ms=1.0))
TRUST = Trust(answer_s=10.0, life_s=20.0)


def answer(asked_s, *, request, weight=0.1):
    return Solution(
        venue="", instrument="", time_ns=START + asked_s * SECOND, account="paper", request=request, rung="optimal",
        reason="", names=(NAME,), weights=(weight,), duals={}, slack={}, solver="", elapsed_ms=1.0, equity=100_000.0,
    )  # fmt: skip


def ran(seconds, events=None, unusable=()):
    """A quote a second, and what comes with it, by second; every item after both stages."""
    items = []
    for second in range(1, seconds + 1):
        time = START + second * SECOND
        messages = [
            quote("AAAUSDT", time, 20_000.0, 20_000.1, valid=second not in unusable), *(events or {}).get(second, ())
        ]  # fmt: skip
        items.append(Decisions("trading/0", second, time, tuple(messages)))
    return trade.stage(terms=TERMS).run(follow.stage(trust=TRUST).run(items))


def orders(items):
    return [row["reason"] for item in items if "orders" in item.tables for row in item.tables["orders"].to_dicts()
            if row["state"] == "submitted"]  # fmt: skip


def events(items):
    return [
        row["event"] for item in items if "risk_events" in item.tables for row in item.tables["risk_events"].to_dicts()
    ]


def test_an_answer_is_traded_once():
    items = ran(30, {5: [answer(3, request=3)], 6: [answer(3, request=3)], 7: [answer(2, request=2, weight=-0.2)]})
    assert orders(items) == ["optimal of row 3"]
    told = [
        row["refused"] for item in items if "solutions" in item.tables for row in item.tables["solutions"].to_dicts()
    ]
    assert told == ["", "row 3 is answered already", "row 3 is answered already"]


@pytest.mark.parametrize(("second", "traded"), [(13, 1), (14, 0)])
def test_an_answer_that_is_too_old_is_not_traded(second, traded):
    assert len(orders(ran(30, {second: [answer(3, request=3)]}))) == traded


@pytest.mark.parametrize("action", ["halt", "reduce"])
def test_what_was_asked_before_the_account_stopped_is_not_traded_after_it(action):
    time = START + 4 * SECOND
    stopped = {4: [command(time, action)], 5: [command(time + SECOND, "resume")], 6: [answer(3, request=3)]}
    items = ran(30, stopped)
    assert orders(items) == []
    assert events(items).count("dropped") == 1
    again = ran(30, stopped | {9: [answer(8, request=8)]})
    assert orders(again) == ["optimal of row 8"]


@pytest.mark.parametrize("action", ["halt", "reduce"])
def test_an_answer_that_stands_is_forgotten_when_the_account_stops(action):
    # No quote can be traded on until the account is stopped and resumed; the answer is still young then.
    time = START + 6 * SECOND
    said = {4: [answer(3, request=3)], 6: [command(time, action)], 7: [command(time + SECOND, "resume")]}
    assert orders(ran(30, said, unusable=range(4, 9))) == []
    del said[6], said[7]
    assert orders(ran(30, said, unusable=range(4, 9))) == ["optimal of row 3"]


@pytest.mark.parametrize(("until", "traded"), [(22, 1), (24, 0)])
def test_what_was_not_done_within_its_life_is_not_done(until, traded):
    assert len(orders(ran(30, {4: [answer(3, request=3)]}, unusable=range(4, until)))) == traded


@pytest.mark.parametrize("wrong", [{"answer_s": 0.0}, {"life_s": 5.0}, {"answer_s": float("nan")}])
def test_trust_is_finite_and_in_order(wrong):
    with pytest.raises(ValueError, match="must be finite"):
        Trust(**wrong)
