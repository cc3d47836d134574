"""The FastAPI application: routes, guard, problem documents and the console page put together."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI

from gateway.caller import ANY, Caller, may_see_account, needs, undeclared
from gateway.console import console
from gateway.etag import Tagged
from gateway.explain import explanations
from gateway.explain_order import order_explanations
from gateway.exposition import our_version
from gateway.guard import Guard
from gateway.history.routes import history
from gateway.keys import Keys
from gateway.limits import CACHE_S
from gateway.metrics_route import metrics_route
from gateway.openapi import describe
from gateway.overview import Overview, overview, without_account
from gateway.problems import install
from gateway.routes import account, tables
from gateway.rows import DeadLetters
from gateway.sending import Sending
from gateway.shared import Shared
from gateway.status import Partition, Status, gather
from gateway.store import Store
from gateway.stream.hub import Hub
from gateway.stream.routes import stream
from gateway.stream.tickets import Tickets
from gateway.strict import strict
from gateway.webhook_routes import webhooks
from market.clock import Clock, SystemClock
from market.metrics import Metrics
from sinks.webhook.address import Rules
from sinks.webhook.desk import Desk


def app(
    *,
    dsn: str,
    data: Path,
    key: str = "",
    always: bool = False,
    journal: Callable[[], Sequence[Partition]] = tuple,
    clock: Clock | None = None,
    desk: Callable[[], Desk] | None = None,
    metrics: Metrics | None = None,
) -> FastAPI:
    """The application over one store and one data directory.

    `key` is that of the environment, empty for none; beside it count the keys of DATA/gateway/keys.db. `always`: a key
    is needed even while there is none. `journal` tells the last offsets for the status, `desk` opens the webhooks.
    """
    clock, metrics = clock or SystemClock(), metrics or Metrics()
    keys = Keys(data, clock)
    store = Store(dsn)
    hub = Hub(data, clock, holds=keys.holds, metrics=metrics)
    api = FastAPI(
        title="Barograph",
        version=our_version(),
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
        dependencies=[Depends(strict)],
        lifespan=lambda _: _running(store, keys, hub),
    )
    api.state.keys = keys
    install(api)
    api.include_router(_health(store))
    api.include_router(tables(store))
    api.include_router(account(store))
    api.include_router(history(store, data, clock))
    api.include_router(explanations(store, data))
    api.include_router(order_explanations(store))
    api.include_router(_state(store, dsn, data, journal, clock))
    api.include_router(stream(hub, Tickets(clock)))
    api.include_router(webhooks(desk or (lambda: Desk(data, clock, Rules()))))
    api.include_router(metrics_route(metrics))
    api.include_router(console(), dependencies=[needs(ANY)])
    api.add_middleware(Tagged)
    api.add_middleware(Sending)
    api.add_middleware(Guard, key=key, keys=keys, always=always, clock=clock)
    describe(api)
    if found := undeclared(api):
        raise RuntimeError(f"routes without a scope: {', '.join(found)}")
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
    api = APIRouter(tags=["health"], dependencies=[needs(ANY)])

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
    api = APIRouter(prefix="/api/v1", tags=["state"], dependencies=[needs("read")])
    endpoint = sql_endpoint(dsn)
    seen = Shared(lambda: overview(store, now_ns=clock.now_ns(), sql_endpoint=endpoint), clock, CACHE_S)
    state = Shared(lambda: gather(store, data=data, now_ns=clock.now_ns(), journal=journal()), clock, CACHE_S)

    @api.get("/overview")
    def overview_(caller: Annotated[Caller, needs("read")]) -> Overview:
        """What the console page shows: instruments with prices, regimes and positions, and the pulse of the whole."""
        return seen.get() if may_see_account(caller) else without_account(seen.get())

    @api.get("/status")
    def status() -> Status:
        """Processes, connections, lag, gaps, latencies, table sizes, regimes; answers also while the store is down."""
        return state.get()

    return api


@asynccontextmanager
async def _running(store: Store, keys: Keys, hub: Hub) -> AsyncIterator[None]:
    hub.start()
    yield
    await hub.stop()
    store.close()
    keys.close()
