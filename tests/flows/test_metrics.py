"""Who may hear the numbers of a process, and where; what its spans say."""

import json
import logging
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flows import measured as measured_module
from flows.measured import doors, measured, metrics_path
from flows.settings import Settings, SuperviseSettings
from flows.settings_outward import MetricsSettings
from flows.supervision import metrics_pages
from flows.supervision.health_server import health_server
from flows.supervision.supervise import Supervisor
from flows.traces import ENDPOINT, trace_of, traced
from gateway.keys import Keys
from market import metric_table as table
from market.clock import SystemClock
from market.trace import Trace, untraced
from tests.flows.children import BEATING, run, watch_until
from tests.flows.test_health import asked

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.delenv("BAROGRAPH_API_KEY", raising=False)
    made = Supervisor(tmp_path)
    yield made
    made.stop()


def test_a_process_tells_its_numbers_only_to_who_can_read_its_file(tmp_path: Path) -> None:
    path = metrics_path(tmp_path, "market")
    with measured(Settings(data=tmp_path), "market") as metrics:
        metrics.counter(table.SINK_ROWS, "quotes").add(7)
        door = doors(tmp_path)["market"]
        assert path.stat().st_mode & 0o777 == 0o600
        words = {f"Bearer {door.word}": 200, "": 401, "Bearer x": 401, door.word: 401, "Bearer ünknown": 401}
        for word, status in words.items():
            answer = asked(door.port, "/metrics", authorization=word.encode("latin-1"))  # type: ignore[arg-type]
            assert (answer.status_code, "sink_rows" in answer.text) == (status, status == 200)
        assert asked(door.port, "/", authorization=f"Bearer {door.word}").status_code == 404
    assert not path.exists()
    with pytest.raises(httpx.ConnectError):
        asked(door.port, "/metrics")


def test_no_port_is_opened_where_that_is_switched_off_or_nobody_follows(tmp_path: Path) -> None:
    off = Settings(data=tmp_path, metrics=MetricsSettings(enabled=False))
    for settings, told in ((off, True), (Settings(data=tmp_path), False)):
        with measured(settings, "market", told=told) as metrics:
            metrics.counter(table.SINK_ROWS, "quotes").add()
            assert doors(tmp_path) == {}


def test_the_supervisor_names_every_process_and_hands_on_what_it_says(supervisor: Supervisor) -> None:
    run(supervisor, "capture", BEATING)
    with (
        measured(Settings(data=supervisor.data), "market") as metrics,
        health_server(supervisor, SuperviseSettings(port=0)) as port,
    ):
        watch_until(supervisor, lambda: bool(supervisor.report.processes))
        metrics.counter(table.SINK_ROWS, "quotes").add(7)
        targets = asked(port, "/targets")
        assert targets.headers["content-type"] == "application/json"
        paths = {"up": "/metrics", "capture": "/metrics/capture", "market": "/metrics/market"}
        assert targets.json() == [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"process": name, "__metrics_path__": path}}
            for name, path in paths.items()
        ]
        assert 'barograph_sink_rows_total{table="quotes"} 7.0' in asked(port, "/metrics/market").text
        opened = asked(port, "/metrics/market", accept="application/openmetrics-text; version=1.0.0")
        assert opened.headers["content-type"].startswith("application/openmetrics-text")
        assert asked(port, "/metrics/capture").status_code == 503  # it is alive and tells nothing
        assert [asked(port, f"/metrics/{name}").status_code for name in ("nosuch", "..%2Fup")] == [503, 404]
        own = asked(port, "/metrics").text
        assert 'barograph_process_up{process="capture"} 1.0' in own
        assert asked(port, "/metrics/up").text.count("barograph_process_up") == own.count("barograph_process_up")


def test_a_process_that_does_not_answer_is_a_failed_scrape_and_no_more(supervisor: Supervisor) -> None:
    with measured(Settings(data=supervisor.data), "market"):
        path = metrics_path(supervisor.data, "market")
        told = json.loads(path.read_bytes())
        path.write_text(json.dumps({**told, "port": 9}))
        with health_server(supervisor, SuperviseSettings(port=0)) as port:
            assert asked(port, "/metrics/market").status_code == 503
            path.write_text("{")
            assert asked(port, "/metrics/market").status_code == 503
            assert asked(port, "/healthz").status_code == 200


