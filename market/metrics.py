"""`Metrics`: the numbers of one process as they are now, for whoever asks; pure, without thread, clock or network.

A part is handed `Metrics` as it is handed a beat, takes its cells once and writes into them: some 0.1 µs each. A cell
has one writing thread; parts in several threads take a cell each, and what is told is their sum. What is known anyway
(the length of a queue) is not written all the time but looked at before it is told: `before_scrape`, `set`, `reach`.

All metrics there are stand in market/metric_table.py.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

MOST_SERIES = 1_000  # label sets of one metric; further ones are counted and not told


class Metric(NamedTuple):
    """What a number means. Names end in the unit, counters in _total; seconds and bytes, never parts of them."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()  # names; their values come from small closed sets
    bounds: tuple[float, ...] = ()  # of a histogram, ascending; one bucket more has all above


class Counter:
    """A number that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def add(self, amount: float = 1.0) -> None:
        """Count so many more."""
        self.value += amount


class Gauge:
    """A number that rises and falls."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def set(self, value: float) -> None:
        """It is so much now."""
        self.value = value


class Histogram:
    """How often values fell between bounds, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)  # a bound belongs to the bucket below it
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def observe_all(self, values: NDArray[np.float64]) -> None:
        """Count many values at once."""
        found = np.bincount(np.searchsorted(self.bounds, values, "left"), minlength=len(self.counts))
        self.counts = [count + more for count, more in zip(self.counts, found.tolist(), strict=True)]
        self.total += float(values.sum())


Cell = Counter | Gauge | Histogram
C = TypeVar("C", Counter, Gauge, Histogram)


class Told(NamedTuple):
    """One metric with one set of label values. buckets: of a histogram, how many fell into each."""

    metric: Metric
    labels: tuple[str, ...]
    value: float  # of a histogram, the sum of all values
    buckets: tuple[int, ...] = ()


class Metrics:
    """The numbers of one process.

    >>> frames = Metric("barograph_example_frames_total", "counter", "frames received", ("shard",))
    >>> metrics = Metrics()
    >>> metrics.counter(frames, "simulated/0").add(3)
    >>> [(told.metric.name, told.labels, told.value) for told in metrics.told()]
    [('barograph_example_frames_total', ('simulated/0',), 3.0)]
    """

    def __init__(self) -> None:
        self.dropped = 0  # label sets beyond MOST_SERIES
        self._cells: dict[Metric, dict[tuple[str, ...], list[Cell]]] = {}
        self._looks: dict[str, Callable[[], None]] = {}
        self._looked: dict[tuple[Metric, tuple[str, ...]], Counter | Gauge] = {}  # written by looks alone

    def counter(self, metric: Metric, *labels: str) -> Counter:
        """A cell of a counter."""
        return self._kept(metric, "counter", labels, Counter())

    def gauge(self, metric: Metric, *labels: str) -> Gauge:
        """The cell of a gauge; of several with the same labels the newest is told."""
        return self._kept(metric, "gauge", labels, Gauge())

    def histogram(self, metric: Metric, *labels: str) -> Histogram:
        """A cell of a histogram."""
        return self._kept(metric, "histogram", labels, Histogram(metric.bounds))

    def before_scrape(self, part: str, look: Callable[[], None]) -> None:
        """Have a part's numbers looked at, in another thread, before any are told; replaces its look before."""
        self._looks[part] = look

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """For looks: a gauge is so much now."""
        key = metric, labels
        if key not in self._looked:
            self._looked[key] = self.gauge(metric, *labels)
        self._looked[key].value = value

    def flags(self, metric: Metric, raised: Iterable[str], *labels: str) -> None:
        """For looks: of a gauge whose last label names what may be the case, 1 for what is; 0 for what was once."""
        names = set(raised)
        known = {key[1][-1] for key in self._looked if key[0] is metric and key[1][:-1] == labels}
        for name in sorted(names | known):
            self.set(metric, name in names, *labels, name)

    def reach(self, metric: Metric, total: float, *labels: str) -> None:
        """For looks: a counter takes over a count that somebody keeps; one that fell is not believed."""
        key = metric, labels
        if key not in self._looked:
            self._looked[key] = self.counter(metric, *labels)
        self._looked[key].value = max(self._looked[key].value, total)

    def looks(self) -> list[Callable[[], None]]:
        """What is to be called before `told`."""
        return list(self._looks.values())

    def told(self) -> Iterator[Told]:
        """Every number as it is now, those of a metric together."""
        for metric, series in list(self._cells.items()):
            for labels, cells in list(series.items()):
                yield _sum(metric, labels, list(cells))

    def _kept(self, metric: Metric, kind: str, labels: tuple[str, ...], cell: C) -> C:
        if metric.kind != kind or len(labels) != len(metric.labels):
            raise ValueError(
                f"{metric.name} is a {metric.kind} with labels {metric.labels}, not a {kind} with {labels}"
            )
        series = self._cells.setdefault(metric, {})
        if labels not in series and len(series) >= MOST_SERIES:
            self.dropped += 1
            return cell
        series.setdefault(labels, []).append(cell)
        return cell


def _sum(metric: Metric, labels: tuple[str, ...], cells: list[Cell]) -> Told:
    last = cells[-1]
    if isinstance(last, Gauge):
        return Told(metric, labels, last.value)
    if isinstance(last, Counter):
        return Told(metric, labels, sum(cell.value for cell in cells if isinstance(cell, Counter)))
    several = [cell for cell in cells if isinstance(cell, Histogram)]
    buckets = tuple(map(sum, zip(*(tuple(cell.counts) for cell in several), strict=True)))
    return Told(metric, labels, sum(cell.total for cell in several), buckets)
