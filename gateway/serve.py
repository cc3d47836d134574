"""`barograph gateway`: the application on a socket, until told to stop."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from gateway.app import app
from gateway.guard import check
from gateway.limits import CONCURRENT_CONNECTIONS
from gateway.status import Partition
from market.beat import Beat, unheard
from market.clock import Clock
from market.errors import SettingsError

log = logging.getLogger("barograph.gateway")

GRACE_S = 2  # what is still being answered when the stop comes may finish within this
ALWAYS = -(10**12)  # uvicorn compares wall times with this before it beats: a clock that steps back must not silence it
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
) -> None:
    """Answer requests until `stop` is set; `ready` is told the port, which matters where 0 asked for any.

    `beat` is called about every second by the loop that answers.

    The key is read from BAROGRAPH_API_KEY. Raises SettingsError when the address is not loopback and there is no
    key, or when it cannot be listened on.
    """
    key = os.environ.get("BAROGRAPH_API_KEY", "")
    check(host, key)
    with listen(host, port) as listener:
        bound = int(listener.getsockname()[1])
        server = uvicorn.Server(_config(app(dsn=dsn, data=data, key=key, journal=journal, clock=clock), beat))
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


def _config(api: object, beat: Beat) -> uvicorn.Config:
    async def goes_on() -> None:
        beat("")

    return uvicorn.Config(
        api,  # type: ignore[arg-type]
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=CONCURRENT_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
        ws="none",
        callback_notify=goes_on,
        timeout_notify=ALWAYS,
    )
