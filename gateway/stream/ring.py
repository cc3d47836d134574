"""The newest rows of the broadcast, in memory once for all clients; and the newest event of everything.

A client is a sequence in it. What falls out of the ring is in the journal still.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gateway import limits
from gateway.stream import messages
from market.broadcast import Event, Filter

SLACK = 8  # a full ring drops an eighth at once: dropping costs as much for one row as for many
CACHED = 64  # messages that were made for one client and may serve others


class Row(NamedTuple):
    """One row of the journal, with the heads of its events."""

    sequence: int
    events: tuple[Event, ...]
    frames: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes of its frames."""
        return sum(map(len, self.frames))


class Batch(NamedTuple):
    """What a client is sent next; no text where nothing is for him up to `last`."""

    text: str
    last: int


class Ring:
    """Rows in order, bounded in number and bytes; the oldest go."""

    def __init__(self, *, rows: int | None = None) -> None:
        self.before = 0  # sequence before its first row: who has that one misses nothing
        self.newest = 0
        self.receive_time = ""  # of the newest event
        self._rows: list[Row] = []
        self._bytes, self._most_rows, self._most_bytes = 0, rows or limits.RING_ROWS, limits.RING_BYTES
        self._made: dict[tuple[Filter, int, int], Batch] = {}

    def begin(self, after: int) -> None:
        """Forget everything; the next row is the first after a sequence."""
        self._rows, self._bytes, self.before, self.newest = [], 0, after, after
        self._made.clear()

    def append(self, row: Row) -> None:
        """The next row."""
        self._rows.append(row)
        self._bytes += row.size
        self.newest = row.sequence
        if row.events:
            self.receive_time = row.events[-1].receive_time
        self._made.clear()
        if len(self._rows) > self._most_rows or self._bytes > self._most_bytes:
            self._drop()

    def reaches(self, sequence: int) -> bool:
        """Whether everything after a sequence is here."""
        return sequence >= self.before

    def after(self, sequence: int) -> Iterator[Row]:
        """Rows after a sequence."""
        first = bisect_right(self._rows, sequence, key=lambda row: row.sequence)
        return (self._rows[at] for at in range(first, len(self._rows)))

    def next(self, wanted: Filter, previous: int, cursor: int) -> Batch:
        """The events after `cursor` that are wanted, as one message; made once for all who are as far.

        It looks at LOOKED_AT_ONCE events or one row, so `last` may be before the newest though there is no text.
        """
        key = (wanted, previous, cursor)
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= CACHED:
                self._made.clear()
            found = self._made[key] = message(self._some(cursor), wanted, previous, cursor)
        return found

    def _some(self, cursor: int) -> Iterator[Row]:
        left = limits.LOOKED_AT_ONCE
        for row in self.after(cursor):
            yield row
            left -= 1 + len(row.events)
            if left <= 0:
                return

    def _drop(self) -> None:
        keep_rows = self._most_rows - self._most_rows // SLACK
        keep_bytes = self._most_bytes - self._most_bytes // SLACK
        gone = 0
        while gone < len(self._rows) - 1 and (len(self._rows) - gone > keep_rows or self._bytes > keep_bytes):
            self._bytes -= self._rows[gone].size
            gone += 1
        if gone:
            self.before = self._rows[gone - 1].sequence
            del self._rows[:gone]


class Latest:
    """The newest event of every kind, instrument and timeframe; bounded, those that were silent longest go."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str, str, str], tuple[int, Event, bytes]] = {}

    def take(self, row: Row) -> None:
        """A newer row."""
        for event, frame in zip(row.events, row.frames, strict=True):
            key = (event.kind, event.venue, event.instrument, event.timeframe)
            self._events.pop(key, None)
            self._events[key] = (row.sequence, event, frame)
        while len(self._events) > limits.LATEST_EVENTS:
            del self._events[next(iter(self._events))]

    def messages(self, wanted: Filter, sequence: int, *, since: int = 0) -> Iterator[str]:
        """Those that are wanted and newer than `since`, as they are now, in one or more messages."""
        chosen = [frame for told, event, frame in self._events.values() if told > since and wanted.takes(event)]
        return _snapshots(chosen, sequence)


def _snapshots(chosen: Sequence[bytes], sequence: int) -> Iterator[str]:
    frames: list[bytes] = []
    size = 0
    for frame in chosen:
        size += len(frame)
        if frames and size > limits.MESSAGE_BYTES:
            yield messages.snapshot(sequence, frames, more=True)
            frames, size = [], len(frame)
        frames.append(frame)
    yield messages.snapshot(sequence, frames, more=False)


def message(rows: Iterable[Row], wanted: Filter, previous: int, cursor: int) -> Batch:
    """The wanted events of rows as one message of whole rows, of MESSAGE_BYTES or one row."""
    frames: list[bytes] = []
    size, last = 0, cursor
    for row in rows:
        mine = [frame for event, frame in zip(row.events, row.frames, strict=True) if wanted.takes(event)]
        size += sum(map(len, mine))
        if frames and size > limits.MESSAGE_BYTES:
            break
        frames += mine
        last = row.sequence
    return Batch(messages.events(last, previous, frames) if frames else "", last)
