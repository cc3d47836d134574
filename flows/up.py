"""`barograph up`: one supervisor over store, exchange, capture, market, trading and gateway, and the live view."""

import fcntl
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import venues
from flows.runfile import read_run_file
from flows.settings import Secrets, Settings
from flows.stop import stop_event
from flows.supervise import Process, Supervisor
from flows.tables import save_settings, server_dsn
from flows.warm import kernel_modules, warm
from market.errors import SettingsError

SIMULATED = "simulated"
READY_WITHIN_S = 5.0
# The way of the data, so that what was recorded is computed and stored before the next one stops.
STOP_ORDER = ("capture", "market", "trading", "gateway", "store")


def run_up(settings: Settings, *, duration_s: float | None, plain: bool) -> None:
    """Run everything until Ctrl-C, SIGTERM or the end of the duration; then stop all of it within 5 s."""
    from flows.view import View

    plain = plain or not sys.stdout.isatty()
    venue = venues.get(settings.venue)
    Secrets().of(venue.name, venue.secrets)  # said here once, and not by a process that starts again and again
    with only_one(settings.data):
        stop = stop_event()
        settings = with_ports(settings)
        supervisor = Supervisor(settings.data / "log")
        try:
            config = save_settings(settings, "settings")
            if not server_dsn(settings):
                supervisor.start("store", "store", "--config", str(config), rank=STOP_ORDER.index("store"))
            compile_kernels(stop, simulated=settings.venue == SIMULATED, plain=plain)
            start_processes(supervisor, settings, config, stop)
            until_s = None if duration_s is None else time.monotonic() + duration_s
            with View(settings, supervisor, plain=plain) as view, quiet_log(view.say):
                supervisor.watch(stop, until_s, each=view.refresh)
        finally:
            stop.set()
            supervisor.stop()
        Console().print(f"stopped; the data lies in {settings.data}")


def start_processes(supervisor: Supervisor, settings: Settings, config: Path, stop: threading.Event) -> None:
    """All but the store, which was started first because it takes longest."""
    if settings.venue == SIMULATED:
        port = settings.capture.websocket_url.rsplit(":", 1)[1]
        simulator = supervisor.start("simulator", "simulate", "--config", str(config), "--port", port)
        _await_ready(settings.data, simulator, stop)
    for name in ("capture", "market", "trading", "gateway"):
        supervisor.start(name, name, "--config", str(config), rank=STOP_ORDER.index(name))


def _await_ready(data: Path, process: Process, stop: threading.Event) -> None:
    """Give a process a moment to say that it is ready, so that those that need it need not back off."""
    deadline = time.monotonic() + READY_WITHIN_S
    while (
        time.monotonic() < deadline and process.running and read_run_file(data, process.name).get("pid") != process.pid
    ):
        if stop.wait(0.02):
            return


def compile_kernels(stop: threading.Event, *, simulated: bool, plain: bool) -> None:
    """Compile or load every kernel, so that no process compiles the same one twice; shows how far it is."""
    names = kernel_modules(simulated=simulated)
    columns = (
        TextColumn("compiling kernels"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, transient=not plain, disable=plain) as progress:
        task = progress.add_task("", total=len(names))
        started_s = time.monotonic()
        for name in warm(names):
            if stop.is_set():
                return
            progress.update(task, advance=1, description=name)
            if plain and time.monotonic() - started_s > 2.0:
                print(f"compiling kernels: {name}", flush=True)
    if plain:
        print(f"kernels ready in {time.monotonic() - started_s:.1f} s", flush=True)


def with_ports(settings: Settings) -> Settings:
    """Settings with every port decided, so that a process that starts again is found where it was."""
    store = settings.store
    if not server_dsn(settings):
        store = store.model_copy(update={"port": _port(store.host, store.port, "store.port")})
    gateway = settings.gateway.model_copy(
        update={"port": _port(settings.gateway.host, settings.gateway.port, "gateway.port")}
    )
    capture = settings.capture
    if settings.venue == SIMULATED:
        port = _port("127.0.0.1", 0, "simulator")
        urls = {"websocket_url": f"ws://127.0.0.1:{port}", "rest_url": f"http://127.0.0.1:{port}"}
        capture = capture.model_copy(update=urls)
    return settings.model_copy(update={"store": store, "gateway": gateway, "capture": capture})


def _port(host: str, port: int, setting: str) -> int:
    try:
        with socket.create_server((host, port)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise SettingsError(
            f"{host}:{port} cannot be used ({error.strerror or error}); stop what uses it or set {setting} (0: any)"
        ) from None


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder; a second `up` on it is told so."""
    with _opened(data / "run" / "up.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"barograph already runs on {data}; stop it, or give another --data") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _opened(path: Path) -> TextIO:
    """The lock file; a folder that cannot be written is told here, before anything starts."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+")
    except OSError as error:
        raise SettingsError(f"{path.parent} cannot be written ({error.strerror}); give another --data folder") from None


@contextmanager
def quiet_log(say: Callable[[str], None]) -> Iterator[None]:
    """Log sentences go to the view while it owns the screen."""
    logger = logging.getLogger("barograph")
    handlers, logger.handlers = logger.handlers, [_Saying(say)]
    try:
        yield
    finally:
        logger.handlers = handlers


class _Saying(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())
