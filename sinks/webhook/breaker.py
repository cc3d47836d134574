"""`Breaker`: how hard an endpoint may be tried, by how it did lately.

Five failures in a row pause an endpoint for 5 s, and each further one twice as long, up to five minutes; between the
pauses one attempt at a time is made. One success forgets it all. What is due meanwhile waits, and loses no attempt.
A receiver that asks for patience (429, 502, 503, 504 with Retry-After) gets it for the whole endpoint.
"""

from dataclasses import dataclass

from market.clock import SECOND_NS
from sinks.webhook.attempt import DELIVERED, Outcome
from sinks.webhook.limits import CONCURRENT_PER_ENDPOINT, PAUSE_S

PATIENT = (429, 502, 503, 504)
TOLERATED = 5
FIRST_PAUSE_S = 5.0
MAX_DOUBLINGS = 16


@dataclass
class Breaker:
    """Of one endpoint; monotonic time."""

    failures: int = 0  # in a row
    paused_until_ns: int = 0

    def room(self, in_flight: int, now_ns: int) -> int:
        """How many attempts may begin now."""
        if now_ns < self.paused_until_ns:
            return 0
        return max((1 if self.failures >= TOLERATED else CONCURRENT_PER_ENDPOINT) - in_flight, 0)

    def learn(self, outcome: Outcome, now_ns: int) -> None:
        """What an attempt led to."""
        if outcome.state == DELIVERED:
            self.failures, self.paused_until_ns = 0, 0
            return
        self.failures += 1
        pause_s = outcome.waits_s if outcome.tried.status_code in PATIENT else 0.0
        if (beyond := self.failures - TOLERATED) >= 0:
            pause_s = max(pause_s, FIRST_PAUSE_S * 2 ** min(beyond, MAX_DOUBLINGS))
        self.paused_until_ns = max(self.paused_until_ns, now_ns + round(min(pause_s, PAUSE_S) * SECOND_NS))
