"""The account as the venue tells it, also to a machine whose clock was wrong for a while."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from market.clock import MILLISECOND_NS, SECOND_NS, ManualClock
from market.messages import AnyMessage, Fill, OrderState, OrderUpdate, Side, Statement
from sinks.orders.account import LATE_S, OVERLAP_S, WHOSE_S, Books, Fills, UntoldError
from sinks.orders.doubt import Make
from sinks.orders.pending import Orders, Pending, Stage
from venues.orders import Answered, OrderVenue, Verb, Verdict

TOLD = Statement(
    venue="v", instrument="", time_ns=0, account="a", cause="asked", positions=(), open_orders=(), cash=0.0
)
HOUR_MS = 3_600_000
FILLED = Fill(
    venue="v", instrument="X", time_ns=10 * HOUR_MS * MILLISECOND_NS, fill_id="f", client_order_id="",
    venue_order_id="7", side=Side.BUY, price=1.0, size=1.0, fee=0.0, account="a",
)  # fmt: skip


def venue(stale_s: float = 0.0) -> OrderVenue:
    made: dict[str, Any] = {
        "capability": SimpleNamespace(stale_s=stale_s),
        "name": "v",
        "account": "a",
        "fills_since": lambda since_ms, _now_ms: SimpleNamespace(verb=Verb.FILLS, since_ms=since_ms),
        "open_orders": lambda _now_ms: SimpleNamespace(verb=Verb.OPEN_ORDERS),
        "account_state": lambda _now_ms: (SimpleNamespace(verb=Verb.ACCOUNT),),
        "query": lambda _instrument, name, _now_ms: SimpleNamespace(verb=Verb.QUERY, name=name),
    }
    return cast("OrderVenue", SimpleNamespace(**made))


@pytest.mark.parametrize(("stale_s", "overlap_s"), [(0.0, OVERLAP_S), (5.0, 5.0 + LATE_S)])
def test_fills_are_asked_for_from_where_they_are_known_though_the_clock_went_ahead_and_back(
    stale_s: float, overlap_s: float
) -> None:
    since: list[int] = []

    async def ask(make: Make) -> Answered:
        request = make(0)
        if request.verb is Verb.FILLS:
            since.append(request.since_ms)
        return Answered(Verdict.DONE, (TOLD,) if request.verb is Verb.ACCOUNT else ())

    clock, start_ms = ManualClock(10 * HOUR_MS * MILLISECOND_NS), 10 * HOUR_MS
    books = Books(venue(stale_s), Orders(), Fills(start_ms), clock, ask=ask, at_once=4, hear=lambda _: None)
    for now_ms in (start_ms, start_ms + HOUR_MS, start_ms + 1_000, start_ms + 2_000):
        clock.time_ns = now_ms * MILLISECOND_NS
        asyncio.run(books.look("timer"))
    assert [each - start_ms + 1_000 * overlap_s for each in since] == [0, 0, 1_000, 1_000]


def test_fills_are_remembered_as_long_as_they_can_be_listed_again() -> None:
    fills = Fills(0)
    told = [msgspec.structs.replace(FILLED, fill_id=str(ms), time_ns=ms * MILLISECOND_NS) for ms in range(5)]
    assert [fills.is_new(fill) for fill in told + told] == [True] * 5 + [False] * 5
    fills.forget(3)
    assert [fills.is_new(fill) for fill in told] == [True] * 3 + [False] * 2


class Account:
    """One fill that names its order by number, and orders in doubt: two of its instrument, one of another."""

    def __init__(self, **answers: Verdict) -> None:
        self.answers, self.asked, self.told = answers, list[str](), list[AnyMessage]()
        self.clock, self.orders = ManualClock(10 * HOUR_MS * MILLISECOND_NS), Orders()
        for name, instrument in (("o1", "X"), ("o2", "X"), ("o3", "Y")):
            now_ns = self.clock.monotonic_ns()
            self.orders.add(Pending(name, instrument, Stage.DOUBT, last_sent_ns=now_ns))
        self.fills = Fills(10 * HOUR_MS)
        self.books = Books(venue(), self.orders, self.fills, self.clock, ask=self.ask, at_once=2, hear=self.hear)

    async def ask(self, make: Make) -> Answered:
        request = make(0)
        if request.verb is Verb.QUERY:
            self.asked.append(request.name)
            verdict = self.answers[request.name]
            return Answered(verdict, (self.update(request.name),) if verdict is Verdict.DONE else ())
        return Answered(Verdict.DONE, {Verb.ACCOUNT: (TOLD,), Verb.FILLS: (FILLED,)}.get(request.verb, ()))

    def update(self, name: str) -> OrderUpdate:
        return OrderUpdate(
            venue="v", instrument="X", time_ns=0, account="a", client_order_id=name, state=OrderState.FILLED,
            venue_order_id=name, origin="query",
        )  # fmt: skip

    def hear(self, said: Any) -> None:
        for message in said:
            if isinstance(message, OrderUpdate):
                self.orders.heard(message)
            if not isinstance(message, Fill) or self.fills.is_new(message):
                self.told.append(message)

    def look(self) -> None:
        asyncio.run(self.books.look("start"))


def test_before_a_trade_is_told_the_orders_that_it_may_be_of_are_asked_after() -> None:
    account = Account(o1=Verdict.DONE, o2=Verdict.MISSING)
    account.look()
    assert account.asked == ["o1", "o2"]
    assert account.told == [account.update("o1"), FILLED]
    account.look()
    assert account.asked == ["o1", "o2"], "the trade is known"


@pytest.mark.parametrize("silent", [Verdict.IN_DOUBT, Verdict.REFUSED])
def test_a_trade_waits_for_an_order_without_an_answer_but_not_for_ever(silent: Verdict) -> None:
    account = Account(o1=silent, o2=Verdict.DONE)
    with pytest.raises(UntoldError, match="a trade may be of order o1"):
        account.look()
    assert account.told == [account.update("o2")], "what was answered is not asked again"
    account.clock.time_ns += round((WHOSE_S - 1) * SECOND_NS)
    with pytest.raises(UntoldError):
        account.look()
    account.clock.time_ns += 2 * SECOND_NS
    account.look()
    assert account.asked == ["o1", "o2", "o1", "o1"]
    assert account.told == [account.update("o2"), FILLED]