def test_what_is_too_slow_or_too_much_is_cut_off(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured_module, "REQUEST_S", 0.2)
    monkeypatch.setattr(metrics_pages, "MOST_BYTES", 100)
    with measured(Settings(data=supervisor.data), "market"):
        door = doors(supervisor.data)["market"]
        with socket.create_connection(("127.0.0.1", door.port)):  # and nothing is asked
            assert asked(door.port, "/metrics", authorization=f"Bearer {door.word}").status_code == 200
        with health_server(supervisor, SuperviseSettings(port=0)) as port:
            assert asked(port, "/metrics/market").status_code == 502


def test_numbers_need_a_key_with_their_scope_as_soon_as_there_are_keys(supervisor: Supervisor) -> None:
    with health_server(supervisor, SuperviseSettings(port=0)) as port:
        assert asked(port, "/targets").status_code == 200
        assert asked(port, "/targets", host="rebound.example").status_code == 421
        keys = Keys(supervisor.data, SystemClock())
        may, may_not = (
            keys.add(name=name, scopes=[scope], tenant="default", rate_per_s=50).text
            for name, scope in (("prometheus", "metrics"), ("reader", "read"))
        )
        for path in ("/targets", "/metrics", "/metrics/market"):
            assert asked(port, path).status_code == 401
            assert asked(port, path, authorization=f"Bearer {may_not}").status_code == 403
            assert asked(port, path, authorization=f"Bearer {may}").status_code in (200, 503)
        assert asked(port, "/healthz").status_code == 200  # on loopback, who is ready is no secret
    with health_server(supervisor, SuperviseSettings(host="0.0.0.0", port=0), "k" * 16) as port:
        assert asked(port, "/metrics").status_code == 401
        assert asked(port, "/metrics", **{"x-api-key": "k" * 16}).status_code == 200
        assert asked(port, "/metrics", authorization=f"Bearer {may}").status_code == 200


def test_the_scrape_configuration_of_the_page_is_yaml_that_asks_for_targets() -> None:
    block = PAGE.read_text().split("```yaml\n")[1].split("```")[0]
    for text in (block, block.replace("# authorization", "authorization")):
        (job,) = yaml.safe_load(text)["scrape_configs"]
        assert [found["url"] for found in job["http_sd_configs"]] == ["http://127.0.0.1:8081/targets"]
        assert ("authorization" in job) == ("# authorization" not in text)


@pytest.fixture
def spans() -> Iterator[tuple[Trace, InMemorySpanExporter]]:
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield trace_of(provider), exporter
    provider.shutdown()


def test_a_span_says_its_facts_and_what_went_wrong(spans: tuple[Trace, InMemorySpanExporter]) -> None:
    trace, exporter = spans

    def broken() -> None:
        with trace("outer", shard="simulated/0") as say:
            with trace("inner", rows=3):
                pass
            say(status="200")
            raise LookupError("not there")

    with pytest.raises(LookupError):
        broken()
    inner, outer = exporter.get_finished_spans()
    assert (inner.name, dict(inner.attributes or {})) == ("inner", {"barograph.rows": 3})
    assert dict(outer.attributes or {}) == {"barograph.shard": "simulated/0", "barograph.status": "200"}
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert [event.name for event in outer.events] == ["exception"]
    assert not outer.status.is_ok
    assert isinstance(inner, ReadableSpan)


def test_without_a_collector_nothing_is_traced_nor_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in ("opentelemetry.sdk.trace", "opentelemetry.sdk.resources"):
        monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delenv(ENDPOINT, raising=False)
    with traced("market") as trace:
        assert trace is untraced
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    with traced("market", told=False) as trace:
        assert trace is untraced


def test_a_collector_without_the_extra_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with caplog.at_level(logging.WARNING), traced("market") as trace:
        assert trace is untraced
    assert "pip install 'barograph[otel]'" in caplog.text


def test_a_collector_that_is_not_there_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    began_s = time.monotonic()
    with traced("market") as trace, trace("insert", table="quotes"):
        pass
    assert time.monotonic() - began_s < 3.0
