"""`Outbox`: deliveries from the moment an event is read until they are delivered or dead.

The deliveries of journal rows and the cursor behind them are one transaction, and the ids are functions of the event's
place: a crash anywhere loses none and doubles none. What cannot be queued is never dropped in silence: a note of what
an endpoint missed, and why, takes its place, and `replay` can still queue it while the journal keeps it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from market.clock import SECOND_NS
from sinks.webhook.attempt import Attempt, Delivery, Outcome, log_missed, written
from sinks.webhook.database import Database, asked, asked_number, asked_one, database_bytes, transaction
from sinks.webhook.endpoints import ENABLED, Endpoint
from sinks.webhook.filters import passes
from sinks.webhook.limits import LIFETIME_S, LISTED, MISSED_NOTES, PAYLOAD_BYTES, PENDING_PER_ENDPOINT, PRUNED
from sinks.webhook.payload import Event, body, webhook_id

PENDING, DELIVERED, DEAD = "pending", "delivered", "dead"
FULL, TOO_MANY, TOO_LARGE = "the database is full", "too many are pending", "too large"
NOT_KEPT, DESTROYED = "no longer kept by the broadcast journal", "destroyed in the broadcast journal"
_COLUMNS = (
    "webhook_id, endpoint, kind, venue, instrument, timeframe, stream, sequence, position, receive_ns, payload, state,"
    " attempts, base, queued_ns, due_ns, ended_ns"
)


class Cursor(NamedTuple):
    """How far the broadcast journal was read."""

    stream: str
    sequence: int


class Missed(NamedTuple):
    """Events that an endpoint was to hear of and that were not queued."""

    endpoint: str
    reason: str
    stream: str
    first_sequence: int
    last_sequence: int
    events: int
    first_ns: int
    last_ns: int


class Again(NamedTuple):
    """What became of events that were to be queued again."""

    queued: int
    too_large: list[Event]
    refused: Event | None  # the first that there was no room for; what follows it was not looked at


class Outbox:
    """The deliveries in one database; `database_limit`: bytes beyond which nothing new is queued."""

    def __init__(self, database: Database, *, database_limit: int) -> None:
        self._database, self._limit = database, database_limit

    def cursor(self) -> Cursor | None:
        """Where reading goes on; None where it has not begun."""
        row = asked_one(self._database, "select stream, sequence from cursors order by moved_ns desc limit 1")
        return None if row is None else Cursor(*row)

    def take(self, events: Iterable[Event], cursor: Cursor, endpoints: Sequence[Endpoint], now_ns: int) -> int:
        """Queue the events for all who want them, and move the cursor, in one transaction; how many are queued."""
        with transaction(self._database):
            room = self._room(endpoints)
            queued = sum(self._queue(event, endpoint, room, now_ns) for event in events for endpoint in endpoints)
            self._move(cursor, now_ns)
        return queued

    def take_again(self, events: Sequence[Event], endpoint: Endpoint, now_ns: int) -> Again:
        """Queue events that an endpoint missed. What cannot be is noted already, and not noted here."""
        queued = 0
        too_large: list[Event] = []
        with transaction(self._database):
            room = self._room([endpoint])
            for event in events:
                if room[endpoint.id] <= 0:
                    return Again(queued, too_large, event)
                if not _is_wanted(event, endpoint):
                    continue
                payload = body(event)
                if len(payload) > PAYLOAD_BYTES:
                    too_large.append(event)
                else:
                    queued += self._put(event, endpoint, payload, room, now_ns)
        return Again(queued, too_large, None)

    def miss_all(
        self, endpoints: Iterable[Endpoint], reason: str, cursor: Cursor, first: int, last: int, now_ns: int
    ) -> None:
        """Note for all that rows of the journal could not be read, and move the cursor."""
        with transaction(self._database):
            for endpoint in endpoints:
                self._miss(endpoint, reason, Event(cursor.stream, first, 0, "", now_ns, {}), last, 0, now_ns)
            self._move(cursor, now_ns)

    def put(self, delivery: Delivery) -> None:
        """Queue one delivery that comes from no event, such as a test."""
        with transaction(self._database):
            self._insert(delivery)

    def due(self, endpoint: str, now_ns: int, limit: int, leave_out: Sequence[str] = ()) -> list[Delivery]:
        """What is to be sent to an endpoint now, what has waited longest first."""
        rows = asked(
            self._database,
            f"select {_COLUMNS} from deliveries where endpoint = ? and state = 'pending' and due_ns <= ?"
            f" and webhook_id not in ({_marks(leave_out)}) order by due_ns, sequence, position limit ?",
            (endpoint, now_ns, *leave_out, limit),
        )
        return [Delivery(*row) for row in rows]

    def next_due_ns(self, endpoint: str) -> int | None:
        """When something is next to be sent to an endpoint."""
        first = "select min(due_ns) from deliveries where endpoint = ? and state = 'pending'"
        ((found,),) = asked(self._database, first, (endpoint,))
        return None if found is None else int(found)

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Write down what became of attempts, and what is to follow, in one transaction."""
        with transaction(self._database):
            for outcome in outcomes:
                written(self._database, outcome)

    def get(self, webhook_id: str, endpoint: str) -> Delivery | None:
        """One delivery of an endpoint."""
        one = f"select {_COLUMNS} from deliveries where webhook_id = ? and endpoint = ?"
        row = asked_one(self._database, one, (webhook_id, endpoint))
        return None if row is None else Delivery(*row)

    def deliveries(
        self, endpoint: str, *, state: str = "", limit: int = LISTED, hidden: Sequence[str] = ()
    ) -> list[Delivery]:
        """Of an endpoint, newest first; none of the `hidden` kinds."""
        rows = asked(
            self._database,
            f"select {_COLUMNS} from deliveries where endpoint = ? and (? = '' or state = ?)"
            f" and kind not in ({_marks(hidden)}) order by receive_ns desc, sequence desc limit ?",
            (endpoint, state, state, *hidden, limit),
        )
        return [Delivery(*row) for row in rows]

    def attempts(
        self, endpoint: str, *, webhook_id: str = "", limit: int = LISTED, hidden: Sequence[str] = ()
    ) -> list[Attempt]:
        """Of an endpoint or of one delivery of it, newest first; none of the `hidden` kinds."""
        rows = asked(
            self._database,
            "select number, tenant, endpoint, webhook_id, kind, venue, instrument, timeframe, stream, sequence,"
            " position, receive_ns, attempt, started_ns, duration_ns, status_code, error, state, next_ns from attempts"
            f" where endpoint = ? and (? = '' or webhook_id = ?) and kind not in ({_marks(hidden)})"
            " order by number desc limit ?",
            (endpoint, webhook_id, webhook_id, *hidden, limit),
        )
        return [Attempt(*row) for row in rows]

    def missed(self, endpoint: str) -> list[tuple[int, Missed]]:
        """What an endpoint missed, oldest first, by number of the note."""
        rows = asked(
            self._database,
            "select number, endpoint, reason, stream, first_sequence, last_sequence, events, first_ns, last_ns"
            " from missed where endpoint = ? order by number",
            (endpoint,),
        )
        return [(number, Missed(*rest)) for number, *rest in rows]

    def replay(self, endpoint: str, now_ns: int, condition: str, values: Sequence[object], limit: int) -> int:
        """Queue deliveries of an endpoint again, as if new but with the same ids; how many.

        `condition`: SQL of ours, never a user's word; `values`: what it binds.
        """
        with transaction(self._database):
            return self._database.execute(
                "update deliveries set state = 'pending', base = attempts, queued_ns = ?, due_ns = ?, ended_ns = null"
                f" where rowid in (select rowid from deliveries where endpoint = ? and {condition}"
                " order by receive_ns, sequence, position limit ?)",
                (now_ns, now_ns, endpoint, *values, limit),
            ).rowcount

    def prune(self, *, delivered_before_ns: int, dead_before_ns: int, shipped: int) -> int:
        """Forget what is old enough, PRUNED rows at a time; attempts only once they are in the store; notes of what was
        missed as dead deliveries. How many deliveries went.
        """
        with transaction(self._database):
            found = "select rowid from deliveries where state = ? and ended_ns < ? limit ?"
            ended = f"delete from deliveries where rowid in ({found})"
            gone = self._database.execute(ended, (DELIVERED, delivered_before_ns, PRUNED)).rowcount
            gone += self._database.execute(ended, (DEAD, dead_before_ns, PRUNED)).rowcount
            found = "select number from attempts where number <= ? and started_ns < ? order by number limit ?"
            old = f"delete from attempts where number in ({found})"
            self._database.execute(old, (shipped, dead_before_ns, PRUNED))
            self._database.execute("delete from missed where last_ns < ?", (dead_before_ns,))
        return gone

    def overdue(self, now_ns: int, limit: int = 100) -> list[Delivery]:
        """Pending deliveries that have waited for longer than a delivery may."""
        rows = asked(
            self._database,
            f"select {_COLUMNS} from deliveries where state = 'pending' and queued_ns < ? limit ?",
            (now_ns - LIFETIME_S * SECOND_NS, limit),
        )
        return [Delivery(*row) for row in rows]

    def _queue(self, event: Event, endpoint: Endpoint, room: dict[str, int], now_ns: int) -> int:
        if not _is_wanted(event, endpoint):
            return 0
        payload = body(event)
        why = _refusal(endpoint, payload, room)
        if why:
            self._miss(endpoint, why, event, event.sequence, 1, now_ns)
            return 0
        return self._put(event, endpoint, payload, room, now_ns)

    def _put(self, event: Event, endpoint: Endpoint, payload: bytes, room: dict[str, int], now_ns: int) -> int:
        queued = self._insert(delivery_of(event, endpoint.id, payload, now_ns))
        room[endpoint.id] -= queued
        return queued

    def _room(self, endpoints: Sequence[Endpoint]) -> dict[str, int]:
        """How many deliveries may still be queued for each; negative: none, as the database is full."""
        if database_bytes(self._database) >= self._limit:
            return dict.fromkeys((endpoint.id for endpoint in endpoints), -1)
        count = "select count(*) from deliveries where endpoint = ? and state = 'pending'"
        pending = {one.id: asked_number(self._database, count, (one.id,)) for one in endpoints}
        return {endpoint: max(PENDING_PER_ENDPOINT - count, 0) for endpoint, count in pending.items()}

    def _insert(self, delivery: Delivery) -> int:
        statement = f"insert or ignore into deliveries ({_COLUMNS}) values ({_marks(delivery)})"
        return self._database.execute(statement, delivery).rowcount

    def _move(self, cursor: Cursor, now_ns: int) -> None:
        self._database.execute("delete from cursors where stream <> ?", (cursor.stream,))
        self._database.execute("insert or replace into cursors values (?, ?, ?)", (*cursor, now_ns))

    def _miss(self, endpoint: Endpoint, reason: str, first: Event, last: int, events: int, now_ns: int) -> None:
        """Lengthen the newest note of an endpoint where it says the same, or begin another, which the log tells."""
        newest = "select max(number) from missed where endpoint = ?"
        longer = self._database.execute(
            "update missed set last_sequence = ?, events = events + ?, last_ns = ?"
            f" where number = ({newest}) and reason = ? and stream = ?",
            (last, events, now_ns, endpoint.id, reason, first.stream),
        ).rowcount
        if longer:
            return
        self._database.execute(
            "insert into missed (endpoint, reason, stream, first_sequence, last_sequence, events, first_ns, last_ns)"
            " values (?,?,?,?,?,?,?,?)",
            (endpoint.id, reason, first.stream, first.sequence, last, events, now_ns, now_ns),
        )
        log_missed(self._database, delivery_of(first, endpoint.id, b"", now_ns), endpoint.tenant, reason, now_ns)
        kept = "select number from missed where endpoint = ? order by number desc limit -1 offset ?"
        self._database.execute(f"delete from missed where number in ({kept})", (endpoint.id, MISSED_NOTES))


