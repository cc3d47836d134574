"""Tickets: how a browser opens a WebSocket, to which it can add no header. One use, within seconds."""

import secrets

from gateway.caller import Caller
from gateway.limits import TICKET_S, TICKETS
from market.clock import SECOND_NS, Clock


class Tickets:
    """Callers by ticket, in memory alone.

    >>> from gateway.caller import OPEN
    >>> from market.clock import ManualClock
    >>> tickets = Tickets(ManualClock())
    >>> ticket = tickets.give(OPEN)
    >>> tickets.take(ticket) == OPEN, tickets.take(ticket), tickets.take("")
    (True, None, None)
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._given: dict[str, tuple[Caller, int]] = {}

    def give(self, caller: Caller) -> str:
        """A ticket for a caller; the oldest goes where there are too many."""
        now_ns = self._clock.monotonic_ns()
        while self._given and (len(self._given) >= TICKETS or self._first_until() <= now_ns):
            del self._given[next(iter(self._given))]
        ticket = secrets.token_urlsafe(32)
        self._given[ticket] = (caller, now_ns + TICKET_S * SECOND_NS)
        return ticket

    def take(self, ticket: str) -> Caller | None:
        """Who was given it; None where nobody was, it was used, or it is too old."""
        caller, until_ns = self._given.pop(ticket, (None, 0))
        return caller if self._clock.monotonic_ns() < until_ns else None

    def _first_until(self) -> int:
        return next(iter(self._given.values()))[1]
