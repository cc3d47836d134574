"""Orders are asked after for as long as their end is not known, also such as come back."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from market.clock import SystemClock
from sinks.orders.doubt import Make, Pursuit
from sinks.orders.pending import Orders, Pending, Stage
from sinks.orders.terms import Terms
from venues.orders import Answered, OrderVenue, Verdict


def venue() -> OrderVenue:
    made: dict[str, Any] = {
        verb: lambda _instrument, _name, _now_ms, verb=verb: SimpleNamespace(verb=verb) for verb in ("cancel", "query")
    }
    return cast("OrderVenue", SimpleNamespace(capability=SimpleNamespace(stale_s=0.0), **made))


def test_an_order_that_comes_back_is_asked_after_though_its_old_pursuit_still_sleeps() -> None:
    async def asked_for() -> list[str]:
        asked: list[str] = []

        async def enquire(make: Make) -> Answered:
            asked.append(str(make(0).verb))
            return Answered(Verdict.IN_DOUBT)

        orders = Orders()
        pursuit = Pursuit(
            venue(), orders, Terms(), SystemClock(), random=lambda: 0.0, enquire=enquire, hear=lambda _: None
        )
        before, again = (Pending("one", "X", Stage.DOUBT) for _ in range(2))
        orders.add(before)
        pursuit.follow(before)
        await asyncio.sleep(0.05)
        orders.end("one")
        orders.revive(again)
        pursuit.cancel(again, "wanted")
        await asyncio.sleep(0.5)
        await pursuit.close()
        return asked

    assert "cancel" in asyncio.run(asked_for())
