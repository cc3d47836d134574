"""What is told of webhooks, by the API and by the command line: never a secret, but where one is made."""

from dataclasses import dataclass

from gateway.rows import Time, time_text
from market.clock import MILLISECOND_NS
from sinks.webhook.attempt import Attempt, Delivery
from sinks.webhook.desk import Desk
from sinks.webhook.endpoints import Endpoint
from sinks.webhook.outbox import Missed


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One receiver, what it wants (empty: all), and how its deliveries stand."""

    id: str
    tenant: str
    url: str
    kinds: list[str]
    venues: list[str]
    instruments: list[str]
    timeframes: list[str]
    min_confidence: float
    state: str  # enabled, disabled
    reason: str  # why it is disabled
    created: Time
    pending: int
    delivered: int  # and still kept
    dead: int
    missed: int  # events that were not queued
    oldest_pending_s: float


@dataclass(frozen=True, kw_only=True)
class NewWebhook(Webhook):
    """The same with its secret, which is shown only now."""

    secret: str


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret, which is shown only now."""

    id: str
    secret: str


@dataclass(frozen=True, kw_only=True)
class WebhookDelivery:
    """One event for one webhook."""

    webhook_id: str
    kind: str
    venue: str
    instrument: str
    timeframe: str
    stream: str
    sequence: int
    index: int
    receive_time: Time
    state: str  # pending, delivered, dead
    attempts: int
    next_attempt: Time | None


@dataclass(frozen=True, kw_only=True)
class WebhookAttempt:
    """One attempt, or the note that an event was not queued (state missed, attempt 0)."""

    time: Time
    webhook_id: str
    kind: str
    sequence: int
    attempt: int
    state: str  # delivered, failed, dead, missed
    status_code: int  # 0: no answer
    duration_ms: float
    error: str
    next_attempt: Time | None


@dataclass(frozen=True, kw_only=True)
class WebhookMissed:
    """Events that were not queued, and why."""

    reason: str
    stream: str
    first_sequence: int
    last_sequence: int
    events: int  # 0: nobody knows
    first: Time
    last: Time


@dataclass(frozen=True, kw_only=True)
class Queued:
    """How many deliveries were queued again."""

    queued: int


def webhook_row(at: Desk, endpoint: Endpoint) -> Webhook:
    """An endpoint as it is told."""
    filters, standing = endpoint.filters, at.standing(endpoint)
    return Webhook(
        id=endpoint.id,
        tenant=endpoint.tenant,
        url=endpoint.url,
        kinds=list(filters.kinds),
        venues=list(filters.venues),
        instruments=list(filters.instruments),
        timeframes=list(filters.timeframes),
        min_confidence=filters.min_confidence,
        state=endpoint.state,
        reason=endpoint.reason,
        created=time_text(endpoint.created_ns),
        **standing._asdict(),
    )


def delivery_row(delivery: Delivery) -> WebhookDelivery:
    """A delivery as it is told."""
    return WebhookDelivery(
        webhook_id=delivery.webhook_id,
        kind=delivery.kind,
        venue=delivery.venue,
        instrument=delivery.instrument,
        timeframe=delivery.timeframe,
        stream=delivery.stream,
        sequence=delivery.sequence,
        index=delivery.position,
        receive_time=time_text(delivery.receive_ns),
        state=delivery.state,
        attempts=delivery.attempts,
        next_attempt=time_text(delivery.due_ns) if delivery.state == "pending" else None,
    )


def attempt_row(attempt: Attempt) -> WebhookAttempt:
    """An attempt as it is told."""
    return WebhookAttempt(
        time=time_text(attempt.started_ns),
        webhook_id=attempt.webhook_id,
        kind=attempt.kind,
        sequence=attempt.sequence,
        attempt=attempt.attempt,
        state=attempt.state,
        status_code=attempt.status_code,
        duration_ms=attempt.duration_ns / MILLISECOND_NS,
        error=attempt.error,
        next_attempt=None if attempt.next_ns is None else time_text(attempt.next_ns),
    )


def missed_row(note: Missed) -> WebhookMissed:
    """A note of what was missed as it is told."""
    return WebhookMissed(
        reason=note.reason,
        stream=note.stream,
        first_sequence=note.first_sequence,
        last_sequence=note.last_sequence,
        events=note.events,
        first=time_text(note.first_ns),
        last=time_text(note.last_ns),
    )
