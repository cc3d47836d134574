"""What the way into the store tells of itself: `Passed`, what went through the operators; `Inserted`, what was stored.

Blocks are looked at when they are cut, about once a second: of a batch only its time is noted.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

import pyarrow as pa

from market import metric_table as table
from market.batch import Batch
from market.clock import SECOND_NS, Clock
from market.decisions import Decisions
from market.metrics import Counter, Metric, Metrics
from market.rows import Table
from sinks.clickhouse.blocks import Block

FATES = ("applied", "duplicate", "dead_lettered", "control", "shed")  # of market.accounts.Accounts
STATES = ("running", "retrying", "catching up", "stopped")  # of a Drain
SWITCH_STATES = ("active", "reducing", "halted")


class Cells:
    """Counters of one thread by metric and labels, each made when it is first counted."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._made: dict[tuple[Metric, tuple[str, ...]], Counter] = {}

    def add(self, amount: float, metric: Metric, *labels: str) -> None:
        """Count so many more."""
        made = self._made.get((metric, labels))
        if made is None:
            made = self._made[metric, labels] = self._metrics.counter(metric, *labels)
        made.add(amount)


class Passed:
    """Used by the flow's thread; `look` by the one that asks."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics, self._clock, self._cells = metrics, clock, Cells(metrics)
        self._newest_ns: dict[str, int] = {}
        self._account: Decisions | None = None

    def item(self, item: Batch | Decisions) -> None:
        """It went through all operators."""
        self._newest_ns[item.shard] = item.receive_time
        if isinstance(item, Decisions) and item.standing is not None:
            self._account = item

    def block(self, block: Block) -> None:
        """It was cut."""
        shard = block.shard
        self._cells.add(block.journal_rows, table.FLOW_BATCHES, shard)
        for fate in FATES:
            self._cells.add(getattr(block.accounts, fate), table.FLOW_FRAMES, shard, fate)
        for part in block.parts:
            if part.tables:
                self._rows(shard, part.tables)

    def look(self) -> None:
        """Tell what changes by itself."""
        now_ns = self._clock.now_ns()
        for shard, newest_ns in list(self._newest_ns.items()):
            if newest_ns:
                self._metrics.set(table.FLOW_LAG, (now_ns - newest_ns) / SECOND_NS, shard)
        if self._account is not None and (standing := self._account.standing) is not None:
            self._metrics.set(table.TRADING_EQUITY, standing.equity, standing.account)
            self._metrics.set(table.TRADING_DRAWDOWN, standing.drawdown, standing.account)
            for state in SWITCH_STATES:
                self._metrics.set(table.TRADING_STATE, state == standing.state, standing.account, state)

    def _rows(self, shard: str, tables: Mapping[str, Table]) -> None:
        """Count rows of the tables that say how well it goes."""
        add = self._cells.add
        if "dead_letters" in tables:
            add(tables["dead_letters"].height, table.FLOW_DEAD_LETTERS, shard)
        for cause, state in _each(tables, "gaps", "cause", "state"):
            add(1, table.FLOW_GAPS, shard, cause, state)
        for (state,) in _each(tables, "orders", "state"):
            add(1, table.TRADING_ORDERS, state)
        for (event,) in _each(tables, "risk_events", "event"):
            add(1, table.TRADING_RISK, event)
        if "fills" in tables:
            add(tables["fills"].height, table.TRADING_FILLS)


def _each(tables: Mapping[str, Table], name: str, *columns: str) -> Iterable[tuple[str, ...]]:
    return tables[name].select(columns).iter_rows() if name in tables else ()


class Way(Protocol):
    """What waits on the way to the store: a `Line`."""

    def __len__(self) -> int: ...

    @property
    def spooled_bytes(self) -> int:
        """Of blocks on disk."""


class Inserted:
    """Used by the thread that inserts; `look` by the one that asks. part: of the sink, a shard or `tables`."""

    def __init__(self, metrics: Metrics, part: str) -> None:
        self._metrics, self._part, self._cells = metrics, part, Cells(metrics)
        self._seconds = metrics.histogram(table.SINK_SECONDS)
        self._blocks = metrics.counter(table.SINK_BLOCKS, part)

    def rows(self, name: str, rows: pa.Table, took_ns: int) -> None:
        """The store has taken rows of a table."""
        self._seconds.observe(took_ns / SECOND_NS)
        self._cells.add(rows.num_rows, table.SINK_ROWS, name)
        self._cells.add(rows.nbytes, table.SINK_BYTES, name)

    def block(self) -> None:
        """It has a block whole."""
        self._blocks.add()

    def failed(self, *, transient: bool) -> None:
        """It did not take what was handed to it."""
        self._cells.add(1, table.SINK_FAILURES, "transient" if transient else "permanent")

    def look(self, state: str, way: Way) -> None:
        """Tell what waits."""
        self._metrics.set(table.SINK_WAITING, len(way), self._part)
        self._metrics.set(table.SINK_SPOOL, way.spooled_bytes, self._part)
        for one in STATES:
            self._metrics.set(table.SINK_STATE, state == one, self._part, one)
