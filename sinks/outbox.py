"""What one flow tells another: a Bytewax sink that appends messages to a journal, each batch once.

A row carries the shard and offset it came from, so what is emitted again after a recovery is already there and ignored.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from market.batch import Batch
from market.journal import LIVE_BLOCK_NS
from sinks.journal import JournalWriter

Messages = Callable[[Batch], Sequence[bytes]]
VENUE = "barograph"


class OutboxSink(FixedPartitionedSink[Batch, None]):
    """Appends the messages that `messages` finds in a batch to the one partition at `path`."""

    def __init__(self, path: Path, *, shard: str, messages: Messages) -> None:
        self._path = path
        self._shard = shard
        self._messages = messages

    def list_parts(self) -> list[str]:
        """The one partition."""
        return ["0"]

    def part_fn(self, item_key: str) -> int:
        """The one partition."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "_OutboxPartition":  # noqa: ARG002
        """Open the journal."""
        writer = JournalWriter(self._path, venue=VENUE, shard=self._shard, block_ns=LIVE_BLOCK_NS)
        return _OutboxPartition(writer, self._messages)


class _OutboxPartition(StatefulSinkPartition[Batch, None]):
    def __init__(self, writer: JournalWriter, messages: Messages) -> None:
        self._writer = writer
        self._messages = messages

    def write_batch(self, items: list[Batch]) -> None:
        for batch in items:
            frames = self._messages(batch)
            if frames:
                times = [batch.receive_time] * len(frames)
                self._writer.append(times, frames, source=batch.shard, source_offset=batch.offset)

    def snapshot(self) -> None:
        return None

    def close(self) -> None:
        self._writer.close()
