"""Everything at once, orders that go out: signals to fills at the simulated exchange while processes die at random.

The oracle is the exchange's own word: its list of all orders it ever took, its account. Signals are ours, since regimes
of the market flow take half a minute to be known. BAROGRAPH_DEATHS says how many deaths, BAROGRAPH_SEED which.
"""

import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec
import polars as pl
import pytest

from flows.intents import orders_path, read_intents
from flows.kill.config import RUNNING
from flows.market import TRADING
from flows.runfile import read_run_file
from flows.settings import Settings, load
from market.journal import LIVE_BLOCK_NS, partition_path
from market.messages import Approved, Fill, Link, Signal, Statement, decode, encode
from sinks.journal import JournalWriter
from sinks.orders.halt import is_halted
from sinks.outbox import VENUE
from sources.journal_reader import JournalReader
from tests.flows.pipe import ask, barograph, settings_file
from venues.binance.orders import simulated
from venues.orders import OrderRequest

ROOT = Path(__file__).parents[2]
DEATHS = int(os.environ.get("BAROGRAPH_DEATHS", "3"))
SEED = int(os.environ.get("BAROGRAPH_SEED", "1"))
INSTRUMENTS = ("BTCUSDT", "ETHUSDT")
SIGNAL_S = 0.25
PAUSE_S = 1.5  # of the exchange: longer than an answer is waited for, and than a stamp is good
LONG_S = 300.0  # to wait for what comes within seconds on an idle machine
ORDERS = {"never_arrived_s": 3.0, "reconcile_s": 2.0, "answer_s": 1.0, "max_intent_age_s": 60.0}
RISK = {"max_quote_age_s": 600.0, "max_order_age_s": 600.0}  # on a busy machine the flows are behind
POLICY = {"no_trade_band": 0.002, "target_volatility": 0.5}
LAST_STATES = """
    select client_order_id id, argMax(state, (receive_time, offset, row)) state from orders group by id
"""
FILLED = "select client_order_id id, sum(size) size from fills final group by id"
HELD = "select instrument, argMax(size, (offset, row)) size from positions group by instrument having size != 0"
ADOPTED = "select * from ledger where kind not in ('opening', 'fill')"  # nothing had to be explained away
CASH = "select toString(-sum(amount)) cash from ledger final where book not in ('cash', 'position')"
NEVER = {"rejected", "expired", "cancelled"}  # sent or not, it was not taken
ENDS = {
    "FILLED": {"filled"},
    "CANCELED": {"cancelled"},
    "EXPIRED": {"expired", "cancelled"},
    "REJECTED": {"rejected"},
    "NEW": set(),
    "PARTIALLY_FILLED": set(),
}
CENT = Decimal("0.01")
DYING = ("execute", "trading", "simulator")
CHECKED = ("ledger_unbalanced", "fills_without_order", "orders_without_intent", "orders_after_refusal")


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Settings]:
    """`barograph up` with orders that go to the simulated exchange."""
    execution = {"outside": True, "account": "main"}
    config = settings_file(
        tmp_path,
        execution=execution,
        orders=ORDERS,
        risk=RISK,
        portfolio=POLICY,
        supervise={"port": 0, "stop_grace_s": 30.0},
    )
    with (tmp_path / "up.log").open("wb") as output:
        command = [sys.executable, "-m", "flows", "up", "--plain", "--config", str(config)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    yield load(config)
    process.send_signal(signal.SIGTERM)
    assert process.wait(LONG_S) == 0, (tmp_path / "up.log").read_text()[-4000:]


class Exchange:
    """The simulated exchange's own word."""

    def __init__(self, settings: Settings) -> None:
        self._port = read_run_file(settings.data, "simulator")["orders_port"]
        self._venue = simulated("main", self._port, INSTRUMENTS)

    def orders(self) -> list[dict[str, Any]]:
        """All that it ever took."""
        found: list[dict[str, Any]] = []
        while True:
            first = found[-1]["orderId"] + 1 if found else 0
            url = f"http://127.0.0.1/simulator/orders?limit=1000&fromId={first}"
            page = self._asked(self._venue.open_orders(0)._replace(url=url))
            if not page:
                return found
            found += page

    def account(self) -> tuple[dict[str, float], str]:
        """Positions that are not 0, and cash."""
        told = self._asked(self._venue.account_state(time.time_ns() // 1_000_000)[-1])
        positions = {row["symbol"]: float(row["positionAmt"]) for row in told["positions"]}
        [cash] = [row["walletBalance"] for row in told["assets"] if row["asset"] == "USDT"]
        return {name: size for name, size in positions.items() if size}, cash

    def _asked(self, request: OrderRequest) -> Any:
        parts = urlsplit(request.url)
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=LONG_S)) as connection:
            connection.request(request.method, f"{parts.path}?{parts.query}", headers=dict(request.headers))
            answer = connection.getresponse()
            text = answer.read()
        assert answer.status == 200, text
        return msgspec.json.decode(text)


class Opinions:
    """Signals that change their mind all the time, as long as it is entered."""

    def __init__(self, data: Path) -> None:
        path = partition_path(data, "trading", TRADING)
        self._journal = JournalWriter(path, venue=VENUE, shard=TRADING, block_ns=LIVE_BLOCK_NS)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        mind = random.Random(SEED)
        while not self._end.wait(SIGNAL_S):
            now_ns = time.time_ns()
            said = [encode(_signal(name, mind.uniform(-0.5, 0.5), now_ns)) for name in INSTRUMENTS]
            self._journal.append([now_ns] * len(said), said)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()
        self._journal.close()


def _signal(instrument: str, direction: float, now_ns: int) -> Signal:
    """At most 10 % of the capital, which any trade pays for."""
    return Signal(
        venue="simulated",
        instrument=instrument,
        time_ns=now_ns,
        timeframe="long",
        direction=direction,
        confidence=1.0,
        volatility=1.1e-4,
        regime="a test",
        evidence={},
    )


class Told:
    """What the executor told the trading flow, read as it is written."""

    def __init__(self, data: Path) -> None:
        self._path, self._after = partition_path(data, "trading", TRADING), 0
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, kind: type[Fill | Link | Statement], state: str = "") -> int:
        """How often it told this."""
        if self._path.exists():
            with JournalReader(self._path) as journal:
                for row in journal.read(self._after, 1_000_000):
                    for frame in row.frames:
                        text = bytes(frame)
                        if b'"account"' in text:
                            message = decode(text)
                            self._counts[type(message).__name__, getattr(message, "state", "")] += 1
                    self._after = row.offset
        return self._counts[kind.__name__, state]


