"""How long rows take from receipt to the tables, summed up once per second of wall time into the table `latency`.

Measured live only: a replay has no latency worth keeping, and would differ from run to run.
"""

import threading
from collections import defaultdict

import numpy as np
import polars as pl

from market.batch import Batch
from market.clock import SECOND_NS, Clock
from market.decisions import Decisions
from sinks.clickhouse.blocks import Block
from sinks.clickhouse.tables import Part

INTERVAL_NS = SECOND_NS
SAMPLES = 20_000  # per shard, stage and interval; further ones are counted and not measured
SCHEMA = {
    "venue": pl.String,
    "shard": pl.String,
    "stage": pl.String,
    "receive_time": pl.Int64,
    "count": pl.Int64,
    "p50_ns": pl.Int64,
    "p99_ns": pl.Int64,
    "max_ns": pl.Int64,
}
Key = tuple[str, str]  # shard, stage


class LatencyRecorder:
    """Collects (now − receive_time) of batches that reach the sink, and of blocks that the store has confirmed.

    Stages: `sink`, all operators are done with the batch; `store`, the newest batch of a block can be queried.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # blocks are confirmed in the writer's thread
        self._samples: defaultdict[Key, list[int]] = defaultdict(list)
        self._counts: defaultdict[Key, int] = defaultdict(int)
        self._since_ns = clock.monotonic_ns()

    def arrived(self, item: Batch | Decisions) -> Block | None:
        """Note that an item reached the sink; a block of `latency` rows when an interval is over."""
        if item.receive_time and not item.last:
            self._note(item.shard, "sink", self._clock.now_ns() - item.receive_time)
        if self._clock.monotonic_ns() - self._since_ns < INTERVAL_NS:
            return None
        return self._block()

    def stored(self, block: Block) -> None:
        """Note that the store has confirmed a block."""
        if block.parts[-1].receive_time:
            self._note(block.shard, "store", self._clock.now_ns() - block.parts[-1].receive_time)

    def _note(self, shard: str, stage: str, latency_ns: int) -> None:
        with self._lock:
            self._counts[shard, stage] += 1
            if len(self._samples[shard, stage]) < SAMPLES:
                self._samples[shard, stage].append(latency_ns)

    def _block(self) -> Block | None:
        now_ns = self._clock.now_ns()
        with self._lock:
            samples, self._samples = self._samples, defaultdict(list)
            counts, self._counts = self._counts, defaultdict(int)
            self._since_ns = self._clock.monotonic_ns()
        rows = [
            (shard.split("/", 1)[0], shard, stage, now_ns, counts[shard, stage], *quantiles(noted))
            for (shard, stage), noted in samples.items()
        ]
        if not rows:
            return None
        part = Part("latency", now_ns, 0, (), None, {}, {"latency": pl.DataFrame(rows, schema=SCHEMA, orient="row")})
        return Block("latency", now_ns, now_ns, (part,))


def quantiles(latencies_ns: list[int]) -> tuple[int, int, int]:
    """Median, 99th percentile and maximum, each one of the values.

    >>> quantiles([3, 1, 2])
    (2, 3, 3)
    """
    ordered = np.sort(np.array(latencies_ns, np.int64))
    ranks = np.ceil(np.array([0.5, 0.99, 1.0]) * len(ordered)).astype(np.int64) - 1
    p50, p99, largest = ordered[ranks].tolist()
    return p50, p99, largest
