"""A sink of parts as a step of keyed state: each shard has its own part, on the worker that computes the shard.

As an ordinary sink with parts, Bytewax would place the parts by their number and pickle every batch to another process
to get it there. As state of a key, a part stays with its shard's operators, and moves with them when there are other
workers. What a part snapshots and how it resumes is the same.
"""

from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic
from bytewax.outputs import DynamicSink, FixedPartitionedSink, StatefulSinkPartition, StatelessSinkPartition

from market.batch import Batch
from market.seal import NO_ROW, opened, seal, unseal


@operator
def output_by_shard(step_id: str, up: KeyedStream[Batch], sink: FixedPartitionedSink[Any, Any]) -> None:
    """Write a stream to a sink, one part of it for every shard, called like the shard."""
    written: KeyedStream[Any] = op.stateful_batch("part", up, partial(_Part, step_id, sink))
    op.output("end", written, _Nowhere())


class _Part(StatefulBatchLogic[Batch, Any, bytes]):
    """One part, made when its first item comes, or from a sealed snapshot."""

    def __init__(self, step_id: str, sink: FixedPartitionedSink[Any, Any], snapshot: bytes | None) -> None:
        self._step_id, self._sink = step_id, sink
        self._shard, self._row = "", NO_ROW
        self._part: StatefulSinkPartition[Any, Any] | None = None
        if snapshot is not None:
            self._row = opened(snapshot).row
            self._make(*unseal(snapshot))

    def on_batch(self, values: list[Batch]) -> tuple[list[Any], bool]:
        """Hand the batches of the shard over."""
        part = self._part or self._make(values[0].shard, None)
        part.write_batch(values)
        self._row = values[-1].offset
        return [], StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        """The state of the part, whose it is, and how far it has come."""
        assert self._part is not None  # Bytewax makes a logic for an item, or from a snapshot
        return seal((self._shard, self._part.snapshot()), self._row)

    def _make(self, shard: str, state: Any) -> StatefulSinkPartition[Any, Any]:
        self._shard, self._part = shard, self._sink.build_part(self._step_id, shard, state)
        return self._part


class _Nowhere(DynamicSink[Any]):
    def build(self, _step_id: str, _worker_index: int, _worker_count: int) -> "_NowherePart":
        return _NowherePart()


class _NowherePart(StatelessSinkPartition[Any]):
    def write_batch(self, items: list[Any]) -> None:
        """Nothing comes."""
