"""The whole way: intents in the orders journal, the executor, the stub of Alpaca, the trading journal; and back."""

import os
import random
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from market.messages import Cancel, Fill, Link, OrderState, OrderUpdate, Statement
from sinks.orders.terms import Terms
from tests.sinks.orders.rig import Intended, Rig, named_fills, told
from tests.venues.alpaca.broker import Broker
from tests.venues.alpaca.case import approved, venue_at
from tests.venues.alpaca.stub import KEY, SECRET, Fault, Faults, Stub, served
from venues.alpaca.order_read import ENDED
from venues.alpaca.orders import CAPABILITY, AlpacaOrders

ENDS = set(ENDED.values())
TERMS = Terms(answer_s=0.4, connect_s=1.0, never_arrived_s=0.6, reconcile_s=0.7, rest_s=0.001, cancel_at_stop=False)
ORDERS = 150


def venue_of(stub: Stub) -> AlpacaOrders:
    """Without the limit of requests, which a test cannot wait for."""
    venue = replace(venue_at(stub.url), capability=replace(CAPABILITY, requests_per_minute=600_000))
    venue.warm()
    return venue


def final(messages: list[Any]) -> dict[str, OrderUpdate]:
    """The last word on each order."""
    return {message.client_order_id: message for message in messages if isinstance(message, OrderUpdate)}


def cancel(name: str, symbol: str = "AAPL") -> Cancel:
    return Cancel(venue="alpaca-iex", instrument=symbol, time_ns=0, account="main", client_order_id=name, reason="test")


def test_an_order_lives_and_ends_and_a_cancel_finds_its_order(tmp_path: Path) -> None:
    with served() as stub, Rig(tmp_path, venue_of(stub), TERMS) as rig:
        intended = Intended(tmp_path)
        intended.write(approved("bg-1"), approved("bg-2", "BTC/USD", 0.25, 61_000.5))
        for name in ("bg-1", "bg-2"):
            rig.ends(name, OrderState.ACCEPTED)
        stub.broker.fill(stub.broker.named("bg-2"), Decimal("0.1"), Decimal(61_000))
        stub.broker.fill(stub.broker.named("bg-2"), Decimal("0.15"), Decimal(61_000))
        rig.ends("bg-2", OrderState.FILLED)
        intended.write(cancel("bg-1"))
        assert rig.ends("bg-1", OrderState.CANCELLED).filled == 0.0
    fills = [message for message in rig.told() if isinstance(message, Fill)]
    assert [(fill.instrument, fill.size, fill.client_order_id) for fill in fills] == [
        ("BTC/USD", 0.1, "bg-2"),
        ("BTC/USD", 0.15, "bg-2"),
    ]
    assert stub.posted == ["bg-1", "bg-2"]


def test_the_subscription_waits_for_the_login(tmp_path: Path) -> None:
    with served(faults=Faults(login_s=0.1)) as stub, Rig(tmp_path, venue_of(stub), TERMS) as rig:
        Intended(tmp_path).write(approved("bg-1"))
        rig.ends("bg-1", OrderState.ACCEPTED)


def test_an_executor_that_knows_no_ids_cancels_what_an_earlier_one_placed(tmp_path: Path) -> None:
    with served() as stub:
        intended = Intended(tmp_path)
        with Rig(tmp_path, venue_of(stub), TERMS) as rig:
            intended.write(approved("bg-1"))
            rig.ends("bg-1", OrderState.ACCEPTED)
        with Rig(tmp_path, venue_of(stub), TERMS) as rig:
            intended.write(cancel("bg-1"))
            rig.ends("bg-1", OrderState.CANCELLED)
        assert stub.posted == ["bg-1"]
        assert stub.broker.named("bg-1")["status"] == "canceled"


def test_fills_of_a_time_when_nobody_listened_are_told_after_whose_they_are(tmp_path: Path) -> None:
    with served() as stub:
        intended = Intended(tmp_path)
        with Rig(tmp_path, venue_of(stub), TERMS) as rig:
            intended.write(approved("bg-1"))
            rig.ends("bg-1", OrderState.ACCEPTED)
        stub.broker.fill(stub.broker.named("bg-1"), Decimal(10), Decimal("128.25"))
        stub.broker.paid("DIV", "3.5", "AAPL")
        with Rig(tmp_path, venue_of(stub), TERMS) as rig:
            rig.ends("bg-1", OrderState.FILLED)
    (fill,) = named_fills(told(tmp_path))
    assert (fill.client_order_id, fill.size, fill.price) == ("bg-1", 10.0, 128.25)
    statement = [message for message in told(tmp_path) if isinstance(message, Statement)][-1]
    assert [(held.instrument, held.size) for held in statement.positions] == [("AAPL", 10.0)]
    assert statement.cash == float(stub.broker.cash) == 100_000 - 1_282.5 + 3.5


def test_a_refusal_is_told_in_alpaca_s_words_and_a_suspended_account_takes_nothing(tmp_path: Path) -> None:
    with served() as stub, Rig(tmp_path, venue_of(stub), TERMS) as rig:
        intended = Intended(tmp_path)
        intended.write(approved("poor", size=1e6), approved("strange", "NOSUCH"), approved("odd", size=0.0))
        assert "insufficient buying power" in rig.ends("poor", OrderState.REJECTED).reason
        assert "not found" in rig.ends("strange", OrderState.REJECTED).reason
        assert rig.ends("odd", OrderState.REJECTED).reason.startswith("not sent: the size of AAPL")
        stub.broker.configuration["suspend_trade"] = True
        intended.write(approved("late"))
        assert "by user request" in rig.ends("late", OrderState.REJECTED).reason
        assert stub.broker.orders == {}


