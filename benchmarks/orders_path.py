"""The processes of `orders.py`: store, simulated exchange, trading flow and executor, as `barograph` runs them; and
what stands in for the market flow: quotes of the exchange and signals that ask now for more, now for less.
"""

import os
import signal
import string
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import sqrt
from pathlib import Path
from typing import Any

import msgspec
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from flows.market import TRADING
from flows.runfile import read_run_file
from flows.settings import Settings, load
from flows.settings_text import as_toml
from flows.tables import wait_for_tables
from market.journal import LIVE_BLOCK_NS, partition_path
from market.messages import AnyMessage, Command, Link, Quote, Signal, decode, encode
from operators.portfolio.policy import WEIGHTS, YEAR_S
from simulator.listing import listing
from sinks.journal import JournalWriter
from sinks.outbox import VENUE
from sources.journal_reader import JournalReader

ACCOUNT = "main"
TIMEFRAME = "short"
# Between these the target of every instrument goes to and fro; all together fit the gross limit that risk leaves.
MOST_NOTIONAL, LEAST_NOTIONAL = 300.0, 150.0
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
READY_S = 120.0
ROOT = Path(__file__).parents[1]


def symbols(count: int) -> list[str]:
    """The known ones, then made-up ones."""
    invented = (f"{a}{b}USDT" for a in string.ascii_uppercase for b in string.ascii_uppercase)
    return ["BTCUSDT", "ETHUSDT", "SOLUSDT", *invented][:count]


def settings_of(folder: Path, instruments: int, **sections: dict[str, Any]) -> Settings:
    """Limits that let so many orders through; all checks stay in place."""
    settings = load(None, data=folder / "data", instruments=symbols(instruments))
    changes: dict[str, dict[str, Any]] = {
        "store": {"port": 0},
        "simulator": {"rate": 300.0},
        "portfolio": {"no_trade_band": 0.0005},
        "risk": {"max_orders_per_s": 20_000.0},
        "flow": {"snapshot_interval_s": 30.0},  # a snapshot stops the flow for its time: docs/benchmarks.md
        "execution": {"outside": True, "account": ACCOUNT},
        **sections,
    }
    return settings.model_copy(
        update={name: getattr(settings, name).model_copy(update=values) for name, values in changes.items()}
    )


