"""`Measured`: counts requests by route, method and status, with a span for each; outermost, so that refusals count.

A route is told by its template, as /api/v1/bars, never by its path: what was asked for may be anything.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from market import metric_table as table
from market.clock import SECOND_NS, Clock
from market.metrics import Counter, Histogram, Metrics
from market.trace import Trace

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"  # refused before a route was found, or there is none
GONE = "499"  # the client left before an answer began, or nothing was answered
KINDS = ("http", "websocket")


class Measured:
    """ASGI middleware; used by the thread of the event loop alone."""

    def __init__(self, inner: ASGIApp, metrics: Metrics, clock: Clock, trace: Trace) -> None:
        self._inner, self._metrics, self._clock, self._trace = inner, metrics, clock, trace
        self._running = 0
        self._counts: dict[tuple[str, str, str], Counter] = {}
        self._seconds: dict[str, Histogram] = {}
        metrics.before_scrape("gateway", lambda: metrics.set(table.API_RUNNING, self._running))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through the application."""
        if scope["type"] not in KINDS:
            await self._inner(scope, receive, send)
            return
        began_ns, status = self._clock.monotonic_ns(), GONE

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            elif message["type"] == "websocket.accept":
                status = "101"
            await send(message)

        self._running += 1
        method = _method(scope)
        try:
            with self._trace("request", method=method) as say:
                await self._inner(scope, receive, heard)
                say(route=_route(scope), status=status)
        finally:
            self._running -= 1
            self._count(_route(scope), method, status, self._clock.monotonic_ns() - began_ns)

    def _count(self, route: str, method: str, status: str, took_ns: int) -> None:
        key = route, method, status
        if key not in self._counts:
            self._counts[key] = self._metrics.counter(table.API_REQUESTS, *key)
        self._counts[key].add()
        if method == "WEBSOCKET":
            return  # it lasts as long as somebody listens
        if route not in self._seconds:
            self._seconds[route] = self._metrics.histogram(table.API_SECONDS, route)
        self._seconds[route].observe(took_ns / SECOND_NS)


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "WEBSOCKET"
    return scope["method"] if scope["method"] in METHODS else "OTHER"


def _route(scope: Scope) -> str:
    """Template of the route that answered; the application writes it into the scope."""
    return str(getattr(scope.get("route"), "path", NO_ROUTE))
