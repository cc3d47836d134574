"""Who may ask for what: every route of the application, which lists them itself, times every kind of key."""

import re

import pytest
from fastapi import APIRouter, FastAPI

from gateway import store as gateway_store
from gateway.app import app
from gateway.caller import ANY, SCOPES, needs, scopes_of, undeclared
from gateway.keys import Keys
from market.clock import ManualClock
from tests.gateway.client import Client

# Beside what stands here a route is found by the test and must be written down here with what it needs.
ROUTES = {
    ANY: ["GET /", "GET /page/{path:path}", "GET /healthz", "GET /readyz", "GET /openapi.json", "HEAD /openapi.json"],
    "read": [
        f"GET /api/v1/{path}"
        for path in (
            *("instruments", "quotes/latest", "features/latest", "regimes/latest", "regimes/forecasts", "overview"),
            *("signals/latest", "gaps", "coverage", "availability", "latency", "quotes", "trades", "features", "bars"),
            *("regimes", "regimes/changes", "signals", "gaps/history", "signals/explanation", "status"),
        )
    ],
    "account": [
        f"GET /api/v1/{path}"
        for path in (
            *("positions", "positions/history", "targets", "orders", "orders/{client_order_id}/explanation", "fills"),
            *("risk_events", "intents", "ledger"),
            *("accounts", "risk", "risk_parts", "limits", "rebalances", "correlations", "problems", "solutions"),
        )
    ],
    "stream": ["WEBSOCKET /api/v1/stream", "POST /api/v1/stream/ticket"],
    "metrics": ["GET /metrics"],
}


class Empty:
    """A store in which there is nothing."""

    def raw_query(self, _sql, **_):
        return b""

    def close(self):
        """Nothing to let go of."""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The application, and a key of every scope for two tenants."""
    data, clock = tmp_path_factory.mktemp("scopes"), ManualClock(1_700_000_000_000_000_000)
    keys = Keys(data, clock)
    shown = {
        (scope, tenant): keys.add(name="k", scopes=[scope], tenant=tenant, rate_per_s=10_000).text
        for scope in SCOPES
        for tenant in ("default", "other")
    }
    gone = keys.add(name="gone", scopes=SCOPES, tenant="default", rate_per_s=10_000).text
    keys.revoke(gone.split("_")[1])
    return app(dsn="http://127.0.0.1:9/barograph", data=data, clock=clock), shown, gone


def listed(api: FastAPI) -> dict[str, set[str]]:
    return {f"{method} {path}": said for (method, path), said in scopes_of(api).items()}


def test_every_route_needs_what_is_written_down_here(built):
    written = {route: scope for scope, routes in ROUTES.items() for route in routes}
    found = listed(built[0])
    assert {route for route in found if route not in written and "/webhooks" not in route} == set()
    for route, said in found.items():
        assert said == {written.get(route, "webhooks")}, route
    assert sum("/webhooks" in route for route in found) >= 5
    assert set(written) <= set(found)


def test_a_route_without_a_scope_is_found_and_a_scope_must_exist():
    api = FastAPI(docs_url=None, redoc_url=None)
    router = APIRouter(prefix="/x")
    router.add_api_route("/open", lambda: 1)
    router.add_api_route("/told", lambda: 1, dependencies=[needs("read")])
    router.add_api_websocket_route("/live", lambda websocket: None)
    api.include_router(router)
    api.mount("/files", FastAPI())
    assert undeclared(api) == ["GET /x/open", "WEBSOCKET /x/live", "MOUNT /files"]
    with pytest.raises(ValueError, match="no scope"):
        needs("raed")


def requests(api: FastAPI) -> list[tuple[str, str, str]]:
    """Method, path with something for its parameters, and the scope it needs, of every route for requests."""
    found = [(route.partition(" "), next(iter(said))) for route, said in listed(api).items()]
    return [
        (method, re.sub(r"\{[^}]*\}", "0123456789abcdef", path), scope)
        for (method, _, path), scope in found
        if method != "WEBSOCKET"
    ]


def test_every_route_times_every_key(built, monkeypatch):
    monkeypatch.setattr(gateway_store, "connect", lambda *_, **__: Empty())
    api, shown, gone = built
    client = Client(api)
    for method, path, needed in requests(api):
        assert client.ask(method, path).status_code == 401, path
        assert client.ask(method, path, headers={"x-api-key": gone}).status_code == 401, path
        for scope in SCOPES:
            answer = client.ask(method, path, headers={"x-api-key": shown[scope, "default"]})
            if needed in (scope, ANY):
                assert answer.status_code not in (401, 403), (path, scope, answer.text)
            else:
                assert answer.status_code == 403, (path, scope, answer.text)
                assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_of_another_tenant_gets_what_nobody_has(built, monkeypatch):
    monkeypatch.setattr(gateway_store, "connect", lambda *_, **__: Empty())
    api, shown, _ = built
    client = Client(api)
    for method, path, needed in requests(api):
        if needed != "webhooks" or "0123456789abcdef" not in path or method == "POST":
            continue
        answers = [
            client.ask(method, path, headers={"x-api-key": shown["webhooks", one]}) for one in ("default", "other")
        ]
        assert len({(answer.status_code, answer.text) for answer in answers}) == 1, path
