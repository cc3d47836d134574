"""What the store tells of the statements that it answers. Used by the thread of its event loop alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from market import metric_table as table
from market.clock import SECOND_NS, Clock
from market.metrics import Metrics
from sinks.clickhouse.statement import tokens

KINDS = {b"SELECT": "select", b"WITH": "select", b"FROM": "select", b"INSERT": "insert"}  # by first word
OTHER = "other"
LOOKED_AT_BYTES = 4096  # of a statement, to find its first word
OUTCOMES = ("done", "failed")


def kind_of(query: bytes, body: IO[bytes]) -> str:
    """Whether it selects or inserts, by its first word; leaves the body where it was.

    >>> import io
    >>> kind_of(b"-- rows of today\\nselect 1", io.BytesIO()), kind_of(b"", io.BytesIO(b"optimize table quotes"))
    ('select', 'other')
    """
    text = query[:LOOKED_AT_BYTES]
    if not text.strip():
        at = body.tell()
        text = body.read(LOOKED_AT_BYTES)
        body.seek(at)
    first = next((token for token in tokens(text) if token.value != b"("), None)
    return OTHER if first is None else KINDS.get(first.value, OTHER)


class QueryNumbers:
    """Counts statements; `running` and `waiting` are as they are now."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self.running = self.waiting = 0
        self._clock, self._metrics = clock, metrics
        kinds = (*sorted(set(KINDS.values())), OTHER)
        self._seconds = {kind: metrics.histogram(table.STORE_SECONDS, kind) for kind in kinds}
        self._counts = {
            (kind, outcome): metrics.counter(table.STORE_QUERIES, kind, outcome)
            for kind in kinds
            for outcome in OUTCOMES
        }
        metrics.before_scrape("store", self._look)

    @contextmanager
    def answering(self, kind: str) -> Iterator[None]:
        """A statement has its turn; an exception that leaves it is its failure."""
        began_ns, outcome = self._clock.monotonic_ns(), "failed"
        self.running += 1
        try:
            yield
            outcome = "done"
        finally:
            self.running -= 1
            self._seconds[kind].observe((self._clock.monotonic_ns() - began_ns) / SECOND_NS)
            self._counts[kind, outcome].add()

    def refused(self, kind: str) -> None:
        """It got no turn."""
        self._counts[kind, "failed"].add()

    def _look(self) -> None:
        self._metrics.set(table.STORE_RUNNING, self.running)
        self._metrics.set(table.STORE_WAITING, self.waiting)
