"""Each shard has a part of a sink of its own, which goes on from its snapshot wherever the shard's operators go."""

from pathlib import Path

import bytewax.operators as op
import numpy as np
from bytewax._bytewax import cluster_main
from bytewax.dataflow import Dataflow
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSource

from market.batch import Batch
from market.journal import partition_path
from market.seal import opened
from market.shards import key_of
from sinks.by_shard import _Part, output_by_shard
from sinks.outbox import OutboxSink
from sources.journal_reader import JournalReader

SHARDS = ("v/0", "v/1", "v/2")


class Counting(FixedPartitionedSink[Batch, int]):
    """Counts the batches of each part, and notes what each began with."""

    def __init__(self) -> None:
        self.began: dict[str, int | None] = {}
        self.counts: dict[str, int] = {}

    def list_parts(self) -> list[str]:
        raise AssertionError("parts are not placed by number")

    def build_part(self, _step_id: str, for_part: str, resume_state: int | None) -> StatefulSinkPartition[Batch, int]:
        sink = self
        sink.began[for_part] = resume_state
        sink.counts[for_part] = resume_state or 0

        class Part(StatefulSinkPartition[Batch, int]):
            def write_batch(self, items: list[Batch]) -> None:
                assert {item.shard for item in items} == {for_part}
                sink.counts[for_part] += len(items)

            def snapshot(self) -> int:
                return sink.counts[for_part]

        return Part()


def batch(shard: str, offset: int) -> Batch:
    return Batch(shard, offset, np.array([offset], np.int64))


def test_parts_go_on_with_other_numbers_of_workers(tmp_path: Path) -> None:
    init_db_dir(tmp_path, 1)
    items = [(key_of(shard), batch(shard, offset)) for offset in range(1, 5) for shard in SHARDS]
    run: list[Counting] = []
    for workers in (2, 3, 1):
        sink = Counting()
        run.append(sink)
        flow = Dataflow("counting")
        pauses = [TestingSource.EOF() if place else item for item in items for place in (0, 1)]
        output_by_shard("out", op.input("in", flow, TestingSource(pauses, batch_size=1)), sink)
        cluster_main(flow, [], 0, worker_count_per_proc=workers, recovery_config=RecoveryConfig(str(tmp_path)))
    assert [sum(sink.counts.values()) for sink in run] == [1, 2, 3]
    assert run[2].began == {"v/0": 1, "v/1": 1, "v/2": None}


def test_a_snapshot_says_how_far_its_shard_has_come() -> None:
    part = _Part("out", Counting(), None)
    part.on_batch([batch("v/0", 7), batch("v/0", 8)])
    assert opened(part.snapshot()).row == 8
    again = Counting()
    _Part("out", again, part.snapshot())
    assert again.began == {"v/0": 2}


def test_workers_append_to_one_journal_and_what_comes_again_is_there_once(tmp_path: Path) -> None:
    path = partition_path(tmp_path, "trading", "trading/0")
    sink = OutboxSink(path, shard="trading/0", messages=lambda item: [f"{item.shard}:{item.offset}".encode()])
    first, second = (sink.build("out", worker, 2) for worker in (0, 1))
    first.write_batch([("k", batch("v/0", 1)), ("k", batch("v/0", 2))])
    second.write_batch([("k", batch("v/1", 1))])
    first.write_batch([("k", batch("v/0", 2)), ("k", batch("v/0", 3))])
    with JournalReader(path) as journal:
        told = [bytes(frame) for row in journal.read(0, 100) for frame in row.frames]
    assert told == [b"v/0:1", b"v/0:2", b"v/1:1", b"v/0:3"]
