"""`barograph deliver`: what was said to the world, to those who asked to be told by webhook.

Three threads that wait for nobody: this one follows the broadcast journal, a second sends, a third brings the log of
attempts to the store. Each has a connection of its own to the database of the webhooks, which is all that they share.
Where `[grafana] url` is set, what is followed is shown to Grafana Live as well.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from functools import partial
from typing import Any

from flows.deliver_live import live_offer
from flows.deliver_log import ship
from flows.heart import Heart
from flows.measured import measured
from flows.runfile import write_run_file
from flows.settings import Settings
from flows.traces import traced
from flows.webhook_desk import outbox_of, rules_of
from market import metric_table
from market.beat import Beat
from market.clock import SECOND_NS, Clock, SystemClock
from market.errors import JournalError, SettingsError
from market.metrics import Metrics
from market.trace import Trace
from sinks.fence import Fence
from sinks.webhook.counts import counts
from sinks.webhook.database import Database, database_path, opened, private_folder
from sinks.webhook.egress import SystemResolver, post, tls_context
from sinks.webhook.endpoints import Endpoints
from sinks.webhook.errors import WebhookError
from sinks.webhook.follower import Follower, Offer
from sinks.webhook.outbox import Outbox
from sinks.webhook.sender import Sender
from sinks.webhook.shipper import shipped
from sources.broadcast import Broadcast

log = logging.getLogger("barograph.webhook")

IDLE_S = 0.02
TROUBLED_S = 1.0
TENDED_EVERY_NS = 10 * SECOND_NS
DAY_NS = 86_400 * SECOND_NS
STOP_S = 2.0  # for the other threads to end


def run_deliver(settings: Settings, stop: threading.Event) -> None:
    """Follow, send and log until stopped. Raises SettingsError where another process does so already."""
    clock, heart = SystemClock(), Heart(settings.data, "deliver")
    with ExitStack() as stack:
        stack.callback(only_sender(settings).close)
        metrics = stack.enter_context(measured(settings, "deliver"))
        trace = stack.enter_context(traced("deliver"))
        database = stack.enter_context(closing(opened(settings.data)))
        offer = stack.enter_context(live_offer(settings, clock, metrics))
        write_run_file(settings.data, "deliver")
        sending = Sending(settings, clock, metrics, trace, stop, heart.part("sender"))
        works: dict[str, Callable[[], None]] = {}
        works["webhook-sender"], works["webhook-log"] = sending.run, partial(ship, settings, stop)
        died: list[Exception] = []
        others = [
            threading.Thread(target=_guarded(work, stop, died), name=name, daemon=True) for name, work in works.items()
        ]
        for thread in others:
            thread.start()
        try:
            _follow(settings, database, clock, offer, sending.wake, metrics, stop, heart)
        finally:
            stop.set()
            sending.wake()
            heart.without("sender")
            for thread in others:
                thread.join(STOP_S)
        if died:
            raise died[0]


def only_sender(settings: Settings) -> Fence:
    """The right to send; raises SettingsError where another process has it."""
    try:
        return Fence(private_folder(settings.data) / database_path(settings.data).name)
    except JournalError:
        raise SettingsError(f"another process delivers the webhooks of {settings.data} already") from None


class Sending:
    """The thread that sends: an event loop, and one more thread that asks the database for it."""

    def __init__(
        self, settings: Settings, clock: Clock, metrics: Metrics, trace: Trace, stop: threading.Event, beat: Beat
    ) -> None:
        self._settings, self._clock, self._metrics, self._trace = settings, clock, metrics, trace
        self._stop, self._beat = stop, beat
        self._running: tuple[asyncio.AbstractEventLoop, Sender] | None = None

    def run(self) -> None:
        """Send until stopped."""
        asyncio.run(self._send())

    def wake(self) -> None:
        """Something new is due; from any thread."""
        if self._running is not None:
            loop, sender = self._running
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(sender.changed.set)

    async def _send(self) -> None:
        loop, resolver = asyncio.get_running_loop(), SystemResolver()
        with ThreadPoolExecutor(max_workers=1) as asking, closing(resolver), closing(opened(self._settings.data)) as at:
            rules = rules_of(self._settings)
            sender = Sender(
                outbox_of(self._settings, at),
                Endpoints(at, self._clock, rules),
                post=partial(post, rules=rules, resolve=resolver, tls=tls_context()),
                clock=self._clock,
                ask=lambda question: loop.run_in_executor(asking, question),
                metrics=self._metrics,
                trace=self._trace,
            )
            self._running = loop, sender
            try:
                await sender.run(self._stopped)
            finally:
                self._running = None

    def _stopped(self) -> bool:
        self._beat("")
        return self._stop.is_set()


def _follow(
    settings: Settings,
    database: Database,
    clock: Clock,
    offer: Offer | None,
    wake: Callable[[], None],
    metrics: Metrics,
    stop: threading.Event,
    heart: Heart,
) -> None:
    """Turn the journal into deliveries, and look after them, until stopped."""
    outbox, endpoints = outbox_of(settings, database), Endpoints(database, clock, rules_of(settings))
    follower = Follower(Broadcast(settings.data), outbox, endpoints, clock, offer=offer)
    tending = Tending(settings, outbox, database, clock, metrics)
    said = ""
    while not stop.is_set():
        wait_s = IDLE_S
        try:
            rows = follower.turn()
            if follower.queued:
                wake()
            tending.turn()
            wait_s, said = (0.0 if rows else IDLE_S), ""
        except (WebhookError, JournalError) as error:
            if str(error) != said:
                log.error("webhooks wait: %s", error)
            said, wait_s = str(error), TROUBLED_S
        heart(said and "the broadcast journal and the database of the webhooks")
        stop.wait(wait_s)
    follower.close()


class Tending:
    """What is done now and then: old deliveries forgotten, numbers told, alarms raised."""

    def __init__(self, settings: Settings, outbox: Outbox, database: Database, clock: Clock, metrics: Metrics) -> None:
        self._settings, self._outbox, self._database, self._clock = settings, outbox, database, clock
        self._pending = metrics.gauge(metric_table.WEBHOOKS_PENDING)
        self._dead = metrics.gauge(metric_table.WEBHOOKS_DEAD)
        self._oldest = metrics.gauge(metric_table.WEBHOOK_OLDEST)
        self._alarms: list[dict[str, Any]] = []
        self._due_ns = 0

    def turn(self) -> None:
        """Every ten seconds."""
        if self._clock.monotonic_ns() < self._due_ns:
            return
        self._due_ns = self._clock.monotonic_ns() + TENDED_EVERY_NS
        now_ns, kept = self._clock.now_ns(), self._settings.webhooks
        self._outbox.prune(
            delivered_before_ns=now_ns - round(kept.delivered_days * DAY_NS),
            dead_before_ns=now_ns - round(kept.dead_days * DAY_NS),
            shipped=shipped(self._database),
        )
        found = counts(self._database, now_ns)
        self._pending.set(found.pending)
        self._dead.set(found.dead)
        self._oldest.set(found.oldest_pending_s)
        alarms = []
        if found.missed:
            reason = f"webhooks missed {found.missed} events or more; `barograph webhook list` says whose"
            alarms = [{"name": "webhooks_missed", "reason": reason}]
        if alarms != self._alarms:
            self._alarms = alarms
            write_run_file(self._settings.data, "deliver", alarms=alarms)
            for alarm in alarms:
                log.error("%s", alarm["reason"])


def _guarded(work: Callable[[], None], stop: threading.Event, died: list[Exception]) -> Callable[[], None]:
    """Work whose end by an error ends the whole process, which is then started again."""

    def guarded() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 whatever it is, the main thread raises it
            died.append(error)
            stop.set()

    return guarded