def _is_wanted(event: Event, endpoint: Endpoint) -> bool:
    """Whether an endpoint is to hear of an event: it came after the endpoint did, and passes its filters."""
    is_older = event.stream == endpoint.stream and event.sequence <= endpoint.since
    return not is_older and passes(endpoint.filters, endpoint.tenant, event.kind, event.columns)


def _marks(values: Sequence[object]) -> str:
    """A question mark for each."""
    return ",".join("?" * len(values))


def _refusal(endpoint: Endpoint, payload: bytes, room: dict[str, int]) -> str:
    """Why a delivery cannot be queued; empty where it can."""
    if endpoint.state != ENABLED:
        return f"disabled: {endpoint.reason}"
    if len(payload) > PAYLOAD_BYTES:
        return TOO_LARGE
    left = room[endpoint.id]
    return FULL if left < 0 else TOO_MANY if left == 0 else ""


def delivery_of(event: Event, endpoint: str, payload: bytes, now_ns: int) -> Delivery:
    """A new delivery, due at once."""
    named = {name: str(event.columns.get(name) or "") for name in ("venue", "instrument", "timeframe")}
    return Delivery(
        webhook_id=webhook_id(event, endpoint),
        endpoint=endpoint,
        kind=event.kind,
        **named,
        stream=event.stream,
        sequence=event.sequence,
        position=event.position,
        receive_ns=event.receive_ns,
        payload=payload,
        state=PENDING,
        attempts=0,
        base=0,
        queued_ns=now_ns,
        due_ns=now_ns,
        ended_ns=None,
    )