class Processes:
    """Commands of `barograph`, each in a process of its own."""

    def __init__(self, settings: Settings, config: Path) -> None:
        self.settings, self._config = settings, config
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        command = [sys.executable, "-m", "flows", name, "--config", str(self._config)]
        with self._config.with_name(f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    def wait_for_port(self, name: str, key: str = "port") -> int:
        """Where it serves, once it does."""
        return int(until(lambda: self._said(name).get(key), f"{name} is not ready", READY_S))

    def cpu_s(self) -> dict[str, float]:
        """What each has taken of the processors so far."""
        return {name: _cpu_s(process.pid) for name, process in self.running.items()}

    def stop(self, name: str) -> None:
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _said(self, name: str) -> dict[str, Any]:
        process = self.running[{"simulator": "simulate"}.get(name, name)]
        if process.poll() is not None:
            raise RuntimeError(f"{name} has ended: {self._config.with_name(f'{name}.log').read_text()[-2000:]}")
        said = read_run_file(self.settings.data, name)
        return said if said.get("pid") == process.pid else {}


@contextmanager
def exchange(settings: Settings, config: Path) -> Iterator[Processes]:
    """The simulated exchange alone."""
    config.write_text(as_toml(settings))
    processes = Processes(settings, config)
    try:
        processes.start("simulate")
        processes.wait_for_port("simulator", "orders_port")
        yield processes
    finally:
        for name in [*reversed(processes.running)]:
            processes.stop(name)


@contextmanager
def path(settings: Settings, config: Path) -> Iterator[tuple[Processes, "Feed"]]:
    """All of it, with the link up."""
    with exchange(settings, config) as processes, ExitStack() as stack:
        processes.start("store")
        processes.wait_for_port("store")
        wait_for_tables(settings, threading.Event())
        processes.start("trading")
        feed = stack.enter_context(Feed(settings))
        feed.row(settings.instruments)  # quotes before the first statement, so that positions can be valued
        processes.wait_for_port("trading", "pid")
        until(lambda: orders_journal(settings).exists(), "the trading flow has no orders journal", READY_S)
        processes.start("execute")
        until(lambda: link_is_up(settings), "the link does not come up", READY_S)
        yield processes, feed


def orders_journal(settings: Settings) -> Path:
    return partition_path(settings.data, "orders", "orders/0")


def trading_journal(settings: Settings) -> Path:
    return partition_path(settings.data, "trading", TRADING)


def link_is_up(settings: Settings) -> bool:
    with JournalReader(trading_journal(settings)) as journal:
        frames = (bytes(frame) for row in journal.read(0, 1_000_000) for frame in row.frames)
        links = [decode(frame) for frame in frames if b'"message":"link"' in frame]
    return bool(links) and isinstance(links[-1], Link) and links[-1].state == "up"


class Feed:
    """Rows of the trading journal: for some instruments the newest quote, and a signal that turns about each time."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._quotes, self._asks_most = settings, Quotes(settings), set[str]()
        policy = settings.portfolio
        share = MOST_NOTIONAL / policy.capital
        self._volatility = WEIGHTS[TIMEFRAME] * policy.target_volatility / (share * sqrt(YEAR_S))
        self._writer = JournalWriter(
            trading_journal(settings), venue=VENUE, shard=TRADING, block_ns=LIVE_BLOCK_NS
        )  # fmt: skip

    def __enter__(self) -> "Feed":
        self._quotes.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._quotes.stop()
        self._writer.close()

    def row(self, quoted: list[str], turned: list[str] | None = None) -> int:
        """Quotes of some instruments, and their signals where they are to trade; the row's offset."""
        now_ns = time.time_ns()
        messages: list[Quote | Signal] = [self._quotes.at(symbol, now_ns) for symbol in quoted]
        messages += [self._turned(symbol, now_ns) for symbol in turned or ()]
        return self._written(*messages)

    def halt(self) -> int:
        """Let no further order be made; the row's offset."""
        return self._written(
            Command(venue="", instrument="", time_ns=time.time_ns(), account=ACCOUNT, action="halt", reason="the end")
        )

    def run(self, rate: float, rows_per_s: float, seconds: float) -> int:
        """So many signals a second, instrument after instrument; how many there were."""
        names, place, count = self._settings.instruments, 0, 0
        began_s = time.monotonic()
        for number in range(round(rows_per_s * seconds)):
            due_s = began_s + number / rows_per_s
            time.sleep(max(0.0, due_s - time.monotonic()))
            wanted = round((number + 1) * rate / rows_per_s) - count
            chosen = [names[(place + step) % len(names)] for step in range(min(wanted, len(names)))]
            place, count = (place + len(chosen)) % len(names), count + len(chosen)
            if chosen:
                self.row(chosen, chosen)
        return count

    def _written(self, *messages: AnyMessage) -> int:
        return self._writer.append([time.time_ns()] * len(messages), [encode(message) for message in messages])

    def _turned(self, symbol: str, now_ns: int) -> Signal:
        self._asks_most ^= {symbol}
        direction = 1.0 if symbol in self._asks_most else LEAST_NOTIONAL / MOST_NOTIONAL
        return Signal(
            venue="simulated", instrument=symbol, time_ns=now_ns, timeframe=TIMEFRAME, direction=direction,
            confidence=1.0, volatility=self._volatility, regime="calm/bull", evidence={},
        )  # fmt: skip


class Quotes:
    """The exchange's best quotes, in a thread."""

    def __init__(self, settings: Settings) -> None:
        self._names = settings.instruments
        port = read_run_file(settings.data, "simulator")["port"]
        streams = "/".join(f"{name.lower()}@bookTicker" for name in self._names)
        self._url = f"ws://127.0.0.1:{port}/stream?streams={streams}"
        self._told: dict[str, tuple[float, float, float, float]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def start(self) -> None:
        self._thread.start()
        until(lambda: len(self._told) == len(self._names), "not all instruments are quoted", READY_S)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def at(self, symbol: str, now_ns: int) -> Quote:
        bid_price, bid_size, ask_price, ask_size = self._told[symbol]
        one = listing(symbol)
        return Quote(
            venue="simulated", instrument=symbol, time_ns=now_ns, bid_price=bid_price, bid_size=bid_size,
            ask_price=ask_price, ask_size=ask_size, valid=True, tick_size=float(one.tick_size),
            lot_size=float(one.lot_size),
        )  # fmt: skip

    def _listen(self) -> None:
        with connect(self._url, compression=None) as socket:
            while not self._stopped.is_set():
                try:
                    told = msgspec.json.decode(socket.recv(0.1))["data"]
                except TimeoutError:
                    continue
                except WebSocketException:
                    return
                self._told[told["s"]] = (float(told["b"]), float(told["B"]), float(told["a"]), float(told["A"]))


def until(condition: Any, what: str, within_s: float) -> Any:
    """What a condition gives once it gives something."""
    end_s = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > end_s:
            raise RuntimeError(what)
        time.sleep(0.1)
    return found


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
