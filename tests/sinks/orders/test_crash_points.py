"""Death at every step of an order's life, against a venue that answers badly: no order lost, none sent twice.

The oracle is the venue's own list of what it took, and the orders journal. In `make test` some of the points;
BAROGRAPH_POINTS=all takes all, a number so many of each fault.
"""

import os
import shutil
import signal
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from market.messages import Cancel, Link, OrderState, OrderUpdate
from tests.kill.crash_points import chosen
from tests.sinks.orders.nursery import Nursery, lives
from tests.sinks.orders.points import passed
from tests.sinks.orders.rig import Intended, named_fills, told
from tests.sinks.orders.stub_exchange import StubExchange
from tests.sinks.orders.stub_venue import approved

ASKED = os.environ.get("BAROGRAPH_POINTS", "3")
HOW_MANY = None if ASKED == "all" else int(ASKED)
AT_ONCE = 12
SAID_EVERY = 100  # points
LOOK_S = 0.1  # between two looks at what was told
LONG_S = 300.0  # to wait for what comes within seconds on an idle machine
TERMS = {"answer_s": 0.5, "connect_s": 1.0, "never_arrived_s": 0.3, "reconcile_s": 0.5, "cancel_at_stop": False}
ENDED = {"filled": OrderState.FILLED, "cancelled": OrderState.CANCELLED, "new": OrderState.ACCEPTED}
FAULTS = ("", "hang", "drop", "500", "twice", "cut", "lost", "mute", "slow", "refuse")


def run(nursery: Nursery, folder: Path, fault: str, crash_at: int) -> tuple[int, list[str]]:
    """Three orders and a cancel while one executor dies at a point; then another one. Points passed; what is wrong."""
    wrong = []
    with StubExchange(fault=lambda verb, number: fault if verb == "place" and number == 2 else "") as exchange:
        facts = {"port": exchange.port, "stream_port": exchange.stream_port, "terms": TERMS}
        intended = Intended(folder)
        first = nursery.start(folder, **facts, crash_at=crash_at)
        until(lambda: not lives(first) or ups(folder))
        intended.write(approved("a", price=200.0), approved("b"))
        until(lambda: not lives(first) or exchange.asked.count("place") >= 2, 1.0)
        intended.write(approved("c"))
        intended.write(cancel("c"))
        if not crash_at:
            until(lambda: not unlike(folder, exchange))
            time.sleep(1.2)  # for the note, and a statement
        else:
            until(lambda: not lives(first), 3.0)
        end(first)
        count = passed(folder / "points") if (folder / "points").exists() else 0
        before = ups(folder)
        second = nursery.start(folder, **facts)
        until(lambda: ups(folder) > before and not unlike(folder, exchange))
        end(second)
        wrong += [f"{name} was taken {times} times" for name, times in Counter(exchange.taken).items() if times > 1]
        wrong += unlike(folder, exchange)
        intended.journal.close()
    if not wrong:
        shutil.rmtree(folder)
    return count, wrong


def end(executor: int) -> None:
    """Have it stop, if it has not died."""
    with suppress(ProcessLookupError):
        os.kill(executor, signal.SIGTERM)
    until(lambda: not lives(executor))


def unlike(folder: Path, exchange: StubExchange) -> list[str]:
    """Where what the trading flow was told last differs from what the venue has."""
    messages = told(folder)
    last = {message.client_order_id: message.state for message in messages if isinstance(message, OrderUpdate)}
    first = {fill.fill_id: fill for fill in reversed(named_fills(messages))}  # told again, it says nothing
    sizes = defaultdict[str, float](float)
    for fill in first.values():
        sizes[fill.client_order_id] += fill.size
    found = {order.client_order_id: ENDED[order.state] for order in list(exchange.orders)}
    differs = [f"{name}: told {last.get(name)}, is {state}" for name, state in found.items() if last.get(name) != state]
    gone = (OrderState.REJECTED, OrderState.EXPIRED, OrderState.CANCELLED)
    never = {"a", "b", "c"} - set(found)
    differs += [
        f"{order.client_order_id}: fills of {sizes[order.client_order_id]}, is {order.filled}"
        for order in list(exchange.orders)
        if sizes[order.client_order_id] != order.filled
    ]
    return differs + [f"{name}: told {last.get(name)}, never was" for name in never if last.get(name) not in gone]


def ups(folder: Path) -> int:
    """How often the link came up; what stood in the journal is told before."""
    return sum(isinstance(message, Link) and message.state == "up" for message in told(folder))


def until(condition, within_s: float = LONG_S) -> bool:  # type: ignore[no-untyped-def]
    end_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(LOOK_S)
    return True


def cancel(client_order_id: str) -> Cancel:
    return Cancel(venue="stub", instrument="X", time_ns=0, account="main", client_order_id=client_order_id, reason="r")


@pytest.mark.timeout(0 if HOW_MANY is None else 600 + 60 * HOW_MANY)
def test_no_order_is_lost_or_doubled_wherever_the_executor_dies(tmp_path: Path) -> None:
    with Nursery() as nursery, ThreadPoolExecutor(AT_ONCE) as pool:
        clean = list(pool.map(lambda fault: run(nursery, tmp_path / f"clean-{fault}", fault, 0), FAULTS))
        assert [wrong for _, wrong in clean] == [[]] * len(FAULTS)
        assert min(count for count, _ in clean) > 60
        scripts = [(f, at) for f, (count, _) in zip(FAULTS, clean, strict=True) for at in chosen(count, HOW_MANY)]
        done = pool.map(lambda script: run(nursery, tmp_path / f"{script[0]}-{script[1]}", *script), scripts)
        wrong = []
        for number, (script, (_, found)) in enumerate(zip(scripts, done, strict=True), 1):
            wrong += [(script, found)] if found else []
            if number % SAID_EVERY == 0 or number == len(scripts):
                print(f"{number} of {sum(count for count, _ in clean)} points, last {script}, {len(wrong)} wrong")
    assert wrong == []