def until(condition: Callable[[], object], what: str) -> None:
    end_s = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end_s, what
        time.sleep(0.2)


def die(data: Path, name: str) -> None:
    """A process of the set, as by kill -9; the exchange must not forget, so it is only held for a while."""
    pid = read_run_file(data, name)["pid"]
    if name != "simulator":
        os.kill(pid, signal.SIGKILL)
        return
    os.kill(pid, signal.SIGSTOP)
    time.sleep(PAUSE_S)
    os.kill(pid, signal.SIGCONT)


def intended(data: Path) -> set[str]:
    """Ids of all orders that the trading flow wanted sent."""
    with JournalReader(orders_path(data)) as journal:
        rows = read_intents(journal, 0, 1_000_000)
    return {m.order.client_order_id for row in rows for m in row.messages if isinstance(m, Approved)}


def column(rows: pl.DataFrame, name: str) -> dict[str, str]:
    """A column of text by the first one."""
    return dict(zip(rows[rows.columns[0]], rows[name], strict=True))


def differences(config: Path, exchange: Exchange, wanted: set[str]) -> list[str]:
    """Where the tables say something else than the exchange, or leave the fate of an order open."""
    orders = {order["clientOrderId"]: order for order in exchange.orders()}
    states, filled = column(ask(config, LAST_STATES), "state"), column(ask(config, FILLED), "size")
    positions, cash = exchange.account()
    found = [f"{name} is not in the tables" for name in wanted - set(states)]
    for name, state in states.items():
        there = orders.get(name)
        expected = ENDS[there["status"]] if there else NEVER
        if state not in expected:
            found.append(f"{name} is {state}, there {there['status'] if there else 'it never was'}")
        size = float(there["executedQty"]) if there else 0.0
        if abs(float(filled.get(name, 0.0)) - size) > 1e-9:
            found.append(f"{name} filled {filled.get(name)}, there {size}")
    held = {name: float(size) for name, size in column(ask(config, HELD), "size").items()}
    if held != positions:
        found.append(f"held {held}, there {positions}")
    booked = ask(config, CASH)["cash"][0]
    if abs(Decimal(booked) - Decimal(cash)) >= CENT:
        found.append(f"cash {booked}, there {cash}")
    return found


@pytest.mark.timeout(900 + 300 * DEATHS)
def test_no_order_is_lost_or_doubled_and_the_books_are_the_exchanges_whatever_dies(up: Settings) -> None:
    data, told, chance = up.data, Told(up.data), random.Random(SEED)
    config = data / RUNNING
    until(lambda: told.count(Link, "up"), "the link did not come up")
    exchange = Exchange(up)
    with Opinions(data):
        until(lambda: told.count(Fill), "no fill came")
        for number in range(DEATHS):
            time.sleep(chance.uniform(0.0, 1.0))
            before = told.count(Fill)
            name = DYING[number % len(DYING)]
            die(data, name)
            until(lambda: told.count(Fill) > before, f"no fill came after the death of {name}")  # noqa: B023
    barograph("account", "halt", "--reason", "a test", "--account", "main", "--data", data, "--config", config)
    wanted: set[str] = set()

    def settled() -> bool:
        wanted.update(intended(data))
        found = differences(config, exchange, wanted)
        print(*found, sep="\n")
        return not found

    until(settled, "the tables and the exchange do not agree: see above")
    taken = Counter(order["clientOrderId"] for order in exchange.orders())
    print(f"\n{len(wanted)} intents, {len(taken)} orders at the exchange, {told.count(Fill)} fills, {DEATHS} deaths")
    assert max(taken.values()) == 1
    assert set(taken) <= wanted
    assert ask(config, ADOPTED).is_empty()
    for check in CHECKED:
        assert ask(config, (ROOT / "sql" / "checks" / f"{check}.sql").read_text()).is_empty(), check

    print(barograph("kill", "--flatten", "--reason", "a test", "--data", data))
    assert is_halted(data)
    assert exchange.account()[0] == {}
    after = exchange.orders()
    time.sleep(1.0)
    assert exchange.orders() == after
