"""The numbers of a process as Prometheus reads them: its text format, or OpenMetrics where that is asked for."""

import logging
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate, groupby
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from market import metric_table as table
from market.metrics import Metric, Metrics, Told
from market.source import source_digest

log = logging.getLogger("barograph.metrics")

UNITS = ("seconds", "bytes", "ratio", "info")
SOURCE_CHARACTERS = 12  # of the digest of the source


class Page(NamedTuple):
    """An answer."""

    content_type: str
    body: bytes


def exposed(metrics: Metrics) -> Callable[[str], Page]:
    """What answers a scrape, given its Accept header. Beside ours it tells what the machine knows of the process."""
    registry = CollectorRegistry()
    registry.register(_Ours(metrics))
    ProcessCollector(registry=registry)
    metrics.gauge(table.BUILD, our_version(), source_digest()[:SOURCE_CHARACTERS]).set(1)

    def page(accept: str) -> Page:
        encode, content_type = choose_encoder(accept)
        return Page(content_type, encode(registry))

    return page


def our_version() -> str:
    """Of the installed package; 0 where it is not installed."""
    try:
        return version("barograph")
    except PackageNotFoundError:
        return "0"


def unit_of(metric: Metric) -> str:
    """Unit of a metric as OpenMetrics declares it; empty where it is a count of something that its name says."""
    last = metric.name.removesuffix("_total").rsplit("_", 1)[-1]
    return last if last in UNITS[:3] else ""


class _Ours(Collector):
    """Hands our numbers to the library, which knows the formats."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._failed = metrics.counter(table.LOOKS_FAILED)

    def collect(self) -> Iterator[Family]:
        for look in self._metrics.looks():
            try:
                look()
            except Exception as error:  # noqa: BLE001 one part that cannot be looked at must not hide the others
                self._failed.add()
                log.warning("some numbers could not be looked at: %s", error)
        self._metrics.reach(table.UNTOLD, self._metrics.dropped)
        for metric, told in groupby(self._metrics.told(), key=lambda one: one.metric):
            yield _family(metric, told)


def _family(metric: Metric, told: Iterable[Told]) -> Family:
    if metric.kind == "histogram":
        spread = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels, unit=unit_of(metric))
        limits = [*map(floatToGoString, metric.bounds), "+Inf"]
        for one in told:
            spread.add_metric(one.labels, list(zip(limits, accumulate(one.buckets), strict=True)), one.value)
        return spread
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name.removesuffix("_total"), metric.help, labels=metric.labels, unit=unit_of(metric))
    for one in told:
        family.add_metric(one.labels, one.value)
    return family
