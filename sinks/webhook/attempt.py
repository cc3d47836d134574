"""What an attempt led to: the answer judged, and written down beside the delivery. Rows of the log are made here."""

from typing import NamedTuple

from market.clock import SECOND_NS
from sinks.webhook.database import Database
from sinks.webhook.limits import ERROR_CHARACTERS
from sinks.webhook.schedule import DELAYS_S, next_due_ns, retry_after_s

DELIVERED, FAILED, DEAD, MISSED = "delivered", "failed", "dead", "missed"
GONE = 410
GONE_REASON = "the receiver answered 410 Gone"
DISABLE_AFTER_NS = sum(DELAYS_S) * SECOND_NS  # without one success, when a delivery is given up
FAILING_REASON = "nothing was delivered for three days"


class Delivery(NamedTuple):
    """One event for one endpoint."""

    webhook_id: str
    endpoint: str
    kind: str
    venue: str
    instrument: str
    timeframe: str
    stream: str
    sequence: int
    position: int
    receive_ns: int
    payload: bytes
    state: str  # pending, delivered, dead
    attempts: int  # made so far
    base: int  # of them before it was last queued
    queued_ns: int
    due_ns: int
    ended_ns: int | None


class Attempt(NamedTuple):
    """One row of the log, as it stands in the database and goes to the store."""

    number: int
    tenant: str
    endpoint: str
    webhook_id: str
    kind: str
    venue: str
    instrument: str
    timeframe: str
    stream: str
    sequence: int
    position: int
    receive_ns: int
    attempt: int  # 1, 2, …; 0 of what was missed
    started_ns: int
    duration_ns: int
    status_code: int  # 0: no answer
    error: str
    state: str  # delivered, failed (and tried again), dead, missed
    next_ns: int | None  # when it is tried again


class Tried(NamedTuple):
    """One attempt as it ended."""

    webhook_id: str
    endpoint: str
    failed_before: int  # attempts since it was last queued
    started_ns: int
    duration_ns: int
    status_code: int = 0
    retry_after: str = ""
    error: str = ""  # why there was no answer
    is_last: bool = False  # give up, whatever the schedule says


class Outcome(NamedTuple):
    """What follows from it."""

    tried: Tried
    state: str
    error: str
    next_ns: int | None
    waits_s: float  # what the receiver asked for


def outcome_of(tried: Tried) -> Outcome:
    """Judge an attempt: 2xx is delivered, all else has failed; 410 and the last failure are the end of it."""
    ended_ns = tried.started_ns + tried.duration_ns
    if 200 <= tried.status_code < 300:
        return Outcome(tried, DELIVERED, "", None, 0.0)
    error = tried.error or f"answered {tried.status_code}"
    waits_s = retry_after_s(tried.retry_after, ended_ns)
    next_ns = next_due_ns(tried.webhook_id, tried.failed_before + 1, ended_ns, waits_s)
    if next_ns is None or tried.is_last or tried.status_code == GONE:
        return Outcome(tried, DEAD, error, None, waits_s)
    return Outcome(tried, FAILED, error, next_ns, waits_s)


def written(database: Database, outcome: Outcome) -> None:
    """Write one outcome, within a transaction of the caller's; nothing where the endpoint was removed meanwhile."""
    tried, ended_ns = outcome.tried, outcome.tried.started_ns + outcome.tried.duration_ns
    state = "pending" if outcome.state == FAILED else outcome.state
    found = database.execute(
        "update deliveries set attempts = attempts + 1, state = ?, due_ns = coalesce(?, due_ns), ended_ns = ?"
        " where webhook_id = ? and endpoint = ? returning attempts",
        (state, outcome.next_ns, None if state == "pending" else ended_ns, tried.webhook_id, tried.endpoint),
    ).fetchone()
    if found is None:
        return
    log(database, outcome, attempt=int(found[0]))
    if outcome.state == DELIVERED:
        database.execute("update endpoints set succeeded_ns = ? where id = ?", (ended_ns, tried.endpoint))
    elif tried.status_code == GONE:
        _disable(database, tried.endpoint, GONE_REASON, ended_ns)
    elif outcome.state == DEAD:
        _disable(database, tried.endpoint, FAILING_REASON, ended_ns - DISABLE_AFTER_NS)


def log(database: Database, outcome: Outcome, *, attempt: int) -> None:
    """Add a row to the log of attempts."""
    tried = outcome.tried
    database.execute(
        "insert into attempts (tenant, endpoint, webhook_id, kind, venue, instrument, timeframe, stream, sequence,"
        " position, receive_ns, attempt, started_ns, duration_ns, status_code, error, state, next_ns)"
        " select e.tenant, e.id, d.webhook_id, d.kind, d.venue, d.instrument, d.timeframe, d.stream, d.sequence,"
        " d.position, d.receive_ns, ?, ?, ?, ?, ?, ?, ?"
        " from deliveries d join endpoints e on e.id = d.endpoint where d.webhook_id = ?",
        (
            *(attempt, tried.started_ns, tried.duration_ns, tried.status_code),
            *(outcome.error[:ERROR_CHARACTERS], outcome.state, outcome.next_ns, tried.webhook_id),
        ),
    )


def log_missed(database: Database, delivery: Delivery, tenant: str, reason: str, now_ns: int) -> None:
    """Add a row that says from which event on an endpoint misses what it should hear, and why."""
    database.execute(
        "insert into attempts (tenant, endpoint, webhook_id, kind, venue, instrument, timeframe, stream, sequence,"
        " position, receive_ns, attempt, started_ns, duration_ns, status_code, error, state, next_ns)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, ?, ?, null)",
        (
            *(tenant, delivery.endpoint, delivery.webhook_id, delivery.kind, delivery.venue, delivery.instrument),
            *(delivery.timeframe, delivery.stream, delivery.sequence, delivery.position, delivery.receive_ns),
            *(now_ns, reason[:ERROR_CHARACTERS], MISSED),
        ),
    )


def _disable(database: Database, endpoint: str, reason: str, quiet_since_ns: int) -> None:
    """Disable an endpoint that was neither enabled nor successful since then."""
    database.execute(
        "update endpoints set state = 'disabled', reason = ?"
        " where id = ? and state = 'enabled' and max(enabled_ns, succeeded_ns) <= ?",
        (reason, endpoint, quiet_since_ns),
    )
