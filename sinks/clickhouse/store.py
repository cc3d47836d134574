"""`barograph store`: chDB behind ClickHouse's HTTP interface, for everything that speaks to a ClickHouse server.

One process owns DATA/store. DATA/run/store.json says where it answers; a file lock, which dies with the process,
says that it does. An acknowledged insert is in the page cache: it survives the process, not a power loss (the
journal covers that).
"""

import fcntl
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import uvicorn

from market.beat import Beat, unheard
from market.clock import SystemClock
from market.errors import StoreError
from market.metrics import Metrics
from sinks.clickhouse.app import Store
from sinks.clickhouse.embedded import Engine
from sinks.clickhouse.limits import CONNECTIONS, KEEP_ALIVE_SECONDS, STOP_SECONDS, URL_BYTES
from sinks.clickhouse.users import READER, WRITER
from sinks.clickhouse.wire import is_loopback

log = logging.getLogger("barograph.store")

PASSWORD_VARIABLE = "BAROGRAPH_STORE_PASSWORD"  # noqa: S105 the name, not the secret
ALWAYS = -(10**12)  # uvicorn compares wall times with this before it beats: a clock that steps back must not silence it
LOOK_S = 0.05  # how often the serving thread is looked at


def serve(
    data: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8123,
    password: str | None = None,
    reader_password: str | None = None,
    ready: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
    beat: Beat = unheard,
    metrics: Metrics | None = None,
) -> None:
    """Serve the store of a data folder until `stop` is set; port 0 takes a free one, which `ready` is told.

    `beat` is called about every second by the loop that serves.

    `password` is that of the user `default`, and of `reader` unless `reader_password` is given. Raises StoreError when
    another process owns the store, the port is taken, or an address beyond the loopback is to be served without
    password.
    """
    if not password and not is_loopback(host):
        raise StoreError(f"serving {host} needs a password; set {PASSWORD_VARIABLE}, or serve 127.0.0.1")
    (data / "store").mkdir(parents=True, exist_ok=True)
    with _owned(data), _listening(host, port) as listener:
        engine = Engine(data / "store")
        passwords = {WRITER: password or "", READER: reader_password or password or ""}
        hosts = None if password else frozenset({host.lower(), ""})
        _serve(
            Store(engine, passwords, hosts, metrics=metrics),
            engine,
            listener,
            data,
            ready,
            stop or threading.Event(),
            beat,
        )


def _serve(
    application: Store,
    engine: Engine,
    listener: socket.socket,
    data: Path,
    ready: Callable[[int], None] | None,
    stop: threading.Event,
    beat: Beat,
) -> None:
    async def goes_on() -> None:
        beat("")

    server = uvicorn.Server(
        uvicorn.Config(
            application,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=URL_BYTES,
            callback_notify=goes_on,
            timeout_notify=ALWAYS,
        )
    )
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # cut answers are told apart and logged by us
    # A thread of its own: in the main thread uvicorn would take over the signals, which stop everything at once.
    serving = threading.Thread(target=server.run, args=([listener],), name="store-http", daemon=True)
    serving.start()
    run_file = data / "run" / "store.json"
    try:
        while not server.started and serving.is_alive():
            serving.join(LOOK_S)
        _write_run_file(run_file, listener.getsockname()[1])
        if ready is not None:
            ready(listener.getsockname()[1])
        while serving.is_alive() and not stop.wait(LOOK_S):
            pass
        if not stop.is_set():
            raise StoreError("the store's HTTP server ended by itself; its log says why")
    finally:
        run_file.unlink(missing_ok=True)
        _finish(server, serving, application, engine)


def _finish(server: uvicorn.Server, serving: threading.Thread, application: Store, engine: Engine) -> None:
    """Stop within STOP_SECONDS: queries that still run are cancelled, as nobody is left to read their results."""
    server.should_exit = True
    engine.kill_all()
    serving.join(STOP_SECONDS)
    application.close()
    if serving.is_alive():
        log.warning("queries that could not be cancelled were left behind")
        return
    engine.close()


@contextmanager
def _owned(data: Path) -> Iterator[None]:
    """Hold the lock of the data folder's store."""
    path = data / "run" / "store.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                f"another process serves the store of {data}; stop it, or use another --data folder"
            ) from None
        yield


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol's number asyncio leaves Nagle's algorithm on, and every answer takes 40 ms longer.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise StoreError(
                f"the store cannot listen on {host}:{port} ({error.strerror}); free that port, or set store.port"
            ) from None
        listener.listen(CONNECTIONS)
        yield listener


def _write_run_file(path: Path, port: int) -> None:
    """In one step, so that a reader never sees half of it."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(msgspec.json.encode({"port": port, "pid": os.getpid(), "started_ns": SystemClock().now_ns()}))
    partial.replace(path)
