"""What becomes of an order, whatever the venue and the network do: told truly, and sent at most once."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flows.execute import execute
from flows.heart import Heart
from market.errors import SettingsError
from market.messages import Cancel, Fill, Link, OrderState, OrderUpdate, Statement
from sinks.orders.halt import write_halt
from tests.sinks.orders.rig import QUICK, Intended, Rig, told
from tests.sinks.orders.stub_exchange import StubExchange
from tests.sinks.orders.stub_venue import approved, venue_of

A, C, F, P, R, U, X = (
    OrderState.ACCEPTED,
    OrderState.CANCELLED,
    OrderState.FILLED,
    OrderState.PARTIALLY_FILLED,
    OrderState.REJECTED,
    OrderState.UNKNOWN,
    OrderState.EXPIRED,
)


@pytest.fixture
def exchange() -> Iterator[StubExchange]:
    with StubExchange() as running:
        yield running


def cancel(client_order_id: str) -> Cancel:
    return Cancel(venue="stub", instrument="X", time_ns=0, account="main", client_order_id=client_order_id, reason="r")


def test_the_link_is_up_only_after_the_account_was_told(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.positions["X"] = -3.0
    with Rig(tmp_path, venue_of(exchange)) as rig:
        pass
    first, *rest = rig.told()
    assert isinstance(first, Link)
    assert (first.state, first.reason) == ("down", "starting")
    kinds = [(type(m).__name__, getattr(m, "state", getattr(m, "cause", ""))) for m in rest]
    assert kinds == [("Statement", "start"), ("Link", "up"), ("Link", "down")]
    statement = next(m for m in rest if isinstance(m, Statement))
    assert [(held.instrument, held.size) for held in statement.positions] == [("X", -3.0)]
    assert (statement.cash, statement.open_orders, statement.account) == (1000.0, (), "main")


def test_an_order_is_sent_once_and_its_life_told(tmp_path: Path, exchange: StubExchange) -> None:
    intended = Intended(tmp_path)
    with Rig(tmp_path, venue_of(exchange)) as rig:
        before_ns = time.time_ns()
        intended.write(approved("rests"), approved("fills", price=200.0))
        accepted = rig.ends("rests", A)
        rig.ends("fills", F)
        exchange.fill("rests", 0.5)
        rig.ends("rests", P)
        intended.write(cancel("rests"))
        assert rig.ends("rests", C).filled == 0.5
    assert exchange.taken == ["rests", "fills"]
    assert before_ns < accepted.sent_ns <= time.time_ns()
    assert [m.client_order_id for m in rig.told() if isinstance(m, Fill)] == ["fills", "rests"]


@pytest.mark.parametrize(("fault", "ends"), [("drop", A), ("hang", A), ("500", A), ("lost", R), ("no", R)])
def test_doubt_is_ended_by_questions_and_never_by_a_second_sending(
    tmp_path: Path, exchange: StubExchange, fault: str, ends: OrderState
) -> None:
    exchange.fault = lambda verb, _: {"place": fault}.get(verb, "")
    with Rig(tmp_path, venue_of(exchange)) as rig:
        Intended(tmp_path).write(approved("one"))
        update = rig.ends("one", ends)
    assert exchange.asked.count("place") == 1
    assert len(exchange.taken) == (ends is A)
    if ends is R:
        assert rig.states("one") == [U, R]
        assert (update.reason, update.origin) == ("never arrived", "query")
        assert exchange.asked.count("query") >= 3


def test_the_stream_may_end_a_doubt_before_the_query(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.fault = lambda verb, _: {"place": "hang", "query": "no"}.get(verb, "")
    with Rig(tmp_path, venue_of(exchange)) as rig:
        Intended(tmp_path).write(approved("one", price=200.0))
        rig.ends("one", F)
    assert exchange.taken == ["one"]


def test_an_order_that_shows_itself_after_it_was_given_up_is_cancelled(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.fault = lambda verb, _: {"place": "slow"}.get(verb, "")
    exchange.late_s = 2.0
    with Rig(tmp_path, venue_of(exchange)) as rig:
        Intended(tmp_path).write(approved("late"))
        rig.ends("late", R)
        rig.ends("late", C)
    assert exchange.open == []
    assert rig.states("late") == [U, R, C] or rig.states("late") == [U, R, A, C]


def test_what_stood_in_the_journal_before_is_asked_after_and_never_sent(tmp_path: Path, exchange: StubExchange) -> None:
    intended = Intended(tmp_path)
    intended.write(approved("before"))
    with Rig(tmp_path, venue_of(exchange)) as rig:
        assert rig.ends("before", R).reason == "never arrived"
    assert exchange.taken == []
    assert "place" not in exchange.asked


@pytest.mark.parametrize(("age_s", "state"), [(3.0, X), (-60.0, X), (0.5, A)])
def test_an_old_intent_is_not_sent(tmp_path: Path, exchange: StubExchange, age_s: float, state: OrderState) -> None:
    with Rig(tmp_path, venue_of(exchange)) as rig:
        Intended(tmp_path).write(approved("one"), age_s=age_s)
        update = rig.ends("one", state)
    assert len(exchange.taken) == (state is A)
    assert update.reason == ("not sent: too old" if state is X else "")


def test_no_order_leaves_without_a_link(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.deaf = True
    with Rig(tmp_path, venue_of(exchange), up=False) as rig:
        time.sleep(0.3)
        Intended(tmp_path).write(approved("one"))
        assert rig.ends("one", R).reason.startswith("not sent: no link")
    assert exchange.taken == []


def test_no_order_leaves_while_halted_and_the_executor_ends(tmp_path: Path, exchange: StubExchange) -> None:
    with Rig(tmp_path, venue_of(exchange)) as rig:
        write_halt(tmp_path, reason="a test")
        Intended(tmp_path).write(approved("one"))
        rig.wait(lambda: rig.why == "halted", "the end")
    assert exchange.taken == []
    last = rig.told()[-1]
    assert isinstance(last, Link)
    assert (last.state, last.reason) == ("down", "halted")


def test_fills_that_a_lost_stream_did_not_tell_are_told_after_the_reconnect(
    tmp_path: Path, exchange: StubExchange
) -> None:
    with Rig(tmp_path, venue_of(exchange)) as rig:
        Intended(tmp_path).write(approved("one"))
        rig.ends("one", A)
        exchange.deaf = True
        exchange.cut_streams()
        rig.wait(lambda: len([m for m in rig.told() if isinstance(m, Link)]) == 3, "the link down")
        exchange.fill("one", 1.0)
        exchange.deaf = False
        rig.ends("one", F)
        rig.wait(lambda: len([m for m in rig.told() if isinstance(m, Link)]) == 4, "the link up")
        exchange.cut_streams()
        rig.wait(lambda: len([m for m in rig.told() if isinstance(m, Link)]) == 6, "another reconnect")
    assert [m.fill_id for m in rig.told() if isinstance(m, Fill)] == ["1"]
    assert [m.cause for m in rig.told() if isinstance(m, Statement)] == ["start", "reconnect", "reconnect"]


def test_doubled_events_are_told_once(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.fault = lambda *_: "twice"
    with Rig(tmp_path, venue_of(exchange)) as rig:
        Intended(tmp_path).write(approved("one", price=200.0))
        rig.ends("one", F)
        time.sleep(0.1)
    assert len([m for m in rig.told() if isinstance(m, Fill)]) == 1
    assert rig.states("one") in ([A, F], [F])


def test_an_end_that_the_stream_kept_to_itself_is_found_by_the_statement(
    tmp_path: Path, exchange: StubExchange
) -> None:
    exchange.fault = lambda *_: "mute"
    terms = replace(QUICK, reconcile_s=0.2)
    with Rig(tmp_path, venue_of(exchange), terms) as rig:
        Intended(tmp_path).write(approved("one"))
        rig.ends("one", A)
        exchange.orders[0].state = "cancelled"
        rig.ends("one", C)


def test_a_cancel_of_an_order_nobody_knows_is_answered(tmp_path: Path, exchange: StubExchange) -> None:
    with Rig(tmp_path, venue_of(exchange)) as rig:
        Intended(tmp_path).write(cancel("stranger"))
        assert rig.ends("stranger", R).reason == "never arrived"


def test_a_cancel_of_an_ended_order_is_answered_again(tmp_path: Path, exchange: StubExchange) -> None:
    intended = Intended(tmp_path)
    with Rig(tmp_path, venue_of(exchange)) as rig:
        intended.write(approved("one", price=200.0))
        rig.ends("one", F)
        intended.write(cancel("one"))
        rig.wait(lambda: rig.states("one").count(F) == 2, "the answer")


def test_a_refused_order_is_rejected_with_the_venues_words(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.fault = lambda verb, _: "refuse" if verb == "place" else ""
    with Rig(tmp_path, venue_of(exchange)) as rig:
        Intended(tmp_path).write(approved("one"), approved("other", venue="elsewhere"))
        assert rig.ends("one", R).reason == "we do not want it"
        assert rig.ends("other", R).reason == "not sent: this executor sends to stub"


def test_an_id_is_sent_once_however_often_it_stands_in_the_journal(tmp_path: Path, exchange: StubExchange) -> None:
    intended = Intended(tmp_path)
    with Rig(tmp_path, venue_of(exchange)) as rig:
        intended.write(approved("one", price=200.0), approved("one", price=200.0))
        intended.write(approved("one", price=200.0))
        intended.write(approved("last"))
        rig.ends("last", A)
    assert exchange.taken == ["one", "last"]


def test_more_orders_than_the_venue_allows_are_refused_here(tmp_path: Path, exchange: StubExchange) -> None:
    with Rig(tmp_path, venue_of(exchange, requests_per_minute=30)) as rig:
        Intended(tmp_path).write(*(approved(f"o{number}") for number in range(40)))
        rig.wait(lambda: rig.states("o39"), "the last one")
        reasons = [m.reason for m in rig.told() if isinstance(m, OrderUpdate) and m.state is R]
    assert set(reasons) == {"not sent: rate"}
    assert len(exchange.taken) + len(reasons) == 40
    assert 15 <= len(exchange.taken) <= 24


def test_a_new_start_asks_only_after_what_is_not_settled(tmp_path: Path, exchange: StubExchange) -> None:
    intended = Intended(tmp_path)
    with Rig(tmp_path, venue_of(exchange)) as rig:
        for number in range(20):
            intended.write(approved(f"f{number}", price=200.0))
        intended.write(approved("rests"))
        rig.ends("rests", A)
        rig.ends("f19", F)
    exchange.asked.clear()
    before = len(told(tmp_path))
    with Rig(tmp_path, venue_of(exchange)) as rig:
        rig.wait(lambda: rig.states("rests")[-1] is A, "word of the one that rests")
    assert exchange.asked.count("query") <= 1
    assert {m.client_order_id for m in rig.told()[before:] if isinstance(m, OrderUpdate)} == {"rests"}


def test_a_stop_takes_back_what_works_and_tells_so(tmp_path: Path, exchange: StubExchange) -> None:
    terms = replace(QUICK, cancel_at_stop=True)
    with Rig(tmp_path, venue_of(exchange), terms) as rig:
        Intended(tmp_path).write(approved("one"), approved("other"))
        rig.ends("one", A)
        rig.ends("other", A)
    assert exchange.open == []
    assert (rig.states("one"), rig.states("other")) == ([A, C], [A, C])


def test_a_stop_names_what_it_cannot_take_back_and_does_not_wait_for_ever(
    tmp_path: Path, exchange: StubExchange, caplog: pytest.LogCaptureFixture
) -> None:
    exchange.fault = lambda verb, _: "lost" if verb == "cancel" else ""
    with Rig(tmp_path, venue_of(exchange), replace(QUICK, cancel_at_stop=True)) as rig:
        Intended(tmp_path).write(approved("one"))
        rig.ends("one", A)
    assert "1 orders may still work at stub: one" in caplog.text
    assert exchange.open == ["one"]
    with Rig(tmp_path, venue_of(exchange)) as rig:
        rig.wait(lambda: rig.states("one")[-2:] == [U, A], "word of it after the next start")


def test_a_stop_takes_back_what_is_not_answered_yet(
    tmp_path: Path, exchange: StubExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_say", lambda *_: None)  # nor does the stream tell of it
    exchange.fault = lambda verb, _: "hang" if verb == "place" else ""
    with Rig(tmp_path, venue_of(exchange), replace(QUICK, cancel_at_stop=True, answer_s=10.0)) as rig:
        Intended(tmp_path).write(approved("one"))
        rig.wait(lambda: exchange.open == ["one"], "the order")
    assert exchange.open == []


def test_without_a_sign_of_life_of_the_trading_flow_nothing_goes_on_working(
    tmp_path: Path, exchange: StubExchange
) -> None:
    heart = Heart(tmp_path, "trading")
    heart("")
    with Rig(tmp_path, venue_of(exchange), replace(QUICK, alone_s=60.0)) as rig:
        Intended(tmp_path).write(approved("one"))
        rig.ends("one", A)
        time.sleep(0.6)  # some looks
        assert exchange.open == ["one"]
    with Rig(tmp_path, venue_of(exchange), replace(QUICK, alone_s=0.3)) as rig:
        rig.ends("one", C)
    assert exchange.open == []


def test_a_refusal_of_an_order_that_the_stream_told_of_is_not_believed(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.fault = lambda verb, _: "late no" if verb == "place" else ""
    with Rig(tmp_path, venue_of(exchange)) as rig:
        Intended(tmp_path).write(approved("one"))
        rig.ends("one", A)
        time.sleep(0.5)
        assert rig.states("one")[-1] is A
    assert R not in rig.states("one")


def test_a_venue_that_says_too_much_is_left_alone_for_a_while(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.fault = lambda verb, number: "429" if verb == "place" and number == 1 else ""
    intended = Intended(tmp_path)
    with Rig(tmp_path, venue_of(exchange)) as rig:
        intended.write(approved("one"))
        rig.wait(lambda: U in rig.states("one"), "the doubt")
        intended.write(approved("two"))
        assert rig.ends("two", R).reason == "not sent: rate"
        asked = len(exchange.asked)
        time.sleep(0.5)
        assert len(exchange.asked) == asked
    assert exchange.taken == []


def test_more_orders_than_may_be_pending_are_refused_and_cancels_are_not(
    tmp_path: Path, exchange: StubExchange
) -> None:
    intended = Intended(tmp_path)
    with Rig(tmp_path, venue_of(exchange), replace(QUICK, max_pending=2)) as rig:
        intended.write(approved("one"), approved("two"), approved("three"))
        assert rig.ends("three", R).reason == "not sent: 2 orders are pending"
        intended.write(cancel("one"))
        rig.ends("one", C)
        intended.write(approved("four"))
        rig.ends("four", A)
    assert exchange.taken == ["one", "two", "four"]


def test_two_accounts_do_not_share_a_name(tmp_path: Path, exchange: StubExchange) -> None:
    ours = venue_of(exchange)
    with Rig(tmp_path, ours):
        pass
    with pytest.raises(SettingsError, match=r"the account main is stub, account main, at 127\.0\.0\.1; its positions"):
        asyncio.run(execute(tmp_path, replace(ours, host="localhost"), QUICK, lambda: False))
    with Rig(tmp_path, replace(ours, account="other")):
        pass


def test_another_account_does_not_begin_while_orders_of_the_one_before_may_work(
    tmp_path: Path, exchange: StubExchange
) -> None:
    intended, ours = Intended(tmp_path), venue_of(exchange)
    other = replace(ours, account="other")
    with Rig(tmp_path, ours) as rig:
        intended.write(approved("one"))
        rig.ends("one", A)
    with pytest.raises(SettingsError, match=r"orders at stub, account main, at 127\.0\.0\.1, may still work"):
        asyncio.run(execute(tmp_path, other, QUICK, lambda: False))
    assert exchange.asked.count("place") == 1
    with Rig(tmp_path, ours) as rig:
        intended.write(cancel("one"))
        rig.ends("one", C)
    with Rig(tmp_path, other) as rig:
        rig.wait(lambda: sum(isinstance(m, Link) and m.state == "up" for m in rig.told()) == 3, "the link")
        intended.write(approved("two"))
        rig.ends("two", A)
