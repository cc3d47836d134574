"""How the deliveries stand, in numbers: for metrics, alarms and the command line."""

from typing import NamedTuple

from market.clock import SECOND_NS
from sinks.webhook.database import Database


class Counts(NamedTuple):
    """Of all endpoints together."""

    pending: int
    dead: int
    oldest_pending_s: float  # since the oldest was queued; 0 where none is pending
    missed: int  # events that are noted as missed and were not queued since
    endpoints: int
    disabled: int


def counts(database: Database, now_ns: int) -> Counts:
    """The numbers as they are now."""
    pending, oldest_ns = database.execute(
        "select count(*), min(queued_ns) from deliveries where state = 'pending'"
    ).fetchone()
    dead = database.execute("select count(*) from deliveries where state = 'dead'").fetchone()[0]
    missed = database.execute("select coalesce(sum(events), 0) from missed").fetchone()[0]
    endpoints, disabled = database.execute(
        "select count(*), count(*) filter (where state = 'disabled') from endpoints"
    ).fetchone()
    waited_s = max(now_ns - oldest_ns, 0) / SECOND_NS if oldest_ns is not None else 0.0
    return Counts(int(pending), int(dead), waited_s, int(missed), int(endpoints), int(disabled))


class Standing(NamedTuple):
    """How one endpoint stands."""

    pending: int
    delivered: int  # and still kept
    dead: int
    missed: int
    oldest_pending_s: float


def standing(database: Database, endpoint: str, now_ns: int) -> Standing:
    """The numbers of an endpoint as they are now."""
    asked = "select state, count(*), min(queued_ns) from deliveries where endpoint = ? group by state"
    found = {state: (number, oldest) for state, number, oldest in database.execute(asked, (endpoint,))}
    missed = database.execute("select coalesce(sum(events), 0) from missed where endpoint = ?", (endpoint,))
    pending, oldest_ns = found.get("pending", (0, now_ns))
    dead, delivered = found.get("dead", (0, 0))[0], found.get("delivered", (0, 0))[0]
    waited_s = max(now_ns - oldest_ns, 0) / SECOND_NS
    return Standing(pending, delivered, dead, int(missed.fetchone()[0]), waited_s)
