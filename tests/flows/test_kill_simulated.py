"""Kills of a system whose orders go to the simulated exchange, at random moments amid random faults, by whatever pulls
the switch: never an order that the exchange took after the acknowledgement.

Executor, kill and guard are processes of their own, with nothing in common but the data folder. `make test` takes a
few; BAROGRAPH_KILL_MOMENTS=1000 takes so many. BAROGRAPH_SEED chooses them.
"""

import http.client
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows.kill.guard import asked
from flows.kill.run import run_release
from flows.runfile import read_run_file
from market.errors import SettingsError
from market.messages import Approved, Link, Order, Side
from simulator.orders.faults import OrderFaults
from sinks.orders.halt import halt_path, is_halted, read_halt
from tests.flows.kill_exchange import RecordedExchange
from tests.flows.kill_roles import INSTRUMENT, TOKEN
from tests.sinks.orders.nursery import Nursery, lives
from tests.sinks.orders.rig import Intended, told

MOMENTS = int(os.environ.get("BAROGRAPH_KILL_MOMENTS", "6"))
SEED = int(os.environ.get("BAROGRAPH_SEED", "7"))
AT_ONCE = min(MOMENTS, 3 if MOMENTS < 50 else 8)  # exchanges
TERMS = {"settle_s": 0.2, "margin_s": 1.2, "round_s": 0.05, "answer_s": 0.7}
ORDERS = {"answer_s": 0.5, "never_arrived_s": 2.0, "reconcile_s": 1.0}
AFTER_S = 1.6  # how long the exchange is watched after the acknowledgement
MOST_ROW = 5  # intents at once
POINTS = 400  # of the executor's life, at one of which it is stopped


class Moment(NamedTuple):
    """What goes wrong, and when."""

    number: int
    trigger: str
    suspends: bool
    stopped: str  # the executor, by SIGSTOP: "at once", "within" its code, or not
    restarted: bool  # a supervisor starts an executor again and again
    killed: bool  # the executor, at the same moment
    fates: dict[str, float]
    late_s: float  # orders are under way for up to so long
    every_s: float  # between two rows of intents
    cut: bool  # all connections break with the kill
    touched: bool  # HALT is there already, and nobody obeyed it
    flatten: bool
    delay_s: float  # from the first order to the kill


def moment(number: int) -> Moment:
    """One by its number; about a third of them meets each fault."""
    chance = random.Random(f"{SEED}/{number}")

    def maybe(share: float) -> bool:
        return chance.random() < share

    fates = chance.choice(
        (
            {},
            {"mute": 0.1, "lose": 0.1, "unavailable": 0.1, "timeout": 0.1, "double": 0.2, "reject": 0.05},
            {"blind": 0.4, "event_drop": 0.2, "event_double": 0.2, "event_late": 0.2},
            {"latency_ms": 400.0, "timeout": 0.1},
            {"latency_ms": 20.0, "mute": 0.2, "blind": 0.2, "stream_cut": 0.02},
        )
    )
    return Moment(
        number,
        trigger=chance.choice(("command", "file", "http", "command and http")),
        suspends=maybe(0.5),
        stopped=chance.choice(("", "", "at once", "within")),
        restarted=maybe(0.4),
        killed=maybe(0.15),
        fates=fates,
        late_s=chance.choice((0.0, 0.0, 1.5)),
        every_s=chance.choice((0.004, 0.004, 0.15)),
        cut=maybe(0.3),
        touched=maybe(0.1),
        flatten=maybe(0.3),
        delay_s=chance.random() * 0.4,
    )


