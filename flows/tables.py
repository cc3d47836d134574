"""Finding the store: a server by DSN, the embedded store of the data folder, or one started for the moment."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flows.log_file import LogFile
from flows.settings import Secrets, Settings
from flows.settings_text import save_settings
from flows.stop import SUPERVISED
from flows.supervision.child import popen
from gateway.runfiles import store_port
from market.beat import Beat, unheard
from market.errors import StoreError
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate

log = logging.getLogger("barograph.tables")

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - how to reach what is bound to all
START_TIMEOUT_S = 60.0
RETRY_S = 0.5


def server_dsn(settings: Settings) -> str:
    """The DSN of a ClickHouse server, from the environment or the settings; empty for the embedded store."""
    secret = Secrets().dsn
    return secret.get_secret_value() if secret is not None else settings.store.dsn


def store_dsn(settings: Settings) -> str:
    """Where the tables are: the server, or the embedded store as it runs now (or would run)."""
    password = Secrets().store_password
    user = f"default:{password.get_secret_value()}" if password is not None else "default"
    host = LOOPBACK.get(settings.store.host, settings.store.host)
    port = store_port(settings.data) or settings.store.port
    return server_dsn(settings) or f"http://{user}@{host}:{port}/barograph"


def wait_for_tables(
    settings: Settings, stop: threading.Event, dsn: str | None = None, beat: Beat = unheard
) -> str | None:
    """Wait until the store answers and its tables are of our version; its DSN, or None when asked to stop first."""
    said = False
    while not stop.is_set():
        found = dsn or store_dsn(settings)
        try:
            migrate(connect(found))
            return found
        except StoreError as error:
            if not said:
                log.warning("waiting for the store: %s", error)
                said = True
            beat("the store")
            stop.wait(RETRY_S)
    return None


@contextmanager
def opened_store(settings: Settings) -> Iterator[str]:
    """DSN of a store for one command: the server or running store if there is one, else a child process of our own."""
    if server_dsn(settings) or store_port(settings.data) is not None:
        dsn = store_dsn(settings)
        migrate(connect(dsn))
        yield dsn
        return
    child = _start_child(settings)
    try:
        dsn = _wait_for_child(settings, child)
        migrate(connect(dsn))
        yield dsn
    finally:
        assert child.stdin is not None
        child.stdin.close()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _start_child(settings: Settings) -> "subprocess.Popen[bytes]":
    config = save_settings(
        settings.model_copy(update={"store": settings.store.model_copy(update={"port": 0})}), "store"
    )
    (settings.data / "log").mkdir(parents=True, exist_ok=True)
    log_file = LogFile(settings.data / "log" / "store.log", settings.log.bytes, settings.log.files)
    command = [sys.executable, "-m", "flows", "store", "--config", str(config)]
    return popen("store", command, log_file, {**os.environ, SUPERVISED: "1"})


def _wait_for_child(settings: Settings, child: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and child.poll() is None:
        if store_port(settings.data) is not None:
            return store_dsn(settings)
        time.sleep(0.02)
    raise StoreError(f"the embedded store did not start; {settings.data / 'log' / 'store.log'} says why")
