"""Health of everything under `barograph up` over HTTP: /healthz and /readyz, on loopback by default; and metrics.

/healthz answers 200 as long as the supervisor itself goes round, with the state of every process: what asks it should
restart the whole only when it does not answer. /readyz answers 200 when every process works, else 503 with the reasons.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from flows.settings import SuperviseSettings
from flows.supervision.metrics_pages import is_metrics, metrics_pages
from flows.supervision.supervise import Supervisor
from gateway.guard import MIN_KEY_CHARACTERS, Guard
from gateway.keys import Keys
from gateway.presented import is_loopback
from market.clock import SystemClock
from market.errors import SettingsError

log = logging.getLogger("barograph.supervise")

CONNECTIONS = 32  # open sockets; more are answered 503
KEEP_ALIVE_S = 5  # an idle connection is closed after that
STANDS_STILL_S = 15.0  # a supervisor that has not gone round for so long is not alive
JOIN_S = 0.5


@contextmanager
def health_server(supervisor: Supervisor, settings: SuperviseSettings, key: str | None = None) -> Iterator[int]:
    """Tell health while the context lasts; gives the port. Raises SettingsError where it cannot or must not listen."""
    key = os.environ.get("BAROGRAPH_API_KEY", "") if key is None else key
    loopback = is_loopback(settings.host)
    if not loopback and len(key) < MIN_KEY_CHARACTERS:
        raise SettingsError(
            f"health is not told on {settings.host} without a key; set BAROGRAPH_API_KEY ({MIN_KEY_CHARACTERS} or more"
            " characters), or supervise.host to 127.0.0.1"
        )
    with _listening(settings) as listener:
        port = int(listener.getsockname()[1])
        server = uvicorn.Server(_config(_door(supervisor, key, loopback=loopback)))
        worker = threading.Thread(target=server.run, args=([listener],), name="health", daemon=True)
        worker.start()
        supervisor.serves(port)
        try:
            yield port
        finally:
            server.should_exit = True
            worker.join(JOIN_S)


def _door(supervisor: Supervisor, key: str, *, loopback: bool) -> ASGIApp:
    """Health, which on loopback needs no key; and the numbers of all processes, which do as soon as there are keys."""
    health = Guard(application(supervisor), "" if loopback else key)
    keys = Keys(supervisor.data, SystemClock())
    numbers = Guard(metrics_pages(supervisor), key, keys=keys, always=not loopback)

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        await (numbers if is_metrics(scope["path"]) else health)(scope, receive, send)

    return door


def application(supervisor: Supervisor) -> Starlette:
    """The two answers."""

    def healthz(_request: Request) -> Response:
        silent_s = 0.0 if supervisor.ticked_s is None else time.monotonic() - supervisor.ticked_s
        alive = silent_s < STANDS_STILL_S
        told = {"status": "alive" if alive else f"the supervisor stands still for {silent_s:.0f} s"}
        return JSONResponse({**told, **supervisor.report.facts()}, 200 if alive else 503)

    def readyz(_request: Request) -> Response:
        reasons = supervisor.report.reasons()
        if reasons:
            return JSONResponse({"status": "not ready", "reasons": reasons}, 503)
        return JSONResponse({"status": "ready"})

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz)])


@contextmanager
def _listening(settings: SuperviseSettings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=CONNECTIONS)
    except OSError as error:
        raise SettingsError(
            f"{settings.host}:{settings.port} cannot be used ({error.strerror or error}); stop what uses it or set"
            " supervise.port (0: any)"
        ) from None
    with listener:
        yield listener


def _config(application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
    )
