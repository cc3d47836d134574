"""The whole way with an executor that is killed (kill -9) at random moments, again and again.

`BAROGRAPH_ORDER_KILLS=20` says how often; each new process takes seconds, so that without it only restarts in order are
tested (test_orders_whole.py).
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.sinks.orders.rig import Intended, told
from tests.venues.alpaca.broker import Broker
from tests.venues.alpaca.stub import Fault, Faults, Stub, served
from tests.venues.alpaca.test_orders_whole import (
    ENDS,
    cancel,
    final,
    holdings,
    is_the_truth,
    lived,
    settled,
    stated,
    up,
    wanted,
)

KILLS = int(os.environ.get("BAROGRAPH_ORDER_KILLS", "0"))
RATES: dict[Fault, float] = {"504 after": 0.1, "504 before": 0.05, "cut after": 0.05, "hang after": 0.03, "slow": 0.2}


@contextmanager
def executor(data: Path, stub: Stub) -> Iterator[None]:
    """Killed at the end."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.venues.alpaca.executor_process", str(data), stub.url]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


def awaited(condition: Callable[[], bool], what: str, within_s: float = 60.0) -> None:
    until_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until_s, f"{what} did not come"
        time.sleep(0.05)


def up_since(data: Path, start: int) -> bool:
    """Whether the link is up by what was told after so many messages."""
    return up(told(data)[start:])


@pytest.mark.skipif(not KILLS, reason="BAROGRAPH_ORDER_KILLS is not set")
@pytest.mark.timeout(30 * max(1, KILLS) + 180)
def test_no_order_is_lost_or_doubled_however_often_the_executor_is_killed(tmp_path: Path) -> None:
    dice = random.Random(KILLS)
    names: list[str] = []
    instruments: dict[str, str] = {}
    broker = Broker(cash="100000000")
    broker.rule = lambda at, order: lived(at, order, dice)
    faults = Faults(rates=RATES, hang_s=0.8, twice=0.1, lost=0.1, slow_s=0.05)
    with served(broker, faults) as stub:
        intended = Intended(tmp_path)
        for _ in range(KILLS):
            before = len(told(tmp_path))
            with executor(tmp_path, stub):
                awaited(partial(up_since, tmp_path, before), "the link")
                until_s = time.monotonic() + dice.uniform(0.02, 1.2)
                while time.monotonic() < until_s:
                    orders = [wanted(f"bg-{len(names) + more}", len(names) + more) for more in range(3)]
                    names += [order.order.client_order_id for order in orders]
                    instruments |= {order.order.client_order_id: order.instrument for order in orders}
                    intended.write(*orders)
                    time.sleep(0.05)
        faults.rates, faults.lost = {}, 0.0
        before = len(told(tmp_path))
        with executor(tmp_path, stub):
            awaited(partial(up_since, tmp_path, before), "the link")
            awaited(lambda: settled(told(tmp_path), broker, names), "the last word on each order")
            intended.write(*(cancel(name, instruments[name]) for name in names))
            awaited(lambda: all(final(told(tmp_path))[name].state in ENDS for name in names), "the end of each order")
            awaited(lambda: stated(told(tmp_path)) == holdings(broker), "the statement")
    is_the_truth(told(tmp_path), stub, names)
    assert len(stub.posted) > KILLS
