"""The FastAPI application: routes, guard, problem documents and the console page put together."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

from gateway.console import content_security_policy, page
from gateway.guard import Guard
from gateway.limits import CACHE_S
from gateway.overview import Overview, overview
from gateway.problems import install
from gateway.routes import tables
from gateway.rows import DeadLetters
from gateway.shared import Shared
from gateway.status import Partition, Status, gather
from gateway.store import Store
from market.clock import Clock, SystemClock

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": "a problem document, RFC 9457"} for status in (400, 401, 421, 503, 504)
}


def app(
    *,
    dsn: str,
    data: Path,
    key: str = "",
    journal: Callable[[], Sequence[Partition]] = tuple,
    clock: Clock | None = None,
) -> FastAPI:
    """The application over one store and one data directory.

    `key` is what every request must carry, empty for none; `journal` tells the last offsets for the status.
    """
    clock = clock or SystemClock()
    store = Store(dsn)
    api = FastAPI(
        title="Barograph",
        version=_version(),
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
        responses=PROBLEMS,
        lifespan=lambda _: _closing(store),
    )
    install(api)
    api.include_router(_health(store))
    api.include_router(tables(store))
    api.include_router(_state(store, dsn, data, journal, clock))
    api.include_router(_console())
    api.add_middleware(Guard, key=key)
    return api


def sql_endpoint(dsn: str) -> str:
    """Where SQL is answered, without user and password.

    >>> sql_endpoint("http://reader:secret@127.0.0.1:8123/barograph")
    'http://127.0.0.1:8123'
    """
    parts = urlsplit(dsn)
    host = parts.hostname or "127.0.0.1"
    scheme = "https" if parts.scheme in ("https", "clickhouses") else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{parts.port or 8123}"


def _health(store: Store) -> APIRouter:
    api = APIRouter(tags=["health"])

    @api.get("/healthz")
    def healthz() -> dict[str, str]:
        """The gateway itself answers."""
        return {"status": "alive"}

    @api.get("/readyz")
    def readyz() -> dict[str, str]:
        """The store answers and has its tables; 503 with the reason otherwise."""
        store.one("dead_letters_count", DeadLetters)
        return {"status": "ready"}

    return api


def _state(store: Store, dsn: str, data: Path, journal: Callable[[], Sequence[Partition]], clock: Clock) -> APIRouter:
    api = APIRouter(prefix="/api/v1", tags=["state"])
    endpoint = sql_endpoint(dsn)
    seen = Shared(lambda: overview(store, now_ns=clock.now_ns(), sql_endpoint=endpoint), clock, CACHE_S)
    state = Shared(lambda: gather(store, data=data, now_ns=clock.now_ns(), journal=journal()), clock, CACHE_S)

    @api.get("/overview")
    def overview_() -> Overview:
        """What the console page shows: instruments with prices, regimes and positions, and the pulse of the whole."""
        return seen.get()

    @api.get("/status")
    def status() -> Status:
        """Processes, connections, lag, gaps, latencies, table sizes, regimes; answers also while the store is down."""
        return state.get()

    return api


def _console() -> APIRouter:
    api = APIRouter()

    @api.get("/", include_in_schema=False)
    def console() -> HTMLResponse:
        return HTMLResponse(page(), headers={"content-security-policy": content_security_policy()})

    return api


@asynccontextmanager
async def _closing(store: Store) -> AsyncIterator[None]:
    yield
    store.close()


def _version() -> str:
    try:
        return version("barograph")
    except PackageNotFoundError:
        return "0"
