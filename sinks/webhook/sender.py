"""`Sender`: takes what is due, sends it, and writes down what became of it; many endpoints at once, none for another.

An attempt that was made and not yet written down is made again after a crash, with the same id: at least once, never
lost. Every endpoint has a first place of its own and up to three more from a shared number, so that receivers that hang
take nothing from the others. The order of an endpoint's deliveries is that of the stream when first tried, but neither
kept among attempts at the same time nor over failures: who needs it sorts by `sequence` and `index`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from market import metric_table
from market.clock import SECOND_NS, Clock
from market.metrics import Metrics
from market.trace import Trace, untraced
from sinks.webhook.address import Target, parsed
from sinks.webhook.attempt import Delivery, Outcome, Tried, outcome_of
from sinks.webhook.breaker import Breaker
from sinks.webhook.egress import Answer
from sinks.webhook.endpoints import ENABLED, Endpoint, Endpoints
from sinks.webhook.errors import DeliveryError, RefusedError, WebhookError
from sinks.webhook.limits import CONCURRENT_SHARED
from sinks.webhook.outbox import Outbox
from sinks.webhook.signing import headers

log = logging.getLogger("barograph.webhook")

POLL_S = 0.25  # how soon it is seen what another process queued, or that a pause is over
TROUBLED_S = 1.0  # before the database is asked again that refused
LATE_EVERY_NS = 60 * SECOND_NS
TOO_LATE = "it waited for four days, while the webhook was disabled or failed"

Post = Callable[[Target, Mapping[str, str], bytes], Awaitable[Answer]]
Result = TypeVar("Result")
Ask = Callable[[Callable[[], Result]], Awaitable[Result]]  # has the database asked, by the one thread that may


class Job(NamedTuple):
    """One attempt to be made."""

    delivery: Delivery
    url: str
    secrets: Sequence[bytes]


async def here(ask: Callable[[], Result]) -> Result:
    """Ask the database in this very thread; for tests and for one delivery."""
    return ask()


class Sender:
    """Sends the deliveries of one database; `ask` as in `Ask`, whose thread alone uses the database."""

    def __init__(
        self,
        outbox: Outbox,
        endpoints: Endpoints,
        *,
        post: Post,
        clock: Clock,
        ask: Ask = here,  # type: ignore[type-arg]
        metrics: Metrics | None = None,
        trace: Trace = untraced,
    ) -> None:
        self._outbox, self._endpoints, self._post, self._clock, self._ask = outbox, endpoints, post, clock, ask
        self._metrics, self._trace = metrics or Metrics(), trace
        self._seconds = self._metrics.histogram(metric_table.WEBHOOK_SECONDS)
        self._counts = {
            name: self._metrics.counter(metric_table.WEBHOOK_ATTEMPTS, name)
            for name in ("delivered", "failed", "refused", "dead")
        }
        self._given_up = self._metrics.counter(metric_table.WEBHOOK_ATTEMPTS, "dead")  # by the database's thread
        self._breakers: dict[str, Breaker] = {}
        self._flying: dict[str, asyncio.Task[Outcome]] = {}  # by webhook id
        self._of: dict[str, str] = {}  # endpoint of each that flies
        self._turns = 0
        self._late_ns = 0
        self.changed = asyncio.Event()  # set it where something new may be due

    async def run(self, stopped: Callable[[], bool]) -> None:
        """Send until stopped; attempts under way are then given up, and made again at the next start."""
        try:
            while not stopped():
                self.changed.clear()
                try:
                    await self.turn()
                    wait_s = POLL_S
                except WebhookError as error:
                    log.warning("deliveries wait: %s", error)
                    wait_s = TROUBLED_S
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), wait_s)
        finally:
            await self._end()

    async def turn(self) -> None:
        """Write down what has ended, and begin what is due."""
        ended = [task.result() for task in self._flying.values() if task.done()]
        jobs: list[Job] = await self._ask(lambda: self._written_and_due(ended))
        for outcome in ended:
            self._flying.pop(outcome.tried.webhook_id, None)
            self._of.pop(outcome.tried.webhook_id, None)
        for job in jobs:
            task = asyncio.create_task(self.attempt(job))
            task.add_done_callback(lambda _: self.changed.set())
            self._flying[job.delivery.webhook_id] = task
            self._of[job.delivery.webhook_id] = job.delivery.endpoint

    async def attempt(self, job: Job) -> Outcome:
        """Make one attempt; never raises but for cancellation."""
        delivery = job.delivery
        started_ns, began_ns = self._clock.now_ns(), self._clock.monotonic_ns()
        answer, error, kind = Answer(0, ""), "", ""
        with self._trace("webhook attempt", kind=delivery.kind, attempt=delivery.attempts + 1):
            try:
                signed = headers(job.secrets, delivery.webhook_id, started_ns // SECOND_NS, delivery.payload)
                answer = await self._post(parsed(job.url), signed, delivery.payload)
            except (DeliveryError, WebhookError) as failed:
                error, kind = str(failed), "refused" if isinstance(failed, RefusedError) else ""
            except Exception as bug:  # one bad delivery must not stop the others
                log.exception("a bug in the attempt to deliver %s", delivery.webhook_id)
                error = f"a bug of ours: {bug!r}"
        took_ns = max(self._clock.monotonic_ns() - began_ns, 0)
        tried = Tried(
            webhook_id=delivery.webhook_id,
            endpoint=delivery.endpoint,
            failed_before=delivery.attempts - delivery.base,
            started_ns=started_ns,
            duration_ns=took_ns,
            status_code=answer.status,
            retry_after=answer.retry_after,
            error=error,
        )
        outcome = outcome_of(tried)
        self._seconds.observe(took_ns / SECOND_NS)
        self._counts[outcome.state if outcome.state != "failed" else kind or "failed"].add()
        self._breakers.setdefault(delivery.endpoint, Breaker()).learn(outcome, self._clock.monotonic_ns())
        return outcome

    def job(self, endpoint: Endpoint, delivery: Delivery) -> Job:
        """A delivery, ready to be sent; in the database's thread."""
        return Job(delivery, endpoint.url, self._endpoints.secrets(endpoint.id))

    def _written_and_due(self, ended: Sequence[Outcome]) -> list[Job]:
        """In the database's thread."""
        self._give_up_what_is_late()
        if ended:
            self._outbox.record(ended)
        done = {outcome.tried.webhook_id for outcome in ended}
        flying: dict[str, list[str]] = {}
        for name, endpoint in self._of.items():
            if name not in done:
                flying.setdefault(endpoint, []).append(name)
        endpoints = [endpoint for endpoint in self._endpoints.all() if endpoint.state == ENABLED]
        self._breakers = {one.id: self._breakers.setdefault(one.id, Breaker()) for one in endpoints}
        self._turns += 1
        first = self._turns % max(len(endpoints), 1)
        shared = CONCURRENT_SHARED - sum(len(names) - 1 for names in flying.values())
        jobs: list[Job] = []
        for one in endpoints[first:] + endpoints[:first]:
            own = flying.get(one.id, [])
            begun = self._begin(one, own, max(shared, 0))
            shared -= max(len(begun) - (not own), 0)
            jobs += begun
        return jobs

    def _begin(self, endpoint: Endpoint, flying: Sequence[str], shared: int) -> list[Job]:
        """What may be sent to an endpoint now: its own first place, and as many of the shared ones as it may have."""
        room = self._breakers[endpoint.id].room(len(flying), self._clock.monotonic_ns())
        places = min(room, shared + (not flying))
        if places <= 0:
            return []
        due = self._outbox.due(endpoint.id, self._clock.now_ns(), places, flying)
        return [self.job(endpoint, delivery) for delivery in due]

    def _give_up_what_is_late(self) -> None:
        """Once a minute."""
        if self._turns and self._clock.monotonic_ns() - self._late_ns < LATE_EVERY_NS:
            return
        self._late_ns, now_ns = self._clock.monotonic_ns(), self._clock.now_ns()
        late = [one for one in self._outbox.overdue(now_ns) if one.webhook_id not in self._of]
        given_up = [
            Tried(one.webhook_id, one.endpoint, one.attempts - one.base, now_ns, 0, error=TOO_LATE, is_last=True)
            for one in late
        ]
        if given_up:
            self._outbox.record([outcome_of(tried) for tried in given_up])
            self._given_up.add(len(given_up))

    async def _end(self) -> None:
        """Give up what is under way, but write down what has ended."""
        for task in self._flying.values():
            task.cancel()
        ended = await asyncio.gather(*self._flying.values(), return_exceptions=True)
        outcomes = [one for one in ended if isinstance(one, Outcome)]
        with suppress(WebhookError):
            await self._ask(lambda: self._outbox.record(outcomes))
