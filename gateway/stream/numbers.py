"""What the stream tells of itself. Used by the loop that serves it."""

from market import metric_table as table
from market.metrics import Counter, Metrics


class StreamNumbers:
    """Counts what goes out to all clients together."""

    def __init__(self, metrics: Metrics | None = None) -> None:
        self._metrics = metrics or Metrics()
        self.clients = self._metrics.gauge(table.STREAM_CLIENTS)
        self.sent = self._metrics.counter(table.STREAM_MESSAGES)
        self.sent_bytes = self._metrics.counter(table.STREAM_BYTES)
        self.replayed = self._metrics.counter(table.STREAM_REPLAYED)
        self.conflated = self._metrics.counter(table.STREAM_CONFLATED)
        self._closed: dict[str, Counter] = {}

    def closed(self, reason: str) -> None:
        """The server has closed a stream; reason: the code of its last message."""
        if reason not in self._closed:
            self._closed[reason] = self._metrics.counter(table.STREAM_CLOSED, reason)
        self._closed[reason].add()
