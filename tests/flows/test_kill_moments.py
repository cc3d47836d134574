"""Kills at random moments amid random faults: never an order that the venue took after the acknowledgement.

`make test` takes a few; BAROGRAPH_KILL_MOMENTS=1000 takes so many. BAROGRAPH_SEED chooses them.
"""

import asyncio
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from flows.kill.kill import Kill
from flows.kill.target import Target
from flows.kill.terms import Outcome, Terms
from market.clock import SystemClock
from tests.sinks.orders.nursery import Nursery, lives
from tests.sinks.orders.rig import Intended
from tests.sinks.orders.stub_exchange import StubExchange
from tests.sinks.orders.stub_venue import approved, patient, venue_of

MOMENTS = int(os.environ.get("BAROGRAPH_KILL_MOMENTS", "10"))
SEED = int(os.environ.get("BAROGRAPH_SEED", "7"))
AT_ONCE = 8
STALE_S = 0.3
TERMS = Terms(settle_s=0.1, margin_s=0.1, unstamped_s=1.0, round_s=0.02)
WIRES = {"answer_s": 0.4, "never_arrived_s": 0.5, "reconcile_s": 0.5}
AFTER_S = 0.8  # how long the venue is watched after the acknowledgement
PLACED = ("", "", "slow", "slow", "drop", "hang", "500", "lost", "no", "twice", "cut", "mute")


class Moment(NamedTuple):
    """What goes wrong, and when."""

    number: int
    suspends: bool
    stopped: bool  # the executor, by SIGSTOP
    silent: bool  # the trading flow writes nothing more
    deaf: bool  # the user stream is down
    restarted: bool  # a supervisor starts an executor again and again
    slow_s: float  # every answer of the venue
    failing: float  # share of the kill's questions that fail
    kills: int  # at once
    flatten: bool
    delay_s: float  # from the first order to the kill


def moment(number: int, chance: random.Random) -> Moment:
    """Each fault is there in a third of the moments or so."""

    def maybe(share: float = 0.33) -> bool:
        return chance.random() < share

    return Moment(
        number,
        suspends=maybe(0.5),
        stopped=maybe(0.2),
        silent=maybe(0.2),
        deaf=maybe(0.2),
        restarted=maybe(0.5),
        slow_s=chance.choice((0.0, 0.0, 0.05, 0.2)),
        failing=chance.choice((0.0, 0.0, 0.3)),
        kills=chance.choice((1, 1, 2, 3)),
        flatten=maybe(0.15),
        delay_s=chance.random() * 0.3,
    )


class Market:
    """The trading flow, which writes intents all the time, and the supervisor, which wants an executor to live."""

    def __init__(
        self, nursery: Nursery, folder: Path, exchange: StubExchange, at: Moment, chance: random.Random
    ) -> None:
        self._nursery, self._folder, self._at = nursery, folder, at
        self._facts = {"port": exchange.port, "stream_port": exchange.stream_port, "terms": WIRES}
        self._facts["capability"] = {"stale_s": exchange.stale_s, "suspends": at.suspends}
        self._intended, self._chance = Intended(folder), chance
        self.ended, self.silent = threading.Event(), threading.Event()
        self.pid = nursery.start(folder, **self._facts)
        works = [self._trade, *([self._supervise] if at.restarted else [])]
        self._threads = [threading.Thread(target=work) for work in works]
        for thread in self._threads:
            thread.start()

    def _trade(self) -> None:
        number = 0
        while not self.ended.wait(self._chance.random() * 0.02):
            if not self.silent.is_set():
                number += 1
                price = 200.0 if number % 2 else 100.0
                self._intended.write(approved(f"o{number}", price=price))

    def _supervise(self) -> None:
        while not self.ended.wait(0.02):
            if not lives(self.pid):
                self.pid = self._nursery.start(self._folder, **self._facts)

    def end(self) -> None:
        self.ended.set()
        for thread in self._threads:
            thread.join(20)
        self._intended.journal.close()
        if lives(self.pid):
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def run(nursery: Nursery, folder: Path, at: Moment) -> list[str]:
    """One moment; what is wrong."""
    chance = random.Random(f"{SEED}/{at.number}")
    failing = threading.Event()

    def fault(verb: str, number: int) -> str:
        if verb == "place":
            return random.Random(f"{SEED}/{at.number}/{number}").choice(PLACED)
        return "no" if failing.is_set() and chance.random() < at.failing else ""

    with StubExchange(fault=fault, stale_s=STALE_S, late_s=0.25, delay_s=at.slow_s) as exchange:
        market = Market(nursery, folder, exchange, at, chance)
        try:
            until(lambda: "place" in exchange.asked, 10.0)
            time.sleep(at.delay_s)
            failing.set()
            if at.deaf:
                exchange.deaf = True
                exchange.cut_streams()
            if at.silent:
                market.silent.set()
            if at.stopped and lives(market.pid):
                os.kill(market.pid, signal.SIGSTOP)
            with ThreadPoolExecutor(at.kills) as pool:
                done = list(pool.map(lambda _: killed(folder, exchange, at), range(at.kills)))
            first_s = min(acknowledged_s for _, acknowledged_s in done)
            time.sleep(AFTER_S)
        finally:
            market.end()
        ours = [order for order in exchange.orders if not order.client_order_id.startswith("bgk-")]
        late = [order.client_order_id for order in ours if order.taken_s > first_s]
        wrong = [f"taken after the acknowledgement: {late}"] if late else []
        wrong += [f"not acknowledged: {outcome.problems}" for outcome, _ in done if not outcome.acknowledged]
        wrong += [f"stand: {exchange.open}"] if exchange.open else []
        twice = len(exchange.taken) - len(set(exchange.taken))
        wrong += [f"{twice} orders were taken twice"] if twice else []
        if at.flatten and any(exchange.positions.values()):
            wrong.append(f"not flat: {exchange.positions}")
        return wrong


def killed(folder: Path, exchange: StubExchange, at: Moment) -> tuple[Outcome, float]:
    """One kill; how it ended and when."""
    target = Target(patient(venue_of(exchange, suspends=at.suspends)), account="main")
    kill = Kill(folder, lambda: target, TERMS, SystemClock(), reason="a moment", flatten=at.flatten, say=lambda _: None)
    outcome = asyncio.run(kill.run())
    return outcome, time.monotonic()


def until(condition, within_s: float) -> None:  # type: ignore[no-untyped-def]
    end_s = time.monotonic() + within_s
    while not condition() and time.monotonic() < end_s:
        time.sleep(0.005)


@pytest.mark.timeout(120 + 5 * MOMENTS)
def test_no_order_is_taken_after_a_kill_is_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    moments = [moment(number, chance) for number in range(MOMENTS)]
    with Nursery() as nursery, ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda at: run(nursery, tmp_path / str(at.number), at), moments))
    wrong = [(at, said) for at, said in zip(moments, found, strict=True) if said]
    print(f"\n{len(moments)} moments, {len(wrong)} wrong, seed {SEED}")
    assert wrong == []
