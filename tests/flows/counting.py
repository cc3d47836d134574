"""A small flow on the real engine, for tests of recovery: a journal of numbers, two stages that sum them, a sink.

`Sums.rows` is the table: the running sum after every row of the journal. A row that is written again must say the same.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition

from flows.checkpoints import USUAL, Copies
from flows.engine import run
from market.batch import Batch
from market.journal import partition_path
from operators.stage import Stage, wire
from sinks.journal import JournalWriter
from sources.journal import JournalSource

SHARD = "counting/0"
ROWS = 300
PADDING = 20_000  # bytes of state, so that a store is of many pages

At = Callable[[int], None]


def nothing(_row: int) -> None:
    """What happens at a row."""


def journal(data: Path, rows: int = ROWS, first: int = 1, *, pruned: int = 0) -> Path:
    """A journal of one number a row; the folder of its recovery store."""
    with JournalWriter(partition_path(data, "market", SHARD), venue="counting", shard=SHARD, block_ns=10**9) as writer:
        for row in range(first, first + rows):
            writer.append([row * 1_000_000], [b"%d" % (row * row % 97)])
        writer.prune(pruned, most_rows=rows)
    return data / "recovery" / "market"


def expected(rows: int = ROWS) -> dict[int, int]:
    """The table of an uninterrupted run."""
    total, sums = 0, {}
    for row in range(1, rows + 1):
        total += row * row % 97
        sums[row] = total
    return sums


class Sums(DynamicSink[Any]):
    """Keeps the table."""

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}
        self.twice = 0

    def build(self, _step_id: str, _index: int, _count: int) -> "_Part":
        return _Part(self)


class _Part(StatelessSinkPartition[Any]):
    def __init__(self, sums: Sums) -> None:
        self._sums = sums

    def write_batch(self, items: list[tuple[str, Batch]]) -> None:
        for _, batch in items:
            if batch.last:
                continue
            total = int(batch.tables["sum"])
            self._sums.twice += batch.offset in self._sums.rows
            assert self._sums.rows.setdefault(batch.offset, total) == total, f"row {batch.offset} now says {total}"


def count(data: Path, sums: Sums, at: At = nothing, *, interval_s: float = 0.0, copies: Copies = USUAL) -> None:
    """Run the flow to the end of the journal; `at` is called with every row before it is computed."""

    def summed(state: dict[str, Any], batch: Batch) -> Batch:
        at(batch.offset)
        state["sum"] += sum(int(frame) for frame in batch.frames)
        return batch._replace(tables={"sum": state["sum"]})

    def seen(state: dict[str, Any], batch: Batch) -> Batch:
        state["rows"] += not batch.last
        assert batch.last or state["rows"] == batch.offset
        return batch

    def made() -> Dataflow:
        flow = Dataflow("market")
        rows = op.input("journal", flow, JournalSource(data, follow=False, stop=Event()))
        sums_of = wire("sums", rows, Stage("sums", lambda: {"sum": 0, "padding": bytes(PADDING)}, summed))
        checked = wire("seen", sums_of, Stage("seen", lambda: {"rows": 0}, seen))
        op.output("table", checked, sums)
        return flow

    run(made, recovery=data / "recovery" / "market", snapshot_interval_s=interval_s, copies=copies)
