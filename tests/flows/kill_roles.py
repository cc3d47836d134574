"""What runs in processes of its own while a kill is tested: executor, kill and guard, by the settings of a system."""

import os
import signal
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import flows.kill.run
from flows.execute import run_execute
from flows.order_venues import order_venue, wire_terms
from flows.settings import MetricsSettings, Settings
from flows.settings_trading import ExecutionSettings, OrderSettings
from tests.sinks.orders.points import armed
from venues.binance import orders as binance

TOKEN = "a token of some length"
ACCOUNT = "main"
INSTRUMENT = "BTCUSDT"


def settings(data: Path, port: int, **orders: Any) -> Settings:
    """Of a system whose orders go to the simulated exchange at a port."""
    return Settings(
        data=data,
        venue="simulated",
        instruments=[INSTRUMENT],
        execution=ExecutionSettings(outside=True, account=ACCOUNT),
        orders=OrderSettings(port=port, **orders),
        metrics=MetricsSettings(enabled=False),
    )


def executor(data: Path, facts: dict[str, Any]) -> None:
    """facts: port, orders (settings), suspends, stop_at."""
    _as_able(facts)
    if facts.get("stop_at"):
        armed(data / "points", facts["stop_at"], signal.SIGSTOP)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    chosen = settings(data, facts["port"], **facts["orders"])
    run_execute(chosen, order_venue(chosen), wire_terms(chosen), stop)


def kill(data: Path, facts: dict[str, Any]) -> None:
    """What the command does; facts: terms, flatten, suspends."""
    _prepare(facts)
    flows.kill.run.run_kill(data, None, reason="a moment", flatten=facts["flatten"], wait=False)


def guard(data: Path, facts: dict[str, Any]) -> None:
    """What the command does; facts: terms, suspends."""
    _prepare(facts)
    os.environ[flows.kill.run.TOKEN] = TOKEN
    flows.kill.run.run_guard(data, None, threading.Event(), host="127.0.0.1", port=0)


def _prepare(facts: dict[str, Any]) -> None:
    _as_able(facts)
    flows.kill.run.Terms = partial(flows.kill.run.Terms, **facts["terms"])  # type: ignore[misc,assignment]


def _as_able(facts: dict[str, Any]) -> None:
    """The simulated exchange suspends; here it may be one that does not."""
    if not facts["suspends"]:
        simulated = binance.simulated

        def unable(*args: Any) -> binance.BinanceOrders:
            venue = simulated(*args)
            return replace(venue, suspend_path="", capability=replace(venue.capability, suspends=False))

        binance.simulated = unable
