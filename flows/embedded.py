"""The processes that serve: embedded store, gateway, simulated exchange. Each writes its run file when ready."""

import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from flows.heart import Heart
from flows.logs import supervised
from flows.measured import measured
from flows.runfile import write_run_file
from flows.settings import Secrets, Settings
from flows.status import journal_ends
from flows.tables import wait_for_tables
from flows.traces import traced
from flows.webhook_desk import desk

log = logging.getLogger("barograph.process")

NICENESS = 10  # the store and the gateway answer people: they yield to the flows when processors are short


def run_store(settings: Settings, stop: threading.Event) -> None:
    """Serve the embedded store until stopped."""
    from sinks.clickhouse.store import serve

    os.nice(NICENESS)
    secrets = Secrets()
    with measured(settings, "store") as metrics:
        serve(
            settings.data,
            host=settings.store.host,
            port=settings.store.port,
            password=_plain(secrets.store_password),
            reader_password=_plain(secrets.reader_password),
            stop=stop,
            beat=Heart(settings.data, "store"),
            metrics=metrics,
        )


def run_gateway(settings: Settings, stop: threading.Event) -> None:
    """Serve the REST API and the console page until stopped."""
    from gateway.serve import serve

    os.nice(NICENESS)
    heart = Heart(settings.data, "gateway")
    dsn = wait_for_tables(settings, stop, beat=heart)
    if dsn is None:
        return
    with measured(settings, "gateway") as metrics, traced("gateway") as trace:
        serve(
            dsn,
            host=settings.gateway.host,
            port=settings.gateway.port,
            data=settings.data,
            stop=stop,
            ready=_ready(settings.data, "gateway"),
            journal=lambda: journal_ends(settings.data),
            beat=heart,
            desk=partial(desk, settings),
            metrics=metrics,
            trace=trace,
        )


def run_simulator(settings: Settings, port: int, stop: threading.Event) -> None:
    """Serve the simulated exchange until stopped."""
    from simulator.orders.side import OrderSide
    from simulator.server import serve

    places: dict[str, int] = {}
    orders = OrderSide(
        settings.orders.port,
        settings.exchange.rules(),
        settings.exchange.faults(),
        ready=lambda port: places.update(orders_port=port),
    )

    def ready(port: int) -> None:
        write_run_file(settings.data, "simulator", port=port, **places)
        told = f"simulated exchange at ws://127.0.0.1:{port} and http://127.0.0.1:{port}"
        if supervised():
            log.info(told)
        else:
            print(told, flush=True)

    with measured(settings, "simulator"):
        serve(
            instruments=settings.instruments,
            rate=settings.simulator.rate,
            seed=settings.simulator.seed,
            port=port,
            truth=settings.data / "truth.parquet",
            ready=ready,
            stop=stop,
            beat=Heart(settings.data, "simulator"),
            orders=orders if settings.execution.outside else None,
        )


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _ready(data: Path, name: str) -> Callable[[int], None]:
    return lambda port: write_run_file(data, name, port=port)
