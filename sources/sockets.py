"""The feed as a Bytewax source: each poll hands over everything that arrived since the last one as one micro-batch."""

from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from market.beat import Beat, unheard
from market.journal import MAX_ROW_BYTES
from sources.frame_queue import Frame
from sources.journal import Stop
from sources.websocket import Feed

MAX_BATCH_FRAMES = 4096
MAX_BATCH_BYTES = MAX_ROW_BYTES // 4

Arrived = tuple[str, list[Frame]]


class SocketSource(FixedPartitionedSource[Arrived, None]):
    """Items are (shard, frames with their receive times). No state: what was missed cannot be read again."""

    def __init__(self, feed: Feed, *, shard: str, stop: Stop, beat: Beat = unheard) -> None:
        self._feed, self._shard, self._stop, self._beat = feed, shard, stop, beat

    def list_parts(self) -> list[str]:
        """The one partition."""
        return [self._shard]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "SocketPartition":  # noqa: ARG002
        """Open the sockets."""
        return SocketPartition(self._feed.__enter__(), self._shard, self._stop, self._beat)


class SocketPartition(StatefulSourcePartition[Arrived, None]):
    """The polling; idle polls return nothing and Bytewax asks again after about 1 ms."""

    def __init__(self, feed: Feed, shard: str, stop: Stop, beat: Beat) -> None:
        self._feed, self._shard, self._stop, self._beat = feed, shard, stop, beat
        self._closed = False

    def next_batch(self) -> list[Arrived]:
        """What arrived; after the stop, what was left; raises what ended the feed's thread."""
        self._beat("")
        if self._stop.is_set() and not self._closed:
            self._closed = True
            self._feed.__exit__()
        frames = self._feed.queue.take(MAX_BATCH_FRAMES, MAX_BATCH_BYTES)
        if frames:
            return [(self._shard, frames)]
        if self._feed.error is not None:
            raise self._feed.error
        if self._closed:
            raise StopIteration
        return []

    def snapshot(self) -> None:
        """Nothing to go back to."""

    def close(self) -> Any:
        """Close the sockets."""
        self._feed.__exit__()
