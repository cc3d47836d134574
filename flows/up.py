"""`barograph up`: one supervisor over all processes, from the store to the webhooks, and the live view."""

import fcntl
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import venues
from flows.capture import captures, process_name
from flows.cluster import free_addresses
from flows.log_lines import JsonLines
from flows.logs import Handler
from flows.order_venues import order_venue
from flows.runfile import read_run_file
from flows.settings import Secrets, Settings
from flows.settings_text import save_settings
from flows.stop import stop_event
from flows.supervision.child import Process
from flows.supervision.health_server import health_server
from flows.supervision.leftovers import remove_leftovers
from flows.supervision.supervise import Supervisor
from flows.tables import server_dsn
from flows.warm import kernel_modules, warm
from gateway.runfiles import SUPERVISOR
from market.errors import SettingsError

SIMULATED = "simulated"
READY_WITHIN_S = 5.0
PROOF_LIMIT_S = 1800.0  # for `barograph reconcile`
# The way of the data, so that what was recorded is computed and stored before the next one stops; the exchange lives
# until its orders are taken back.
STOP_ORDER = ("capture", "forward", "market", "trading", "solve", "execute", "simulator", "gateway", "deliver", "store")


def run_up(settings: Settings, *, duration_s: float | None, plain: bool) -> None:
    """Run everything until Ctrl-C, SIGTERM or the end of the duration; then stop all of it within 10 s."""
    plain = plain or not sys.stdout.isatty()
    venue = venues.get(settings.venue)
    Secrets().of(venue.name, venue.secrets)  # said here once, and not by a process that starts again and again
    with only_one(settings.data), own_log(settings):
        stop = stop_event()
        remove_leftovers(settings.data)
        settings = with_ports(settings)
        if settings.execution.outside:
            order_venue(settings)  # the settings that the processes read name every limit, also those nobody set
        supervisor = Supervisor(settings.data, settings=settings.supervise, logs=settings.log)
        with health_server(supervisor, settings.supervise):
            try:
                run_all(settings, supervisor, stop, duration_s=duration_s, plain=plain)
            finally:
                stop.set()
                supervisor.stop()
        Console().print(f"stopped; the data lies in {settings.data}")


def run_all(
    settings: Settings, supervisor: Supervisor, stop: threading.Event, *, duration_s: float | None, plain: bool
) -> None:
    """Start everything, and watch over it until it is to stop."""
    from flows.view import View

    supervisor.beginning = "not everything is started yet, kernels are being compiled"
    config = save_settings(settings, "settings")
    if not server_dsn(settings):
        supervisor.start("store", "store", "--config", str(config), rank=rank_of("store"))
    with watched(supervisor):
        compile_kernels(stop, simulated=settings.venue == SIMULATED, plain=plain)
    start_processes(supervisor, settings, config, stop)
    if settings.supervise.reconcile_every_s:
        proof = ("reconcile", "--json", "--config", str(config))
        every_s, first_s = settings.supervise.reconcile_every_s, min(300.0, settings.supervise.reconcile_every_s)
        supervisor.every(every_s, "reconcile", *proof, deadline_s=PROOF_LIMIT_S, first_s=first_s)
    supervisor.beginning = ""
    until_s = None if duration_s is None else time.monotonic() + duration_s
    with View(settings, supervisor, plain=plain) as view, quiet_log(view.say, plain=plain):
        supervisor.watch(stop, until_s, each=view.refresh)


@contextmanager
def watched(supervisor: Supervisor) -> Iterator[None]:
    """Watch over what runs already, in a thread, while something long is done; start nothing meanwhile."""
    done = threading.Event()
    watching = threading.Thread(target=supervisor.watch, args=(done,), name="watch")
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()


def rank_of(name: str) -> int:
    """When a process stops: capture-0 with capture, before market."""
    part = name.partition("-")[0]
    return STOP_ORDER.index(part) if part in STOP_ORDER else 0


def start_processes(supervisor: Supervisor, settings: Settings, config: Path, stop: threading.Event) -> None:
    """All but the store, which was started first because it takes longest."""
    if settings.venue == SIMULATED:
        port = settings.capture.websocket_url.rsplit(":", 1)[1]
        chosen = ("--config", str(config), "--port", port)
        simulator = supervisor.start("simulator", "simulate", *chosen, rank=rank_of("simulator"))
        _await_ready(settings.data, supervisor, simulator, stop)
    for number in captures(settings):
        name = process_name(number, settings.capture.shards)
        supervisor.start(name, "capture", "--config", str(config), "--shard", str(number), rank=rank_of(name))
    for number in range(settings.flow.workers):
        name = f"market-{number}" if settings.flow.workers > 1 else "market"
        chosen = ("--config", str(config), "--member", str(number))
        supervisor.start(name, "market", *chosen, rank=rank_of(name), group="market")
    if settings.kafka.brokers and not settings.kafka.read:
        supervisor.start("forward", "forward", "--config", str(config), rank=rank_of("forward"))
    solver = ("solve",) if settings.portfolio.method == "optimizer" else ()
    for name in ("trading", *solver, *(("execute",) if settings.execution.outside else ()), "gateway", "deliver"):
        supervisor.start(name, name, "--config", str(config), rank=rank_of(name))


def _await_ready(data: Path, supervisor: Supervisor, process: Process, stop: threading.Event) -> None:
    """Give a process a moment to say that it is ready, so that those that need it need not back off."""
    deadline = time.monotonic() + READY_WITHIN_S
    while (
        time.monotonic() < deadline and process.running and read_run_file(data, process.name).get("pid") != process.pid
    ):
        supervisor.tick()
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
    orders = settings.orders
    if settings.venue == SIMULATED and settings.execution.outside:
        orders = orders.model_copy(update={"port": _port("127.0.0.1", orders.port, "orders.port")})
    flow = settings.flow
    if flow.workers > 1 and not flow.addresses:
        flow = flow.model_copy(update={"addresses": free_addresses(flow.workers)})
    ports = {"store": store, "gateway": gateway, "capture": capture, "orders": orders, "flow": flow}
    return settings.model_copy(update=ports)


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
def own_log(settings: Settings) -> Iterator[None]:
    """Keep the supervisor's log beside the others, in the same format and bounds."""
    folder = settings.data / "log"
    folder.mkdir(parents=True, exist_ok=True)
    handler = _OwnLog(folder / f"{SUPERVISOR}.log", maxBytes=settings.log.bytes, backupCount=settings.log.files)
    handler.setFormatter(JsonLines(SUPERVISOR))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


@contextmanager
def quiet_log(say: Callable[[str], None], *, plain: bool = False) -> Iterator[None]:
    """Log sentences go to the view while it owns the screen; with `plain`, only where a person looks at stderr."""
    root = logging.getLogger()
    hushed = [one for one in root.handlers if isinstance(one, Handler)]
    if plain and not sys.stderr.isatty():
        hushed = []
    saying = _Saying(say)
    for handler in hushed:
        root.removeHandler(handler)
        root.addHandler(saying)
    try:
        yield
    finally:
        root.removeHandler(saying)
        for handler in hushed:
            root.addHandler(handler)


class _OwnLog(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 the name of the standard library
        """A line that the disk does not take is lost."""


class _Saying(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())
