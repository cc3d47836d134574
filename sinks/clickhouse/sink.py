"""The tables as a Bytewax sink: items of the market or the trading flow in, insert blocks out.

Its snapshot holds the open blocks and all that the store has not confirmed, so no barrier is needed: after a crash
what was cut is handed over again under the same tokens, and what was not inserted is still there.
"""

import logging
import pickle
from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from clickhouse_connect.driver.client import Client

from market.batch import Batch
from market.beat import Beat, unheard
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
    journal, or gives it by shard. With `latency`, latencies are measured: live only, never in a replay. `close_s`:
    how long `finish` waits for the store. `choices`: of the settings, those that decide what the rows say.

    The end of a flow cuts the open blocks early. They are part of its last snapshot and inserted by `finish`, which is
    called when that snapshot is durable: a death at any moment sends them again under the same token.
    """

    def __init__(
        self,
        dsn: str | Callable[[], str],
        *,
        block_ns: int | Callable[[str], int],
        latency: LatencyRecorder | None = None,
        close_s: float = CLOSE_S,
        choices: str = "",
        beat: Beat = unheard,
    ) -> None:
        self._choices, self._beat = choices, beat
        self._dsn = dsn
        self._block_ns = block_ns
        self._latency = latency
        self._close_s = close_s
        self._parts: list[ClickHousePartition] = []

    def finish(self) -> None:
        """Insert what the end of the flow left, and wait for the store, but not for ever."""
        for part in self._parts:
            part.finish()

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
        latency = self._latency
        writer = Writer(Inserter(self._dsn), confirmed=latency.stored if latency is not None else None)
        interval = self._block_ns
        by_shard = interval if callable(interval) else lambda _shard: interval
        self._parts.append(ClickHousePartition(writer, by_shard, state, latency, self._close_s, self._choices))
        return self._parts[-1]


class ClickHousePartition(StatefulSinkPartition[Item, Snapshot]):
    """The writing itself."""

    def __init__(
        self,
        writer: Writer,
        block_ns: Callable[[str], int],
        state: State,
        latency: LatencyRecorder | None,
        close_s: float,
        choices: str = "",
    ) -> None:
        self._final: list[Block] = []
        self._choices = choices
        self._writer, self._block_ns, self._latency, self._close_s = writer, block_ns, latency, close_s
        self._shards = {shard: self._blocks(shard, opened) for shard, opened in state.opened.items()}
        for block in state.unconfirmed:
            writer.put(block)

    def write_batch(self, items: list[Item]) -> None:
        """Take items in order; waits when the store is far behind."""
        for item in items:
            blocks = self._shards.get(item.shard)
            if blocks is None:
                blocks = self._shards[item.shard] = self._blocks(item.shard)
            for block in blocks.add(item):
                if item.last:
                    self._final.append(block)
                else:
                    self._writer.put(block)
            if self._latency is not None:
                self._latency.reached("sink", item)
        if self._latency is not None and (measured := self._latency.due()) is not None:
            self._writer.put(measured)

    def _blocks(self, shard: str, opened: Open | None = None) -> Blocks:
        return Blocks(shard, self._block_ns(shard), opened, choices=self._choices)

    def snapshot(self) -> Snapshot:
        """Everything that the store has not confirmed, as bytes that later batches cannot change."""
        unconfirmed = (*self._writer.unconfirmed(), *self._final)
        opened = {shard: now for shard, blocks in self._shards.items() if (now := blocks.opened()) is not None}
        return pickle.dumps(State(opened, unconfirmed), pickle.HIGHEST_PROTOCOL)

    def close(self) -> None:
        """Nothing yet: the last snapshot is not durable before the flow has returned."""

    def finish(self) -> None:
        """Insert the blocks that the end cut, and wait for the store."""
        left = self._writer.close(self._close_s, self._final)
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
    """Insert Arrow rows once, however often it is called with this token.

    They go as one record batch: ClickHouse joins the token with how a stream is cut, so the same rows in other chunks
    (as pickling leaves them) would pass for other rows.
    """
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
    client.raw_insert(
        f"`{table}`",
        rows.column_names,
        stream.getvalue().to_pybytes(),
        settings={"insert_deduplication_token": token, "async_insert": 0},
        fmt="ArrowStream",
    )
