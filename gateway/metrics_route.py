"""/metrics of the gateway: its own numbers, for who has a key with the scope `metrics`."""

from fastapi import APIRouter, Request, Response

from gateway.caller import needs
from gateway.exposition import exposed
from market.metrics import Metrics


def metrics_route(metrics: Metrics) -> APIRouter:
    """The one route. Those of the other processes are told by the supervisor."""
    api = APIRouter(dependencies=[needs("metrics")])
    page = exposed(metrics)

    @api.get("/metrics", include_in_schema=False)
    def numbers(request: Request) -> Response:
        found = page(request.headers.get("accept", ""))
        return Response(found.body, media_type=found.content_type)

    return api
