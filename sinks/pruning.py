"""`Pruning`: keeps a journal that one flow writes for another within its bounds, a little at a time.

A look every PRUNE_EVERY_ROWS rows or PRUNE_EVERY_NS; a hundred rows take about 1 ms. What `prune` drops of a source is
remembered by `newest_of`: who appends must ask it, or would append again what was dropped.
"""

from collections.abc import Callable

from market.clock import SECOND_NS, Clock
from sinks.journal import JournalWriter
from sinks.journal_age import Age
from sinks.journal_bounds import Bounds, duty, room_of
from sinks.journal_sink import AGE

PRUNE_EVERY_ROWS = 64  # of those that were appended, or
PRUNE_EVERY_NS = SECOND_NS  # so often
PRUNED_ROWS = 128  # at a time: twice as many as come, so that a journal that is too long shrinks


class Pruning:
    """Of one journal. `settled`: up to which row nobody reads it any more; None: whoever still does, all may go."""

    def __init__(
        self, writer: JournalWriter, bounds: Bounds, clock: Clock, settled: Callable[[JournalWriter], int] | None = None
    ) -> None:
        self._writer, self._bounds, self._clock, self._settled = writer, bounds, clock, settled
        self._rows, self._looked_ns = 0, clock.monotonic_ns()
        noted, retention_ns = writer.meta().get(AGE, ""), bounds.retention_ns
        self._age = None if retention_ns is None else Age(noted, retention_ns=retention_ns, now_ns=self._looked_ns)

    def appended(self) -> None:
        """Another row is there; look at the bounds from time to time."""
        self._rows += 1
        now_ns = self._clock.monotonic_ns()
        if self._rows >= PRUNE_EVERY_ROWS or now_ns - self._looked_ns >= PRUNE_EVERY_NS:
            self._rows, self._looked_ns = 0, now_ns
            self._prune(now_ns)

    def _prune(self, now_ns: int) -> None:
        writer, age = self._writer, self._age
        newest = writer.last_offset()
        if age is not None and age.grow(now_ns, last_offset=newest):
            writer.note(AGE, age.text)
        room = room_of(writer.path, *writer.size())
        expired_to = 0 if age is None else age.expired_to
        asked = duty(self._bounds, room, expired_to=expired_to, newest=newest, stored=None)
        to = asked.prune_to
        if to and self._settled is not None:
            to = min(to, self._settled(writer))
        if to:
            writer.prune(to, most_rows=PRUNED_ROWS, most_bytes=asked.most_bytes, with_sources=True)
