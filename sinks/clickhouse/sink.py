"""The tables as a Bytewax sink: items of the market or the trading flow in, insert blocks out.

Its snapshot holds the open blocks, what the store has not confirmed and is in memory, and which rows of the journal are
on disk. So no barrier is needed: after a crash what was cut is handed over again under the same tokens, and what was
not inserted is still there.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from clickhouse_connect.driver.client import Client

from market.batch import Batch
from market.beat import Beat, unheard
from market.clock import Clock, SystemClock
from market.decisions import Decisions
from market.metrics import Metrics
from market.seal import seal, unseal
from market.trace import Trace, untraced
from sinks.clickhouse.blocks import Block, Blocks, Open, source_of
from sinks.clickhouse.drain import Drain
from sinks.clickhouse.inserter import Inserter
from sinks.clickhouse.latency import LatencyRecorder
from sinks.clickhouse.line import Line, Waiting
from sinks.clickhouse.loads import COMMITS, Load
from sinks.clickhouse.numbers import Inserted, Passed
from sinks.clickhouse.spool import Spool
from sinks.clickhouse.status import SinkStatus
from sinks.clickhouse.writer import Writer

log = logging.getLogger("barograph.writer")

CLOSE_S = 3.0  # a stopping flow waits so long for the store; what it did not confirm is in the snapshot
WHOLE = "tables"  # the part of all shards, where they have none of their own

Item = Batch | Decisions
Snapshot = bytes | None


class Outages(NamedTuple):
    """What is done while the store does not take rows."""

    spool: Path  # folder of the flow's blocks on disk
    status: Path  # file that says how the sink is; where a shard has a part of its own, its name is added
    limit_bytes: int = 0  # of the spool, for every part; 0: nothing is added to it, the flow waits for the store,
    # and permanent trouble ends it
    reserve_bytes: int = 0  # that stay free on the disk
    blocks_per_s: float | None = None  # of a backlog


class State(NamedTuple):
    """What a snapshot holds."""

    opened: Mapping[str, Open] = {}  # by shard
    waiting: Waiting = Waiting()
    final: tuple[Block, ...] = ()  # what the end of the flow cut


class ClickHouseSink(FixedPartitionedSink[Item, Snapshot]):
    """Writes what the tables know of an item.

    `dsn` is asked again at every reconnection if it is a function. `block_ns` is the insert-block interval of the
    journal, or gives it by shard. With `latency`, latencies are measured: live only, never in a replay. `close_s`:
    how long `finish` waits for the store. `choices`: of the settings, those that decide what the rows say. `outages`:
    None: as without a spool. `prepare`: what is done with every new connection before it is used. `stored`: told shard
    and last offset of what the store has confirmed, in the writer's thread.

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
        outages: Outages | None = None,
        prepare: Callable[[Client], object] | None = None,
        stored: Callable[[str, int], None] | None = None,
        beat: Beat = unheard,
        metrics: Metrics | None = None,
        trace: Trace = untraced,
        clock: Clock | None = None,
    ) -> None:
        self._stored = stored
        self._metrics, self._trace, self._clock = metrics or Metrics(), trace, clock or SystemClock()
        self._choices, self._beat, self._outages, self._prepare = choices, beat, outages, prepare
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
        return [WHOLE]

    def part_fn(self, item_key: str) -> int:
        """All shards go to it."""
        return 0

    def build_part(
        self,
        step_id: str,
        for_part: str,
        resume_state: Snapshot,
    ) -> "ClickHousePartition":
        """Begin, or go on with what a snapshot held back. for_part: a shard, or all of them.

        Raises StateError for a snapshot that is not as it was written.
        """
        state: State | None = unseal(resume_state) if resume_state else None
        interval = self._block_ns
        by_shard = interval if callable(interval) else lambda _shard: interval
        writer = self._writer(for_part, state)
        passed = Passed(self._metrics, self._clock)
        self._metrics.before_scrape(f"flow {for_part}", passed.look)
        part = ClickHousePartition(
            writer, by_shard, state or State(), self._latency, self._close_s, self._choices, passed
        )
        self._parts.append(part)
        return part

    def _writer(self, part: str, state: State | None) -> Writer:
        outages, only = self._outages, None if part == WHOLE else part
        spool = status = None
        if outages is not None:
            spool = Spool(
                outages.spool, limit_bytes=outages.limit_bytes, reserve_bytes=outages.reserve_bytes, only=only
            )
            status = SinkStatus(status_path(outages.status, part))
        line = Line(spool, state.waiting if state is not None else None, source=source_of(self._choices))
        alone = spool is not None and spool.takes
        rate = outages.blocks_per_s if outages is not None else None
        inserted, inserter = Inserted(self._metrics, part), Inserter(self._dsn, self._prepare)
        drain = Drain(line, inserter, alone=alone, blocks_per_s=rate, inserted=inserted, trace=self._trace)
        self._metrics.before_scrape(f"sink {part}", lambda: inserted.look(drain.state.name, line))
        return Writer(line, drain, confirmed=self._confirmed, status=status, beat=self._beat)

    def _confirmed(self, load: Load) -> None:
        if self._latency is not None:
            self._latency.stored(load)
        if self._stored is not None and load.insertions[-1].table == COMMITS:
            self._stored(load.shard, load.last_offset)


