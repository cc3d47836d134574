"""What Prometheus reads: the formats, the names, the routes, and who may ask."""

import asyncio
import re

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser
from starlette.types import Message, Receive, Scope, Send

from gateway.app import app
from gateway.exposition import exposed
from gateway.keys import Keys
from gateway.measured import Measured
from market import metric_table as table
from market.clock import ManualClock
from market.metric_table import TABLE
from market.metrics import Metric, Metrics
from market.trace import untraced
from tests.gateway.client import Client

NOWHERE = "http://127.0.0.1:9/barograph"
NAME = re.compile(r"barograph_[a-z]+(_[a-z]+)*")
# What a number counts, where its unit is not a unit of physics.
THINGS = {
    *(
        "seconds",
        "bytes",
        "ratio",
        "info",
        "frames",
        "rows",
        "blocks",
        "queries",
        "clients",
        "requests",
        "messages",
        "connections",
    ),
    *("alarms", "deliveries", "currency", "up", "ready", "state", "row", "orders"),
}
LABELS = {
    *("version", "source", "shard", "channel", "state", "way", "alarm", "fate", "stage", "cause", "table", "kind"),
    *("part", "event", "account", "outcome", "route", "method", "status", "reason", "process", "chore", "origin"),
}  # fmt: skip
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def filled() -> Metrics:
    """One label set of every metric, which has as its values the names of its labels."""
    metrics = Metrics()
    for metric in TABLE:
        if metric.kind == "counter":
            metrics.counter(metric, *metric.labels).add(2)
        elif metric.kind == "gauge":
            metrics.gauge(metric, *metric.labels).set(2)
        else:
            metrics.histogram(metric, *metric.labels).observe(0.02)
    return metrics


@pytest.mark.parametrize("metric", TABLE, ids=lambda metric: metric.name)
def test_a_metric_is_named_by_convention_and_says_what_it_is(metric: Metric) -> None:
    assert NAME.fullmatch(metric.name)
    assert metric.help
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.kind == "counter" or metric.name.rsplit("_", 1)[-1] in THINGS
    assert not re.search(r"_(ms|ns|us|kb|mb|percent|count|sum|bucket)(_|$)", metric.name)
    assert set(metric.labels) <= LABELS, "labels come from closed sets; is this one?"
    assert list(metric.bounds) == sorted(set(metric.bounds))


def test_no_name_stands_twice() -> None:
    assert len({metric.name.removesuffix("_total") for metric in TABLE}) == len(TABLE)


@pytest.mark.parametrize(
    ("accept", "parse"),
    [("", parser.text_string_to_metric_families), (OPEN_METRICS, openmetrics_parser.text_string_to_metric_families)],
    ids=["text", "openmetrics"],
)
def test_every_metric_is_read_back_as_it_is(accept: str, parse: object) -> None:
    page = exposed(filled())(accept)
    assert page.content_type.startswith("application/openmetrics-text" if accept else "text/plain; version=0.0.4")
    found = {family.name: family for family in parse(page.body.decode())}  # type: ignore[operator]
    for metric in TABLE:
        name = metric.name.removesuffix("_total")
        family = found[name]
        assert (family.type, family.documentation) == (metric.kind, metric.help)
        if accept:
            assert family.unit == (name.rsplit("_", 1)[-1] if name.endswith(("_seconds", "_bytes", "_ratio")) else "")
        sample = next(one for one in family.samples if one.labels.keys() - {"le"} == set(metric.labels))
        if metric.kind != "histogram" and metric is not table.UNTOLD:
            assert (sample.name, sample.value) == (metric.name, 2.0)
        elif metric.kind == "histogram":
            total = {one.name.removeprefix(name): one.value for one in family.samples if "le" not in one.labels}
            assert total == {"_count": 1.0, "_sum": 0.02}
            assert [one.value for one in family.samples if one.labels.get("le") == "+Inf"] == [1.0]
    assert {"process_cpu_seconds", "process_resident_memory_bytes"} <= found.keys()


def test_a_part_that_cannot_be_looked_at_hides_no_other() -> None:
    metrics = filled()
    metrics.before_scrape("broken", lambda: {}["nothing"])
    metrics.before_scrape("whole", lambda: metrics.set(table.STORE_RUNNING, 7))
    said = exposed(metrics)("").body.decode()
    assert "\nbarograph_store_running_queries 7.0\n" in said
    assert "\nbarograph_metrics_failed_looks_total 3.0\n" in said


def counted(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return {one.labels: one.value for one in metrics.told() if one.metric is table.API_REQUESTS}


def test_requests_are_counted_by_the_template_of_their_route(tmp_path) -> None:
    metrics = Metrics()
    inner = app(dsn=NOWHERE, data=tmp_path, metrics=metrics)
    client = Client(Measured(inner, metrics, ManualClock(), untraced))  # type: ignore[arg-type]
    client.get("/healthz")
    client.get("/healthz?x=1")
    client.get("/no/such/page")
    client.ask("PROPFIND", "/healthz")
    client.get("/healthz", headers={"host": "rebound.example"})
    assert counted(metrics) == {
        ("/healthz", "GET", "200"): 2.0,
        ("none", "GET", "404"): 1.0,
        ("/healthz", "OTHER", "405"): 1.0,
        ("none", "GET", "421"): 1.0,
    }


def test_a_request_that_nobody_answers_is_counted_and_its_span_ends() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise LookupError

    async def nothing() -> Message:
        return {}

    async def unheard(message: Message) -> None:
        """Nobody listens."""

    metrics, scope = Metrics(), {"type": "http", "method": "GET", "path": "/x"}
    with pytest.raises(LookupError):
        asyncio.run(Measured(broken, metrics, ManualClock(), untraced)(scope, nothing, unheard))
    assert counted(metrics) == {("none", "GET", "499"): 1.0}


def test_the_gateway_tells_its_own_numbers_to_who_may_ask(tmp_path) -> None:
    keys = Keys(tmp_path, ManualClock())
    api = Client(app(dsn=NOWHERE, data=tmp_path, clock=ManualClock(), metrics=filled()))
    assert "barograph_webhook_dead_deliveries 2.0" in api.get("/metrics").text
    may, may_not = (
        keys.add(name=name, scopes=[scope], tenant="default", rate_per_s=50).text
        for name, scope in (("prometheus", "metrics"), ("reader", "read"))
    )
    asked = {text: api.get("/metrics", headers={"authorization": f"Bearer {text}"}) for text in (may, may_not, "x")}
    assert [answer.status_code for answer in asked.values()] == [200, 403, 401]


def test_the_stream_counts_where_the_page_of_numbers_looks(tmp_path) -> None:
    said = Client(app(dsn=NOWHERE, data=tmp_path, clock=ManualClock())).get("/metrics").text
    assert "\nbarograph_stream_clients 0.0\n" in said