class System:
    """The trading flow, which writes intents as fast as it can, an executor, and a supervisor who wants it to live."""

    def __init__(self, nursery: Nursery, folder: Path, exchange: RecordedExchange, at: Moment) -> None:
        self._nursery, self.folder, self._exchange = nursery, folder, exchange
        self.facts: dict[str, Any] = {"port": exchange.port, "suspends": at.suspends, "orders": ORDERS, "terms": TERMS}
        self._ended, self._chance = threading.Event(), random.Random(f"{SEED}/{at.number}/flow")
        self._number, self._every_s, self._price = at.number, at.every_s, exchange.price
        self._intended = Intended(folder)
        point = self._chance.randrange(1, POINTS) if at.stopped == "within" else 0
        self.pid = self.start("executor", stop_at=point)
        if "command" not in at.trigger or "http" in at.trigger:
            self.guard = self.start("guard", flatten=at.flatten)
        works = [self._trade, *([self._supervise] if at.restarted else [])]
        self._threads = [threading.Thread(target=work) for work in works]
        for thread in self._threads:
            thread.start()

    def start(self, role: str, **facts: Any) -> int:
        return self._nursery.start(self.folder, run=f"tests.flows.kill_roles:{role}", **self.facts, **facts)

    def _trade(self) -> None:
        row = 0
        while not self._ended.wait(self._every_s):
            row += 1
            size = self._chance.randint(1, MOST_ROW)
            self._intended.write(*(self._approved(f"m{self._number}-{row}-{place}") for place in range(size)))

    def _approved(self, client_order_id: str) -> Approved:
        side = self._chance.choice((Side.BUY, Side.SELL))
        beyond = self._chance.choice((0.002, -0.01))  # one fills, one rests
        order = Order(
            venue="simulated",
            instrument=INSTRUMENT,
            time_ns=0,
            client_order_id=client_order_id,
            side=side,
            size=0.002,
            limit_price=round(self._price * (1 + side * beyond), 1),
            reason="a test",
        )
        return Approved(venue="simulated", instrument=INSTRUMENT, time_ns=0, order=order, checks={})

    def _supervise(self) -> None:
        while not self._ended.wait(0.05):
            if not lives(self.pid):
                self.pid = self.start("executor")

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(20)
        self._intended.journal.close()
        for pid in (self.pid, getattr(self, "guard", 0)):
            if pid:
                sent(pid, signal.SIGKILL)


def sent(pid: int, number: signal.Signals) -> None:
    """A signal, to a process of ours that may be gone."""
    with suppress(ProcessLookupError):
        if lives(pid):
            os.kill(pid, number)


def run(nursery: Nursery, folder: Path, exchange: RecordedExchange, at: Moment) -> list[str]:
    """One moment; what is wrong."""
    exchange.taken.clear()
    system = System(nursery, folder, exchange, at)
    try:
        until(lambda: exchange.taken or at.stopped == "within", 30.0)
        exchange.fail(OrderFaults(**at.fates))
        exchange.late_s = at.late_s
        time.sleep(at.delay_s)
        if at.stopped == "at once":
            sent(system.pid, signal.SIGSTOP)
        if at.touched and at.trigger == "command":
            halt_path(folder).touch()
        pull(system, at)
        if at.cut:
            exchange.cut()
        if at.killed:
            sent(system.pid, signal.SIGKILL)
        until(lambda: acknowledged_ns(folder), 90.0)
        if at.trigger == "file" or at.flatten:  # a guard may have seen HALT, and obeyed, before a word was in it
            until(lambda: asked(folder) is None, 60.0)
        time.sleep(AFTER_S)
        return wrongs(folder, exchange, at)
    finally:
        system.end()
        exchange.resume()


def pull(system: System, at: Moment) -> None:
    """The kill switch, by what it is pulled with in this moment."""
    if "command" in at.trigger:
        system.start("kill", flatten=at.flatten)
    if at.trigger == "file":
        halt_path(system.folder).write_text("flatten a moment\n" if at.flatten else "")
    if "http" in at.trigger:
        until(lambda: read_run_file(system.folder, "guard").get("port"), 20.0)
        threading.Thread(target=post, args=(system.folder, at.flatten), daemon=True).start()


