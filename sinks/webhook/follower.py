"""`Follower`: reads the broadcast journal, and turns what endpoints want of it into deliveries.

The deliveries of the rows that it read and the cursor behind them are one transaction, so that a row that is in the
journal is a delivery that will be tried, whatever is killed when. Rows that nobody wants move the cursor in memory
alone for a while: read again after a crash, they are wanted by nobody again.

An endpoint hears of what was appended to the journal after it was added. Where rows went before they were read, because
this process was down for longer than the journal keeps them, it is noted for every endpoint and logged.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np

from market.broadcast import GoneError, fields, head
from market.clock import SECOND_NS, Clock
from sinks.webhook.endpoints import Endpoints
from sinks.webhook.filters import KINDS
from sinks.webhook.outbox import DESTROYED, NOT_KEPT, Cursor, Outbox
from sinks.webhook.payload import Event
from sources.broadcast import Broadcast, Told

log = logging.getLogger("barograph.webhook")

KEPT_EVERY_NS = 5 * SECOND_NS  # of a cursor that moved over what nobody wants
NO_EVENT = (msgspec.MsgspecError, ValueError)  # what reading a frame raises that is no event
Offer = Callable[[Iterable[Mapping[str, Any]]], None]


def nobody(_events: Iterable[Mapping[str, Any]]) -> None:
    """Whom events are offered to where nobody else wants them."""


class Follower:
    """Of one journal into one database. `offer` is shown every event that comes from now on, once."""

    def __init__(
        self, broadcast: Broadcast, outbox: Outbox, endpoints: Endpoints, clock: Clock, *, offer: Offer | None = None
    ) -> None:
        self._broadcast, self._outbox, self._endpoints, self._clock = broadcast, outbox, endpoints, clock
        self._offer = offer
        self._offered = broadcast.span().newest if offer is not None else 0
        self._cursor = outbox.cursor()
        self._kept = self._cursor
        self._kept_ns = clock.monotonic_ns()
        self.queued = 0  # by the last turn

    def turn(self) -> int:
        """Read on; how many rows there were. Raises WebhookError, and is then to be called again."""
        self.queued = 0
        if self._cursor is None:
            self._cursor = self._begun()
        if self._cursor is None:
            return 0
        try:
            rows = self._broadcast.read(self._cursor.sequence, stream=self._cursor.stream)
        except GoneError as gone:
            return self._leap(self._cursor, gone)
        if rows:
            self._show(rows)
            self._take(self._cursor.stream, rows)
        return len(rows)

    def close(self) -> None:
        """Keep where it was, and let go of the journal."""
        if self._cursor is not None and self._cursor != self._kept:
            self._outbox.take([], self._cursor, [], self._clock.now_ns())
        self._broadcast.close()

    def _begun(self) -> Cursor | None:
        """Where to begin: behind what the endpoints that there are were added after; with none, at the end."""
        span = self._broadcast.span()
        if not span.stream:
            return None
        endpoints = self._endpoints.all()
        wanted = [one.since if one.stream == span.stream else span.oldest - 1 for one in endpoints]
        return Cursor(span.stream, max(min(wanted, default=span.newest), span.oldest - 1, 0))

    def _take(self, stream: str, rows: list[Told]) -> None:
        """Queue what is wanted of the rows, and go on behind them. Endpoints are asked for after the rows were read:
        what was appended after one was added can then not be missed.
        """
        cursor = Cursor(stream, rows[-1].sequence)
        events = [event for row in rows for event in events_of(stream, row)]
        endpoints, now_ns = self._endpoints.all(), self._clock.now_ns()
        lost = [row.sequence for row in rows if not row.frames]
        if lost:
            log.error("rows %s of the broadcast journal were destroyed on the disk; webhooks miss them", lost)
            self._outbox.miss_all(endpoints, DESTROYED, self._cursor or cursor, lost[0], lost[-1], now_ns)
        if (events and endpoints) or now_ns - self._kept_ns >= KEPT_EVERY_NS:
            self.queued = self._outbox.take(events, cursor, endpoints, now_ns)
            self._kept, self._kept_ns = cursor, now_ns
        self._cursor = cursor

    def _leap(self, cursor: Cursor, gone: GoneError) -> int:
        """Go on where the journal still holds rows, and note what was missed; 0 where there is no journal now. Of what
        it holds of the same stream before the cursor everybody heard already.
        """
        if not gone.stream:
            return 0  # it may come back
        log.error("webhooks go on at another place of the broadcast journal: %s", gone)
        is_ahead = gone.stream == cursor.stream and cursor.sequence > gone.newest  # a copy was put in its place
        found = Cursor(gone.stream, gone.newest if is_ahead else max(gone.oldest - 1, 0))
        first = cursor.sequence + 1 if gone.stream == cursor.stream else 1
        endpoints = self._endpoints.all() if first <= found.sequence else []
        self._outbox.miss_all(endpoints, NOT_KEPT, found, first, found.sequence, self._clock.now_ns())
        self._cursor = self._kept = found
        return 1

    def _show(self, rows: list[Told]) -> None:
        new = [row for row in rows if row.sequence > self._offered]
        if self._offer is not None and new:
            self._offered = new[-1].sequence
            self._offer([columns for row in new for columns in _readable(row)])


def events_of(stream: str, row: Told) -> list[Event]:
    """What of a row is of a kind that webhooks tell; what is no event is left out, with a word in the log."""
    found = []
    for place, frame in enumerate(row.frames):
        try:
            if head(frame).kind in KINDS:
                columns = fields(frame)
                known_ns = time_ns(columns["receive_time"])
                found.append(Event(stream, row.sequence, place, columns["kind"], known_ns, columns))
        except NO_EVENT as error:
            log.error("row %d of the broadcast holds what is no event: %s", row.sequence, error)
    return found


def _readable(row: Told) -> Iterator[dict[str, Any]]:
    """The events of a row, but for what is none: `events_of` tells the log of it."""
    for frame in row.frames:
        with suppress(*NO_EVENT):
            head(frame)
            yield fields(frame)


def time_ns(text: str) -> int:
    """A time of a frame in ns; raises ValueError where it is none.

    >>> time_ns("2023-11-14T22:13:20.123456789Z")
    1700000000123456789
    """
    time = np.datetime64(text.removesuffix("Z"), "ns")
    if np.isnat(time):
        raise ValueError(f"{text[:30]!r} is no time")
    return int(time.astype(np.int64))
