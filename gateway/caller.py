"""Who asks, and what they may: the `Caller` that the guard puts into the scope, and how a route says what it needs.

Every route declares its scope where it stands (`needs`, `declares`); `undeclared` lists those that do not, and the
application does not start with one.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fastapi import Depends, FastAPI, HTTPException
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute

SCOPES = {
    "read": "market data and the state of the processes",
    "stream": "live events over WebSocket",
    "account": "positions, orders, fills, risk and the books of the account",
    "webhooks": "endpoints of webhooks and their deliveries",
    "metrics": "metrics for Prometheus",
}
ANY = ""  # any key will do
DEFAULT_TENANT = "default"  # whose account the trading flow trades
UNGUARDED = frozenset({"/openapi.json"})  # FastAPI's own route, which takes no dependency; any key will do


class Caller(NamedTuple):
    """Who asks. Made by the guard from a verified key, never from what a client says of itself."""

    tenant: str  # "" for nobody
    scopes: frozenset[str]
    key: str  # public id; "environment" for BAROGRAPH_API_KEY, "" where none was shown
    open: bool  # the gateway needs no key: loopback, and none was ever made

    def may(self, scope: str) -> bool:
        """Whether the scope is given; a scope implies no other."""
        return scope in self.scopes


NOBODY = Caller("", frozenset(), "", False)
OPEN = Caller(DEFAULT_TENANT, frozenset(SCOPES), "", True)
ENVIRONMENT = Caller(DEFAULT_TENANT, frozenset(SCOPES), "environment", False)


def caller_of(connection: HTTPConnection) -> Caller:
    """The caller of a request or WebSocket; NOBODY where no guard ran."""
    caller = connection.scope.get("caller", NOBODY)
    return caller if isinstance(caller, Caller) else NOBODY


def may_see_account(caller: Caller) -> bool:
    """Whether what is of the account is the caller's: there is one account, of the first tenant."""
    return caller.may("account") and caller.tenant == DEFAULT_TENANT


def needs(scope: str) -> Any:
    """A dependency that is the Caller, and 403 where the scope is not given. `ANY`: every valid key."""

    def check(connection: HTTPConnection) -> Caller:
        caller = caller_of(connection)
        if caller == NOBODY:
            raise HTTPException(401, "a key is needed")
        if scope != ANY and not caller.may(scope):
            raise HTTPException(403, f"this key does not have the scope {scope}")
        return caller

    return Depends(_declared(check, scope))


def declares(scope: str) -> Any:
    """Says what a WebSocket route needs and checks nothing: it answers with close codes of its own."""

    def says() -> None:
        """Nothing to do."""

    return Depends(_declared(says, scope))


def scopes_of(api: FastAPI) -> dict[tuple[str, str], set[str]]:
    """What every route declares, by method (WEBSOCKET too) and path; empty where it declares nothing."""
    found: dict[tuple[str, str], set[str]] = {}
    for route in iter_route_contexts(api.routes):
        path = route.path or "?"
        dependant = getattr(route, "dependant", None)
        said = {call.scope for call in _calls(dependant) if hasattr(call, "scope")} if dependant is not None else set()
        if path in UNGUARDED:
            said = {ANY}
        methods = route.methods or {"WEBSOCKET" if isinstance(route.original_route, WebSocketRoute) else "MOUNT"}
        found |= {(method, path): said for method in sorted(methods)}
    return found


def undeclared(api: FastAPI) -> list[str]:
    """Routes without a scope; the application must not start with one."""
    return [f"{method} {path}" for (method, path), said in scopes_of(api).items() if not said]


def _declared(check: Callable[..., Any], scope: str) -> Callable[..., Any]:
    if scope != ANY and scope not in SCOPES:
        raise ValueError(f"{scope!r} is no scope; there are {', '.join(SCOPES)}")
    check.scope = scope  # type: ignore[attr-defined]
    return check


def _calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for part in dependant.dependencies:
        yield from _calls(part)
