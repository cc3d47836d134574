"""How the deliveries stand, in numbers: for metrics, alarms and the command line."""

from typing import NamedTuple

from market.clock import SECOND_NS
from sinks.webhook.database import Database, asked, asked_number

_MISSED = "select sum(max(events, 1)) from missed"  # 0 events: nobody knows how many, and then it was one at least


class Counts(NamedTuple):
    """Of all endpoints together."""

    pending: int
    dead: int
    oldest_pending_s: float  # since the oldest was queued; 0 where none is pending
    missed: int  # events, at least, that are noted as missed and were not queued since
    endpoints: int
    disabled: int


def counts(database: Database, now_ns: int) -> Counts:
    """The numbers as they are now."""
    ((pending, oldest_ns),) = asked(database, "select count(*), min(queued_ns) from deliveries where state = 'pending'")
    dead = asked_number(database, "select count(*) from deliveries where state = 'dead'")
    missed = asked_number(database, _MISSED)
    ((endpoints, disabled),) = asked(
        database, "select count(*), count(*) filter (where state = 'disabled') from endpoints"
    )
    waited_s = max(now_ns - oldest_ns, 0) / SECOND_NS if oldest_ns is not None else 0.0
    return Counts(int(pending), dead, waited_s, missed, int(endpoints), int(disabled))


class Standing(NamedTuple):
    """How one endpoint stands."""

    pending: int
    delivered: int  # and still kept
    dead: int
    missed: int  # events, at least
    oldest_pending_s: float


def standing(database: Database, endpoint: str, now_ns: int) -> Standing:
    """The numbers of an endpoint as they are now."""
    states = "select state, count(*), min(queued_ns) from deliveries where endpoint = ? group by state"
    found = {state: (number, oldest) for state, number, oldest in asked(database, states, (endpoint,))}
    missed = asked_number(database, f"{_MISSED} where endpoint = ?", (endpoint,))
    pending, oldest_ns = found.get("pending", (0, now_ns))
    dead, delivered = found.get("dead", (0, 0))[0], found.get("delivered", (0, 0))[0]
    waited_s = max(now_ns - oldest_ns, 0) / SECOND_NS
    return Standing(pending, delivered, dead, missed, waited_s)
