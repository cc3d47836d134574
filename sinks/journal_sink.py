"""The journal as a Bytewax sink: every item becomes one durable row before the next is taken."""

from datetime import timedelta

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from market.beat import Beat, unheard
from market.clock import SECOND_NS, Clock
from sinks.journal import JournalWriter

PRUNE_EVERY_NS = 60 * SECOND_NS

Frames = list[tuple[int, bytes]]  # receive time in ns, frame


class JournalSink(FixedPartitionedSink[Frames, None]):
    """Appends to one partition and drops rows older than `retention`, None to keep all; closes the writer."""

    def __init__(
        self, writer: JournalWriter, *, retention: timedelta | None, clock: Clock, beat: Beat = unheard
    ) -> None:
        self._writer, self._retention, self._clock, self._beat = writer, retention, clock, beat

    def list_parts(self) -> list[str]:
        """The one partition."""
        return ["0"]

    def part_fn(self, item_key: str) -> int:
        """The one partition."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "JournalSinkPartition":  # noqa: ARG002
        """Begin to append."""
        return JournalSinkPartition(self._writer, self._retention, self._clock, self._beat)


class JournalSinkPartition(StatefulSinkPartition[Frames, None]):
    """The appending."""

    def __init__(self, writer: JournalWriter, retention: timedelta | None, clock: Clock, beat: Beat) -> None:
        self._writer, self._retention, self._clock, self._beat = writer, retention, clock, beat
        self._pruned_ns = clock.monotonic_ns()

    def write_batch(self, items: list[Frames]) -> None:
        """One row per item."""
        for frames in items:
            self._writer.append([received_ns for received_ns, _ in frames], [frame for _, frame in frames])
        now_ns = self._clock.monotonic_ns()
        if self._retention is not None and now_ns - self._pruned_ns >= PRUNE_EVERY_NS:
            self._pruned_ns = now_ns
            self._writer.prune(self._clock.now_ns() - int(self._retention.total_seconds() * SECOND_NS))

    def snapshot(self) -> None:
        """The journal is its own state."""

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()