def test_a_key_of_another_account_never_sends(tmp_path: Path) -> None:
    with served() as stub:
        venue = replace(venue_of(stub), account_number="PA3ANOTHER")
        intended = Intended(tmp_path)
        with Rig(tmp_path, venue, TERMS, up=False) as rig:
            rig.wait(lambda: any(isinstance(message, Link) for message in rig.told()), "the executor")
            intended.write(approved("bg-1"))
            assert "no link" in rig.ends("bg-1", OrderState.REJECTED).reason
        assert stub.posted == []


@pytest.mark.parametrize("seed", range(1, 1 + int(os.environ.get("BAROGRAPH_ORDER_FAULTS", "1"))))
def test_nothing_is_lost_or_doubled_whatever_goes_wrong(tmp_path: Path, seed: int) -> None:
    """Timeouts after and before acceptance, cut and broken answers, refusals by rate, updates lost and told twice,
    streams that end: each order is sent once, its last state and all of its fills are the broker's.
    """
    dice = random.Random(seed)
    rates: dict[Fault, float] = {
        "504 after": 0.08,
        "504 before": 0.04,
        "503 before": 0.03,
        "429": 0.05,
        "cut after": 0.05,
    }
    rates |= {"garbage after": 0.04, "hang after": 0.02, "slow": 0.1}
    faults = Faults(
        next=[("POST", fault) for fault in rates],
        rates=rates,
        hang_s=0.8,
        twice=0.2,
        lost=0.1,
        cuts=0.01,
        dice=random.Random(seed + 100),
    )
    broker = Broker(cash="100000000")
    broker.rule = lambda at, order: lived(at, order, dice)
    with served(broker, faults) as stub, Rig(tmp_path, venue_of(stub), TERMS) as rig:
        intended = Intended(tmp_path)
        names = [f"bg-{number}" for number in range(ORDERS)]
        for start in range(0, ORDERS, 5):
            rig.wait(lambda: up(rig.told()), "the link")
            intended.write(*(wanted(name, number) for number, name in enumerate(names[start : start + 5], start)))
            time.sleep(0.02)
        rig.wait(lambda: settled(rig.told(), broker, names), "the last word on each order", 40.0)
        faults.rates, faults.lost, faults.cuts = {}, 0.0, 0.0
        intended.write(*(cancel(name, wanted(name, number).instrument) for number, name in enumerate(names)))
        rig.wait(lambda: all(final(rig.told())[name].state in ENDS for name in names), "the end of each order", 40.0)
        rig.wait(lambda: stated(rig.told()) == holdings(broker), "the statement", 20.0)
    assert {*rates, "twice", "lost"} <= set(faults.done), "the faults did happen"
    assert len(stub.posted) > 0.8 * ORDERS
    messages = told(tmp_path)
    fills = [fill.fill_id for fill in messages if isinstance(fill, Fill)]
    assert len(fills) == len(set(fills)), "a fill was told twice"
    is_the_truth(messages, stub, names)
    journal = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert SECRET.encode() not in journal
    assert KEY.encode() not in journal


def is_the_truth(messages: list[Any], stub: Stub, names: list[str]) -> None:
    """Each order was sent once at most; its end and its fills are the broker's."""
    broker, ends = stub.broker, final(messages)
    assert max(Counter(stub.posted).values()) == 1, "sent twice"
    for name in names:
        taken = broker.by_client.get(name)
        end = ENDED[broker.orders[taken]["status"]] if taken else OrderState.REJECTED
        assert ends[name].state is end, (name, ends[name])
    fills = {(fill.fill_id, fill.client_order_id, fill.size) for fill in named_fills(messages)}
    assert len(fills) == len(broker.activities)
    for name, number in broker.by_client.items():
        sizes = [Decimal(repr(size)) for _, client, size in fills if client == name]
        assert sum(sizes) == Decimal(broker.orders[number]["filled_qty"])


def wanted(name: str, number: int) -> Any:
    if number % 3 == 0:
        return approved(name, "BTC/USD", 0.25, 61_000.5)
    return approved(name, size=float(1 + number % 7))


def lived(broker: Broker, order: dict[str, Any], dice: random.Random) -> None:
    """What the market does with an order at once."""
    luck, size = dice.random(), Decimal(order["qty"])
    if luck < 0.1:
        broker.end(order, "rejected")
        return
    broker.accept(order)
    if luck < 0.6:
        broker.fill(order, size / 2, Decimal(order["limit_price"]))
    if luck < 0.45:
        broker.fill(order, size / 2, Decimal(order["limit_price"]))


def settled(messages: list[Any], broker: Broker, names: list[str]) -> bool:
    """Whether the last word on each order is one, and the broker's."""
    ends = final(messages)
    known = {name for name in names if name in ends and ends[name].state is not OrderState.UNKNOWN}
    return len(known) == len(names) and all(
        (ends[name].state in ENDS) == (broker.named(name)["status"] in ENDED) for name in broker.by_client
    )


def up(messages: list[Any]) -> bool:
    return [message.state for message in messages if isinstance(message, Link)][-1:] == ["up"]


def stated(messages: list[Any]) -> dict[str, float]:
    statements = [message for message in messages if isinstance(message, Statement)]
    return {held.instrument: held.size for held in statements[-1].positions}


def holdings(broker: Broker) -> dict[str, float]:
    spelled = {"AAPL": "AAPL", "BTCUSD": "BTC/USD"}
    return {spelled[symbol]: float(size) for symbol, (size, _) in broker.held.items() if size}
