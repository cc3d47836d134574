"""`traced`: spans for OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT says who wants them; else nothing, at no cost.

The exporter is OpenTelemetry's own and obeys its variables (headers, timeout, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER).
Spans leave in a thread of its own, from a queue that drops when full: who collects them can slow nothing down.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flows.stop import PROCESS
from gateway.exposition import our_version
from market.trace import Fact, Say, Trace, untraced

log = logging.getLogger("barograph.traces")

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SWITCHED_OFF = "OTEL_SDK_DISABLED"
FLUSH_S = 1.0  # for what is left at the end; a collector that is not there must not hold up a stop


@contextmanager
def traced(name: str, *, told: bool = True) -> Iterator[Trace]:
    """The spans of this process while the context lasts; `name` unless the supervisor calls it otherwise.

    Where spans are asked for and the extra is not installed, that is said once and the process goes on without.
    """
    provider = _provider(os.environ.get(PROCESS) or name) if told and _wanted() else None
    if provider is None:
        yield untraced
        return
    try:
        yield trace_of(provider)
    finally:
        ending = threading.Thread(target=provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(FLUSH_S)


def trace_of(provider: Any) -> Trace:
    """A trace whose spans go to a TracerProvider of OpenTelemetry."""
    tracer = provider.get_tracer("barograph", our_version())

    @contextmanager
    def trace(name: str, /, **facts: Fact) -> Iterator[Say]:
        with tracer.start_as_current_span(name, attributes=_named(facts)) as span:
            yield lambda **more: span.set_attributes(_named(more))

    return trace


def _named(facts: dict[str, Fact]) -> dict[str, Fact]:
    return {f"barograph.{name}": value for name, value in facts.items()}


def _wanted() -> bool:
    return bool(os.environ.get(ENDPOINT)) and os.environ.get(SWITCHED_OFF, "").lower() != "true"


def _provider(name: str) -> Any:
    """What makes spans and sends them; None where the extra is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        log.warning(
            "%s is set and OpenTelemetry is not installed (%s): no spans; pip install 'barograph[otel]'",
            ENDPOINT,
            error,
        )
        return None
    facts = {"service.name": "barograph", "service.version": our_version(), "service.instance.id": name}
    provider = TracerProvider(resource=Resource.create(facts), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
