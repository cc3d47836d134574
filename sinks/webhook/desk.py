"""`Desk`: what a person or a program may ask of the webhooks, the same from the command line and over REST.

One visit holds one connection to the database; `tenant` None is the command line, which sees all.
"""

from pathlib import Path
from typing import Self

from market.broadcast import time_text
from market.clock import Clock
from sinks.webhook.address import Rules
from sinks.webhook.attempt import Delivery
from sinks.webhook.counts import Standing, standing
from sinks.webhook.database import opened
from sinks.webhook.endpoints import DISABLED, Endpoint, Endpoints
from sinks.webhook.errors import ConflictError, UnknownError, WebhookError
from sinks.webhook.filters import Filters
from sinks.webhook.follower import events_of
from sinks.webhook.limits import DATABASE_BYTES, REPLAYED
from sinks.webhook.missed import Left, shorten
from sinks.webhook.outbox import DESTROYED, TOO_LARGE, Missed, Outbox, delivery_of
from sinks.webhook.payload import Event, body
from sources.broadcast import Broadcast

TEST = "test"
TEST_STREAM = "test"
ROWS = 64


class Desk:
    """One visit; to be used in a `with`, by one thread."""

    def __init__(self, data: Path, clock: Clock, rules: Rules, *, database_limit: int = DATABASE_BYTES) -> None:
        self._data, self._clock = data, clock
        self._database = opened(data)
        self.endpoints = Endpoints(self._database, clock, rules)
        self.outbox = Outbox(self._database, database_limit=database_limit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, url: str, filters: Filters, tenant: str) -> tuple[Endpoint, str]:
        """A new endpoint and its secret; it hears of what is said from now on."""
        broadcast = Broadcast(self._data)
        try:
            span = broadcast.span()
        finally:
            broadcast.close()
        return self.endpoints.add(url, filters, tenant=tenant, stream=span.stream, since=span.newest)

    def delivery(self, endpoint: str, webhook_id: str, tenant: str | None) -> Delivery:
        """One delivery; raises UnknownError."""
        found = self.outbox.get(webhook_id, self.endpoints.get(endpoint, tenant).id)
        if found is None:
            raise UnknownError("this webhook has no such delivery, or no longer")
        return found

    def test(self, endpoint: str, tenant: str | None) -> Delivery:
        """Queue a message of kind `test`, which no filter holds back."""
        found, now_ns = self._enabled(endpoint, tenant), self._clock.now_ns()
        number = self.endpoints.count_test(found.id)
        said = {"receive_time": time_text(now_ns), "message": "This is a test of a webhook of Barograph."}
        event = Event(TEST_STREAM, number, 0, TEST, now_ns, said)
        made = delivery_of(event, found.id, body(event), now_ns)
        self.outbox.put(made)
        return made

    def replay_one(self, endpoint: str, webhook_id: str, tenant: str | None) -> int:
        """Send one delivery again, whatever became of it; with its own id and body, as all that is replayed."""
        self.delivery(endpoint, webhook_id, tenant)
        found = self._enabled(endpoint, tenant)
        return self.outbox.replay(found.id, self._clock.now_ns(), "webhook_id = ?", (webhook_id,), 1)

    def replay_between(self, endpoint: str, since_ns: int, until_ns: int, tenant: str | None) -> int:
        """Send again what was known from one time up to another, delivered or dead; up to REPLAYED of them."""
        found = self._enabled(endpoint, tenant)
        if until_ns <= since_ns:
            raise WebhookError("the time to replay ends before it begins")
        condition = "state <> 'pending' and receive_ns >= ? and receive_ns < ?"
        return self.outbox.replay(found.id, self._clock.now_ns(), condition, (since_ns, until_ns), REPLAYED)

    def replay_dead(self, endpoint: str, tenant: str | None) -> int:
        """Send all dead letters again, up to REPLAYED of them."""
        found = self._enabled(endpoint, tenant)
        return self.outbox.replay(found.id, self._clock.now_ns(), "state = 'dead'", (), REPLAYED)

    def replay_missed(self, endpoint: str, tenant: str | None) -> int:
        """Queue what was missed, as far as the broadcast journal still holds it and there is room; how many were."""
        found, queued = self._enabled(endpoint, tenant), 0
        broadcast = Broadcast(self._data)
        try:
            span = broadcast.span()
            for number, note in self.outbox.missed(found.id):
                if note.stream == span.stream and note.last_sequence >= span.oldest and queued < REPLAYED:
                    again, done, left = self._again(broadcast, found, note, max(note.first_sequence, span.oldest))
                    shorten(self._database, number, done, again, left)
                    queued += again
        finally:
            broadcast.close()
        return queued

    def _again(self, broadcast: Broadcast, endpoint: Endpoint, note: Missed, first: int) -> tuple[int, int, list[Left]]:
        """Queue what a note tells of from a sequence on; how many events were, up to which sequence all are that can
        be, and what cannot: it is no longer kept, was destroyed, or is too large.
        """
        queued, done = 0, first - 1
        destroyed: list[int] = []
        large: list[int] = []
        while done < note.last_sequence and queued < REPLAYED:
            read = broadcast.read(done, limit=ROWS, stream=note.stream)
            if not read:
                break
            rows = [row for row in read if row.sequence <= note.last_sequence]
            events = [event for row in rows for event in events_of(note.stream, row)]
            again = self.outbox.take_again(events, endpoint, self._clock.now_ns())
            queued += again.queued
            done = min(read[-1].sequence, note.last_sequence) if again.refused is None else again.refused.sequence - 1
            destroyed += [row.sequence for row in rows if not row.frames and row.sequence <= done]
            large += [event.sequence for event in again.too_large if event.sequence <= done]
            if again.refused is not None:
                break
        left = [Left(note.reason, note.first_sequence, first - 1, 0)] if first > note.first_sequence else []
        left += [Left(DESTROYED, destroyed[0], destroyed[-1], 0)] if destroyed else []
        left += [Left(TOO_LARGE, large[0], large[-1], len(large))] if large else []
        return queued, done, left

    def standing(self, endpoint: Endpoint) -> Standing:
        """How its deliveries stand."""
        return standing(self._database, endpoint.id, self._clock.now_ns())

    def _enabled(self, endpoint: str, tenant: str | None) -> Endpoint:
        found = self.endpoints.get(endpoint, tenant)
        if found.state == DISABLED:
            raise ConflictError(f"this webhook is disabled ({found.reason}); enable it first")
        return found
