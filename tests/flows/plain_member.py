"""One member of a cluster that follows journals and notes what it hands on.

python -m tests.flows.plain_member DATA NUMBER ADDRESSES. Writes lines to DATA/seen: shard, offset, closing or not.
"""

import sys
from pathlib import Path

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition

from flows.cluster import member_of
from flows.engine import run
from flows.stop import stop_event
from market.batch import Batch
from sources.journal import JournalSource
from sources.partitions import resumable


class Notes(DynamicSink[tuple[str, Batch]]):
    def __init__(self, path: Path) -> None:
        self._path = path

    def build(self, _step_id: str, _worker: int, _workers: int) -> StatelessSinkPartition[tuple[str, Batch]]:
        file = self._path.open("a", buffering=1)

        class Part(StatelessSinkPartition[tuple[str, Batch]]):
            def write_batch(self, items: list[tuple[str, Batch]]) -> None:
                for _, batch in items:
                    file.write(f"{batch.shard} {batch.offset} {int(batch.last)}\n")

        return Part()


if __name__ == "__main__":
    data, addresses, stop = Path(sys.argv[1]), sys.argv[3].split(","), stop_event()
    member, recovery = member_of(int(sys.argv[2]), len(addresses), addresses), data / "recovery" / "plain"

    def flow() -> Dataflow:
        made = Dataflow("plain")
        known = resumable(recovery, "plain.journal")
        source = JournalSource(
            data, follow=True, stop=stop, expected=known, worker=member.number, workers=member.members
        )
        op.output("notes", op.input("journal", made, source), Notes(data / "seen"))
        return made

    while not stop.is_set():
        run(flow, recovery=recovery, snapshot_interval_s=0.1, member=member)
