"""What one flow tells another: a Bytewax sink that appends messages to a journal, each batch once.

A row carries the shard and offset it came from, so what is emitted again after a recovery is already there and ignored.
All workers of a cluster append to the one journal; in which order shards come is decided there, once. Where rows are
pruned, an item that is not newer than the newest told of its shard is not told again: its row may be gone.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

from bytewax.outputs import DynamicSink, StatelessSinkPartition

from market.journal import LIVE_BLOCK_NS
from sinks.journal import JournalWriter
from sinks.pruning import Pruning

Messages = Callable[[Any], Sequence[bytes]]  # of an item with shard, offset and receive_time
VENUE = "barograph"


class OutboxSink(DynamicSink[tuple[str, Any]]):
    """Appends the messages that `messages` finds in an item to the one journal partition at `path`.

    Where the journal that they come from survives a loss of power (`synchronous` FULL), they must as well: the flow's
    snapshot may stand after rows whose messages were lost, and nobody would write them again.
    """

    def __init__(
        self, path: Path, *, shard: str, messages: Messages, synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        pruning: Callable[[JournalWriter], Pruning] | None = None,
    ) -> None:  # fmt: skip
        self._path, self._synchronous = path, synchronous
        self._shard = shard
        self._messages, self._pruning = messages, pruning

    def build(self, _step_id: str, _worker_index: int, _worker_count: int) -> "_OutboxPartition":
        """Open the journal."""
        writer = JournalWriter(
            self._path, venue=VENUE, shard=self._shard, block_ns=LIVE_BLOCK_NS, synchronous=self._synchronous
        )
        return _OutboxPartition(writer, self._messages, None if self._pruning is None else self._pruning(writer))


class _OutboxPartition(StatelessSinkPartition[tuple[str, Any]]):
    def __init__(self, writer: JournalWriter, messages: Messages, pruning: Pruning | None) -> None:
        self._writer, self._messages, self._pruning = writer, messages, pruning
        self._told: dict[str, int] = {}  # newest offset by shard, where rows are pruned

    def write_batch(self, items: list[tuple[str, Any]]) -> None:
        """One row for each item that has something to say; all become durable at once, for a flush takes long."""
        said = [(item, frames) for _, item in items if (frames := self._messages(item)) and self._is_new(item)]
        with self._writer.transaction() if len(said) > 1 else nullcontext():
            for item, frames in said:
                times = [item.receive_time] * len(frames)
                self._writer.append(times, frames, source=item.shard, source_offset=item.offset)
        if self._pruning is not None:
            for item, _ in said:
                self._told[item.shard] = item.offset
                self._pruning.appended()

    def _is_new(self, item: Any) -> bool:
        if self._pruning is None:
            return True
        if item.shard not in self._told:
            self._told[item.shard] = self._writer.newest_of(item.shard)
        return bool(item.offset > self._told[item.shard])

    def close(self) -> None:
        self._writer.close()
