"""How long messages take from receipt to a stage, summed up once per second of wall time into the table `latency`.

Measured live only: a replay has no latency worth keeping, and would differ from run to run. Every message counts, not
every batch: the first one of a batch has waited longest.
"""

import threading
from collections import defaultdict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from market.batch import Batch
from market.clock import SECOND_NS, Clock
from market.decisions import Decisions
from market.metric_table import FLOW_LATENCY
from market.metrics import Histogram, Metrics
from sinks.clickhouse.blocks import Block
from sinks.clickhouse.loads import Load
from sinks.clickhouse.tables import Part

INTERVAL_NS = SECOND_NS
SAMPLES = 200_000  # per shard, stage and interval; further ones are counted and not measured
SCHEMA = {
    "venue": pl.String,
    "shard": pl.String,
    "stage": pl.String,
    "receive_time": pl.Int64,
    "count": pl.Int64,
    "p50_ns": pl.Int64,
    "p99_ns": pl.Int64,
    "p999_ns": pl.Int64,
    "max_ns": pl.Int64,
}
RANKS = np.array([0.5, 0.99, 0.999, 1.0])
Key = tuple[str, str]  # shard, stage
Times = NDArray[np.int64]


class LatencyRecorder:
    """Collects (now − receive time) of the messages that reach a stage.

    Stages: `features`, the features of the message's batch are measured; `sink`, all operators are done with it,
    signals included; `store`, the newest message of a block can be queried.
    """

    def __init__(self, clock: Clock, metrics: Metrics | None = None) -> None:
        self._clock, self._metrics = clock, metrics or Metrics()
        self._spread: dict[Key, Histogram] = {}
        self._lock = threading.Lock()  # blocks are confirmed in the writer's thread
        self._samples: defaultdict[Key, list[Times]] = defaultdict(list)
        self._counts: defaultdict[Key, int] = defaultdict(int)
        self._since_ns = clock.monotonic_ns()

    def reached(self, stage: str, item: Batch | Decisions) -> None:
        """Note that an item is at a stage; history is late by nature and not measured."""
        if not item.receive_time or item.last or (isinstance(item, Batch) and item.past):
            return
        times = item.receive_times if isinstance(item, Batch) else np.array([item.receive_time])
        self._note(item.shard, stage, self._clock.now_ns() - times)

    def stored(self, load: Load) -> None:
        """Note that the store has confirmed a block."""
        if load.heard_ns:
            self._note(load.shard, "store", np.array([self._clock.now_ns() - load.heard_ns]))

    def due(self) -> Block | None:
        """A block of `latency` rows when an interval is over."""
        if self._clock.monotonic_ns() - self._since_ns < INTERVAL_NS:
            return None
        return self._block()

    def _note(self, shard: str, stage: str, latencies_ns: Times) -> None:
        with self._lock:
            if self._counts[shard, stage] < SAMPLES:
                self._samples[shard, stage].append(latencies_ns)
            self._counts[shard, stage] += len(latencies_ns)

    def _block(self) -> Block | None:
        now_ns = self._clock.now_ns()
        with self._lock:
            samples, self._samples = self._samples, defaultdict(list)
            counts, self._counts = self._counts, defaultdict(int)
            self._since_ns = self._clock.monotonic_ns()
        rows = []
        for (shard, stage), noted in samples.items():
            latencies_ns = np.concatenate(noted)
            self._observe(shard, stage, latencies_ns)
            venue = shard.split("/", 1)[0]
            rows.append((venue, shard, stage, now_ns, counts[shard, stage], *quantiles(latencies_ns)))
        if not rows:
            return None
        part = Part("latency", now_ns, 0, (), None, {}, {"latency": pl.DataFrame(rows, schema=SCHEMA, orient="row")})
        return Block("latency", now_ns, now_ns, (part,), measured=True)

    def _observe(self, shard: str, stage: str, latencies_ns: Times) -> None:
        if (shard, stage) not in self._spread:
            self._spread[shard, stage] = self._metrics.histogram(FLOW_LATENCY, shard, stage)
        self._spread[shard, stage].observe_all(latencies_ns / SECOND_NS)


def quantiles(latencies_ns: Times) -> list[int]:
    """Median, 99th and 99.9th percentile and maximum, each one of the values.

    >>> quantiles(np.array([3, 1, 2]))
    [2, 3, 3, 3]
    """
    ranks = np.ceil(RANKS * len(latencies_ns)).astype(np.int64) - 1
    return [int(value) for value in np.sort(latencies_ns)[ranks]]
