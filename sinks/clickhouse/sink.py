"""The tables as a Bytewax sink: items of the market or the trading flow in, insert blocks out.

Its snapshot holds the open blocks and all that the store has not confirmed, so no barrier is needed: after a crash
what was cut is handed over again under the same tokens, and what was not inserted is still there.
"""

import logging
import pickle
import threading
from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from clickhouse_connect.driver.client import Client

from market.batch import Batch
from market.clock import Clock
from market.decisions import Decisions
from sinks.clickhouse.blocks import Block, Blocks, Open
from sinks.clickhouse.client import connect
from sinks.clickhouse.latency import LatencyRecorder
from sinks.clickhouse.writer import Writer

log = logging.getLogger("barograph.writer")

CLOSE_S = 3.0  # a stopping flow waits so long for the store; what it did not confirm is in the snapshot

Item = Batch | Decisions
Snapshot = bytes | None


class State(NamedTuple):
    """What a snapshot holds."""

    opened: dict[str, Open]  # by shard
    unconfirmed: tuple[Block, ...]


class ClickHouseSink(FixedPartitionedSink[Item, Snapshot]):
    """Writes what the tables know of an item.

    `dsn` is asked again at every reconnection if it is a function. `block_ns` is the insert-block interval of the
    journal, or gives it by shard. With a `clock`, latencies are measured: live only, never in a replay. `close_s`:
    how long the end of the flow waits for the store. `stop` is what the source watches: a flow that is stopped cuts
    no block, as the journal goes on; the open ones wait in its last snapshot.
    """

    def __init__(
        self,
        dsn: str | Callable[[], str],
        *,
        block_ns: int | Callable[[str], int],
        clock: Clock | None = None,
        close_s: float = CLOSE_S,
        stop: threading.Event | None = None,
    ) -> None:
        self._dsn = dsn
        self._stop = stop or threading.Event()
        self._block_ns = block_ns
        self._clock = clock
        self._close_s = close_s

    def list_parts(self) -> list[str]:
        """The one Bytewax partition."""
        return ["tables"]

    def part_fn(self, item_key: str) -> int:
        """All shards go to it."""
        return 0

    def build_part(
        self,
        step_id: str,
        for_part: str,
        resume_state: Snapshot,
    ) -> "ClickHousePartition":
        """Begin, or go on with what a snapshot held back."""
        state: State = pickle.loads(resume_state) if resume_state else State({}, ())  # noqa: S301 our own recovery store
        latency = LatencyRecorder(self._clock) if self._clock is not None else None
        writer = Writer(Inserter(self._dsn), confirmed=latency.stored if latency is not None else None)
        interval = self._block_ns
        return ClickHousePartition(
            writer,
            interval if callable(interval) else lambda _shard: interval,
            state,
            latency,
            self._close_s,
            self._stop,
        )


class ClickHousePartition(StatefulSinkPartition[Item, Snapshot]):
    """The writing itself."""

    def __init__(
        self,
        writer: Writer,
        block_ns: Callable[[str], int],
        state: State,
        latency: LatencyRecorder | None,
        close_s: float,
        stop: threading.Event,
    ) -> None:
        self._stop = stop
        self._writer, self._block_ns, self._latency, self._close_s = writer, block_ns, latency, close_s
        self._shards = {shard: Blocks(shard, block_ns(shard), opened) for shard, opened in state.opened.items()}
        for block in state.unconfirmed:
            writer.put(block)

    def write_batch(self, items: list[Item]) -> None:
        """Take items in order; waits when the store is far behind."""
        for item in items:
            if item.last and self._stop.is_set():
                continue  # a closing batch that only says that we stop: no row, and no end of the journal
            blocks = self._shards.get(item.shard)
            if blocks is None:
                blocks = self._shards[item.shard] = Blocks(item.shard, self._block_ns(item.shard))
            for block in blocks.add(item):
                self._writer.put(block)
            if self._latency is not None and (measured := self._latency.arrived(item)) is not None:
                self._writer.put(measured)

    def snapshot(self) -> Snapshot:
        """Everything that the store has not confirmed, as bytes that later batches cannot change."""
        unconfirmed = self._writer.unconfirmed()
        opened = {shard: now for shard, blocks in self._shards.items() if (now := blocks.opened()) is not None}
        return pickle.dumps(State(opened, unconfirmed), pickle.HIGHEST_PROTOCOL)

    def close(self) -> None:
        """Wait for the store, but not for ever."""
        left = self._writer.close(self._close_s)
        if left:
            log.warning("%d insert blocks are not confirmed by the store; they go on after the next start", left)


class Inserter:
    """Inserts rows through a client that is made when first needed, and again after a failure."""

    def __init__(self, dsn: str | Callable[[], str]) -> None:
        self._dsn = dsn
        self._client: Client | None = None

    def __call__(self, table: str, rows: pa.Table, token: str) -> None:
        """Insert rows of one table under a deduplication token."""
        try:
            if self._client is None:
                self._client = connect(self._dsn if isinstance(self._dsn, str) else self._dsn())
            insert(self._client, table, rows, token)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
        self._client = None


def insert(client: Client, table: str, rows: pa.Table, token: str) -> None:
    """Insert Arrow rows once, however often it is called with this token."""
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, rows.schema) as writer:
        writer.write_table(rows)
    client.raw_insert(
        f"`{table}`",
        rows.column_names,
        stream.getvalue().to_pybytes(),
        settings={"insert_deduplication_token": token, "async_insert": 0},
        fmt="ArrowStream",
    )
