"""`barograph gateway`: the application on a socket, until told to stop."""

import logging
import os
import resource
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import uvicorn

from gateway.app import app
from gateway.guard import check
from gateway.keys import Keys
from gateway.limits import CONCURRENT_CONNECTIONS, MAX_REQUEST_BYTES, STALLED_S, STREAMS
from gateway.measured import Measured
from gateway.presented import is_loopback
from gateway.status import Partition
from gateway.stream.socket import StreamSocket
from market.beat import Beat, unheard
from market.clock import Clock, SystemClock
from market.errors import SettingsError
from market.metrics import Metrics
from market.trace import Trace, untraced
from sinks.webhook.desk import Desk

log = logging.getLogger("barograph.gateway")

GRACE_S = 2  # what is still being answered when the stop comes may finish within this
ALWAYS = -(10**12)  # uvicorn compares wall times with this before it beats: a clock that steps back must not silence it
FILES = 2 * (CONCURRENT_CONNECTIONS + STREAMS)  # of sockets, and what else is open
PING_S = 20.0  # how often a stream is asked whether anybody is there
POLL_S = 0.2  # how soon a server that died by itself is noticed


def serve(
    dsn: str,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    data: Path,
    stop: threading.Event,
    ready: Callable[[int], None] | None = None,
    journal: Callable[[], Sequence[Partition]] = tuple,
    clock: Clock | None = None,
    beat: Beat = unheard,
    desk: Callable[[], Desk] | None = None,
    metrics: Metrics | None = None,
    trace: Trace = untraced,
) -> None:
    """Answer requests until `stop` is set; `ready` is told the port, which matters where 0 asked for any.

    `beat` is called about every second by the loop that answers.

    A key is read from BAROGRAPH_API_KEY, others from DATA/gateway/keys.db. Raises SettingsError when the address is
    not loopback and there is no key, or when it cannot be listened on; KeyStoreError when the keys cannot be read.
    """
    key = os.environ.get("BAROGRAPH_API_KEY", "")
    clock = clock or SystemClock()
    with closing(Keys(data, clock)) as keys:
        check(host, key, keys=keys.needed())
    allow_files(FILES)
    with listen(host, port) as listener:
        bound = int(listener.getsockname()[1])
        always = not is_loopback(host)
        metrics = metrics or Metrics()
        api = app(dsn=dsn, data=data, key=key, always=always, journal=journal, clock=clock, desk=desk, metrics=metrics)
        server = uvicorn.Server(_config(Measured(api, metrics, clock, trace), beat))
        # Off the main thread, so that uvicorn leaves the signals to us.
        worker = threading.Thread(target=server.run, args=([listener],), name="gateway", daemon=True)
        worker.start()
        log.info("console page and API at http://%s:%d/", host, bound)
        if ready is not None:
            ready(bound)
        while not stop.wait(POLL_S) and worker.is_alive():
            pass
        server.should_exit = True
        worker.join(GRACE_S + 1)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises SettingsError with the way out."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=CONCURRENT_CONNECTIONS)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another gateway.port, or 0 for any free one"
        ) from error


def allow_files(files: int) -> None:
    """Let this process hold so many files and sockets, as far as the system lets it: often it allows 1 024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _config(api: object, beat: Beat) -> uvicorn.Config:
    async def goes_on() -> None:
        beat("")

    return uvicorn.Config(
        api,  # type: ignore[arg-type]
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=CONCURRENT_CONNECTIONS + STREAMS,
        timeout_graceful_shutdown=GRACE_S,
        ws=StreamSocket,
        ws_max_size=MAX_REQUEST_BYTES,
        ws_per_message_deflate=False,  # a context of its own for each client, and every message deflated for each
        ws_ping_interval=PING_S,
        ws_ping_timeout=STALLED_S,
        callback_notify=goes_on,
        timeout_notify=ALWAYS,
    )
