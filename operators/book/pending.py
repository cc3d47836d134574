"""Depth messages kept while a book waits for its snapshot, bounded per instrument."""

from collections import deque
from collections.abc import Iterator

from market.batch import Events

# EVENT rows kept per instrument (4 MiB); beyond it the oldest messages go, and an older snapshot is refused.
MAX_ROWS = 65_536


class Pending:
    """Per instrument, the newest messages (header and LEVEL rows each) in the order they came."""

    def __init__(self) -> None:
        self._messages: dict[int, deque[Events]] = {}
        self._rows: dict[int, int] = {}

    def keep(self, message: Events) -> None:
        """Add a message, and let go of the oldest while there are more than MAX_ROWS rows."""
        instrument = int(message["instrument"][0])
        kept = self._messages.setdefault(instrument, deque())
        kept.append(message.copy())
        rows = self._rows.get(instrument, 0) + len(message)
        while rows > MAX_ROWS:
            rows -= len(kept.popleft())
        self._rows[instrument] = rows

    def of(self, instrument: int) -> Iterator[Events]:
        """The messages of one instrument."""
        return iter(self._messages.get(instrument, ()))

    def forget(self, instrument: int) -> None:
        """Drop the messages of one instrument."""
        self._messages.pop(instrument, None)
        self._rows.pop(instrument, None)
