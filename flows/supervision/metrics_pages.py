"""The numbers of all processes behind the one guarded door of the supervisor, as Prometheus finds them.

/targets lists them (http_sd): every process is to be asked here, at /metrics/<process>, with `process` as a label. What
a process says there comes from its own port on loopback. /metrics is the supervisor's own. A process that is down stays
on the list, and to ask for it fails, so that Prometheus says so too. Who asks needs a key with the scope `metrics` as
soon as there are keys, and off loopback.
"""

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from flows.measured import Door, doors
from flows.supervision.report import READY, Report
from flows.supervision.supervise import Supervisor
from gateway.caller import NOBODY
from gateway.exposition import exposed
from gateway.problems import problem
from gateway.runfiles import SUPERVISOR
from market import metric_table as table
from market.metrics import Metrics

OWN, TARGETS, OF_PROCESS = "/metrics", "/targets", "/metrics/{process:str}"
ASK_S = 4.0  # for what one process says; Prometheus itself gives up after 10 by default
MOST_BYTES = 8 << 20  # of it


def is_metrics(path: str) -> bool:
    """Whether a path is one of these pages."""
    return path in (OWN, TARGETS) or path.startswith(f"{OWN}/")


def metrics_pages(supervisor: Supervisor) -> ASGIApp:
    """The three pages, for callers with the scope `metrics`."""
    metrics = Metrics()
    metrics.before_scrape("processes", lambda: tell(supervisor.report, metrics))
    page = exposed(metrics)

    def own(request: Request) -> Response:
        found = page(request.headers.get("accept", ""))
        return Response(found.body, media_type=found.content_type)

    def targets(request: Request) -> Response:
        address = request.headers.get("host", "")
        names = sorted({one.name for one in supervisor.report.processes} | doors(supervisor.data).keys())
        paths = {SUPERVISOR: OWN, **{name: f"{OWN}/{name}" for name in names}}
        return JSONResponse(
            [
                {"targets": [address], "labels": {"process": name, "__metrics_path__": path}}
                for name, path in paths.items()
            ]
        )

    def of_process(request: Request) -> Response:
        name = request.path_params["process"]
        if name == SUPERVISOR:
            return own(request)
        door = doors(supervisor.data).get(name)
        if door is None:
            return problem(503, "No living process of this name tells its numbers.")
        return _asked(door, request.headers.get("accept", ""))

    return _Scoped(Starlette(routes=[Route(OWN, own), Route(TARGETS, targets), Route(OF_PROCESS, of_process)]))


def tell(report: Report, metrics: Metrics) -> None:
    """Write a report into the supervisor's numbers."""
    for one in report.processes:
        metrics.set(table.PROCESS_UP, one.pid is not None, one.name)
        metrics.set(table.PROCESS_READY, one.state == READY, one.name)
        metrics.reach(table.PROCESS_RESTARTS, one.restarts, one.name)
    for chore in report.chores:
        metrics.reach(table.CHORE_RUNS, chore.runs, chore.name)
        metrics.set(table.CHORE_FAILING, chore.failures, chore.name)


class _Scoped:
    """ASGI middleware inside the guard."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope.get("caller", NOBODY).may("metrics"):
            await problem(403, "This key does not have the scope metrics.")(scope, receive, send)
        else:
            await self._inner(scope, receive, send)


def _asked(door: Door, accept: str) -> Response:
    headers = {"accept": accept, "authorization": f"Bearer {door.word}"}
    try:
        with (
            httpx.Client(trust_env=False, timeout=ASK_S) as client,
            client.stream("GET", f"http://127.0.0.1:{door.port}{OWN}", headers=headers) as answer,
        ):
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    return problem(502, f"The process says over {MOST_BYTES} bytes.")
    except httpx.HTTPError as error:
        return problem(503, f"The process does not tell its numbers: {error}")
    return Response(body, answer.status_code, media_type=answer.headers.get("content-type"))
