"""The account as the venue tells it, also to a machine whose clock was wrong for a while."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from market.clock import MILLISECOND_NS, ManualClock
from market.messages import Statement
from sinks.orders.account import OVERLAP_MS, Books, Fills
from sinks.orders.doubt import Make
from sinks.orders.pending import Orders
from venues.orders import Answered, OrderVenue, Verb, Verdict

TOLD = Statement(
    venue="v", instrument="", time_ns=0, account="a", cause="asked", positions=(), open_orders=(), cash=0.0
)
HOUR_MS = 3_600_000


def venue() -> OrderVenue:
    made: dict[str, Any] = {
        "name": "v",
        "account": "a",
        "fills_since": lambda since_ms, _now_ms: SimpleNamespace(verb=Verb.FILLS, since_ms=since_ms),
        "open_orders": lambda _now_ms: SimpleNamespace(verb=Verb.OPEN_ORDERS),
        "account_state": lambda _now_ms: (SimpleNamespace(verb=Verb.ACCOUNT),),
    }
    return cast("OrderVenue", SimpleNamespace(**made))


def test_fills_are_asked_for_from_where_they_are_known_though_the_clock_went_ahead_and_back() -> None:
    since: list[int] = []

    async def ask(make: Make) -> Answered:
        request = make(0)
        if request.verb is Verb.FILLS:
            since.append(request.since_ms)
        return Answered(Verdict.DONE, (TOLD,) if request.verb is Verb.ACCOUNT else ())

    clock, start_ms = ManualClock(10 * HOUR_MS * MILLISECOND_NS), 10 * HOUR_MS
    books = Books(venue(), Orders(), Fills(start_ms), clock, ask=ask, hear=lambda _: None)
    for now_ms in (start_ms, start_ms + HOUR_MS, start_ms + 1_000, start_ms + 2_000):
        clock.time_ns = now_ms * MILLISECOND_NS
        asyncio.run(books.look("timer"))
    assert [each - start_ms + OVERLAP_MS for each in since] == [0, 0, 1_000, 1_000]