def post(folder: Path, flatten: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", read_run_file(folder, "guard")["port"], timeout=60)
    with suppress(OSError, http.client.HTTPException):
        connection.request("POST", "/kill", json.dumps({"flatten": flatten}), {"Authorization": f"Bearer {TOKEN}"})
        connection.getresponse().read()


def acknowledged_ns(folder: Path) -> int:
    """When a kill was first acknowledged; 0: none was."""
    lines = [line for line in read_halt(folder) if line["action"] == "acknowledged"]
    return int(lines[0]["time_ns"]) if lines else 0


def wrongs(folder: Path, exchange: RecordedExchange, at: Moment) -> list[str]:
    """What a kill must not leave."""
    first_ns = acknowledged_ns(folder)
    if not first_ns:
        return [f"not acknowledged: {read_halt(folder)}"]
    ours = [order for order in exchange.taken if not order.client_order_id.startswith("bgk-")]
    late = [order.client_order_id for order in ours if order.time_ns > first_ns]
    wrong = [f"taken after the acknowledgement: {late}"] if late else []
    wrong += ["there is no HALT"] if not is_halted(folder) else []
    if standing := exchange.standing:
        wrong.append(f"{standing} orders stand")
    twice = len(ours) - len({order.client_order_id for order in ours})
    wrong += [f"{twice} orders were taken twice"] if twice else []
    closed = [order for order in exchange.taken if order.client_order_id.startswith("bgk-")]
    wrong += [f"closed, which nobody wanted: {closed}"] if closed and not at.flatten else []
    if at.flatten and exchange.held:
        wrong.append(f"not flat: {exchange.held} lots")
    return wrong


def released(nursery: Nursery, folder: Path, exchange: RecordedExchange, at: Moment) -> list[str]:
    """What is wrong with the way back: no executor begins before a person says so, and one does then."""
    count, ups = len(exchange.taken), len(links(folder))
    system = System(nursery, folder, exchange, at._replace(stopped="", restarted=False, trigger="command"))
    try:
        until(lambda: not lives(system.pid), 20.0)
        wrong = ["an executor began while all was halted"] if lives(system.pid) or len(links(folder)) > ups else []
        wrong += ["an order was taken while all was halted"] if len(exchange.taken) > count else []
        until(lambda: released_now(folder), 60.0)  # another kill may just be ending
        system.pid = system.start("executor")
        until(lambda: len(exchange.taken) > count, 60.0)
        return wrong if len(exchange.taken) > count else [*wrong, "no order was taken after the release"]
    finally:
        system.end()


def released_now(folder: Path) -> bool:
    """Whether a person was let release."""
    try:
        run_release(folder, None, reason="a test")
    except SettingsError as error:
        return "is not halted" in str(error)
    return True


def links(folder: Path) -> list[Link]:
    return [message for message in told(folder) if isinstance(message, Link) and message.state == "up"]


def until(condition: Callable[[], object], within_s: float) -> None:
    end_s = time.monotonic() + within_s
    while not condition() and time.monotonic() < end_s:
        time.sleep(0.01)


def shift(nursery: Nursery, folder: Path, first: int) -> list[tuple[Moment, list[str]]]:
    """Every so many-eth moment, at an exchange of its own."""
    found = []
    with RecordedExchange(INSTRUMENT, SEED + first) as exchange:
        for number in range(first, MOMENTS, AT_ONCE):
            at = moment(number)
            found.append((at, run(nursery, folder / str(number), exchange, at)))
            wrong = released(nursery, folder / str(number), exchange, at) if number % 4 == 0 else []
            found[-1][1].extend(wrong)
            end(exchange, folder / str(number))
            if MOMENTS > 50:
                print(f"moment {number}: {found[-1][1] or 'well'}", flush=True)
    return found


def end(exchange: RecordedExchange, folder: Path) -> None:
    """Leave the exchange as it was."""
    exchange.clear()
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


@pytest.mark.timeout(120 + 15 * MOMENTS)
def test_no_order_is_taken_after_a_kill_is_acknowledged(tmp_path: Path) -> None:
    with Nursery("tests.flows.kill_roles") as nursery, ThreadPoolExecutor(AT_ONCE) as pool:
        found = [
            one for part in pool.map(lambda first: shift(nursery, tmp_path, first), range(AT_ONCE)) for one in part
        ]
    wrong = [(at, said) for at, said in found if said]
    print(f"\n{len(found)} moments, {len(wrong)} wrong, seed {SEED}")
    assert wrong == []