class Hand(Protocol):
    """Who takes blocks: a `Writer`."""

    def put(self, block: Block) -> None:
        """Take a block, or wait until there is room."""

    def waiting(self) -> Waiting:
        """What is not confirmed."""

    def close(self, timeout_s: float, last: tuple[Block, ...] | list[Block] = ()) -> int:
        """Take the last blocks and stop; how many are not confirmed."""


class ClickHousePartition(StatefulSinkPartition[Item, Snapshot]):
    """The writing itself."""

    def __init__(
        self,
        writer: Hand,
        block_ns: Callable[[str], int],
        state: State,
        latency: LatencyRecorder | None,
        close_s: float,
        choices: str = "",
        passed: Passed | None = None,
    ) -> None:
        self._passed = passed or Passed(Metrics(), SystemClock())
        self._final: list[Block] = []
        self._choices = choices
        self._writer, self._block_ns, self._latency, self._close_s = writer, block_ns, latency, close_s
        self._shards = {shard: self._blocks(shard, opened) for shard, opened in state.opened.items()}
        for block in state.final:
            writer.put(block)

    def write_batch(self, items: list[Item]) -> None:
        """Take items in order; waits when the store is far behind and the spool is full."""
        for item in items:
            blocks = self._shards.get(item.shard)
            if blocks is None:
                blocks = self._shards[item.shard] = self._blocks(item.shard)
            for block in blocks.add(item):
                self._passed.block(block)
                if item.last:
                    self._final.append(block)
                else:
                    self._writer.put(block)
            if self._latency is not None:
                self._latency.reached("sink", item)
            self._passed.item(item)
        if self._latency is not None and (measured := self._latency.due()) is not None:
            self._writer.put(measured)

    def _blocks(self, shard: str, opened: Open | None = None) -> Blocks:
        return Blocks(shard, self._block_ns(shard), opened, choices=self._choices)

    def snapshot(self) -> Snapshot:
        """Everything that the store has not confirmed, as bytes that later batches cannot change."""
        opened = {shard: blocks.opened() for shard, blocks in self._shards.items()}
        return seal(State(opened, self._writer.waiting(), tuple(self._final)))

    def close(self) -> None:
        """Nothing yet: the last snapshot is not durable before the flow has returned."""

    def finish(self) -> None:
        """Insert the blocks that the end cut, and wait for the store."""
        left = self._writer.close(self._close_s, self._final)
        if left:
            log.warning("%d insert blocks are not confirmed by the store; they go on after the next start", left)


def status_path(path: Path, part: str) -> Path:
    """Where the status of a part is told.

    >>> status_path(Path("run/market-sink.json"), "binance-usdm/0").as_posix()
    'run/market-sink-binance-usdm-0.json'
    """
    return path if part == WHOLE else path.with_name(f"{path.stem}-{part.replace('/', '-')}{path.suffix}")
