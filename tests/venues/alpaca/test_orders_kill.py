"""The kill switch at the stub of Alpaca: suspended, cancelled, flat, and nothing stands when it is acknowledged."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from flows.kill.kill import Kill
from flows.kill.target import Target
from flows.kill.terms import Outcome, Terms
from market.clock import SystemClock
from tests.sinks.orders.rig import Intended
from tests.venues.alpaca.case import approved, venue_at
from tests.venues.alpaca.stub import Fault, Faults, Stub, served
from venues.alpaca.orders import CAPABILITY

TERMS = Terms(within_s=20.0, settle_s=0.3, unstamped_s=0.6, round_s=0.05)
ORDER = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "limit", "time_in_force": "day", "limit_price": "128.4"}


def killed(data: Path, stub: Stub, *, flatten: bool) -> Outcome:
    venue = replace(venue_at(stub.url), capability=replace(CAPABILITY, requests_per_minute=600_000))
    said: list[str] = []
    kill = Kill(data, lambda: Target(venue), TERMS, SystemClock(), reason="test", flatten=flatten, say=said.append)
    return asyncio.run(kill.run())


def market(stub: Stub) -> None:
    """Three orders that stand, one of a stranger; a long position and a short one."""
    for name in ("bg-1", "bg-2", "stranger"):
        stub.broker.submit({**ORDER, "client_order_id": name})
    stub.broker.fill(stub.broker.named("bg-1"), Decimal(4), Decimal("128.3"))
    stub.broker.held["BTCUSD"] = (Decimal("0.123456789"), Decimal(61_000))
    stub.broker.held["TSLA"] = (Decimal(-7), Decimal(300))


@pytest.mark.parametrize(
    ("flatten", "faults"),
    [
        (False, []),
        (True, [("PATCH", "504 after"), ("DELETE", "504 after"), ("GET", "503 before"), ("GET", "cut after")]),
        (True, [("DELETE", "504 before"), ("DELETE", "429"), ("PATCH", "429"), ("GET", "garbage after")]),
    ],
    ids=["calm", "after", "before"],
)
def test_nothing_stands_when_a_kill_is_acknowledged(
    tmp_path: Path, flatten: bool, faults: list[tuple[str, Fault]]
) -> None:
    with served(faults=Faults(next=list(faults))) as stub:
        market(stub)
        Intended(tmp_path).write(approved("bg-1"), approved("bg-2"), approved("never-sent"))
        outcome = killed(tmp_path, stub, flatten=flatten)
        assert outcome.acknowledged, outcome.problems
        assert stub.broker.listed({"status": "open"})[1] == []
        assert stub.broker.submit({**ORDER, "client_order_id": "late"})[0] == 403, "the account takes no order"
        left = {symbol: size for symbol, (size, _) in stub.broker.held.items() if size}
        assert set(left) == (set() if flatten else {"AAPL", "BTCUSD", "TSLA"})
        closed = {"AAPL": 4.0, "BTC/USD": 0.123456789, "TSLA": -7.0}
        assert outcome.closed == (closed if flatten else {})
        assert stub.posted == [], "a kill places no order by itself"
