"""The broadcast to Grafana Live, for panels that move between two looks into the store: newest values, nothing owed.

Of every channel the newest line waits to be posted; one that comes before it was is put in its place. A thread of its
own posts what waits, at most ten times a second, to `/api/live/push/barograph`. Nobody waits for it: `offer` takes a
lock for the time of a dict and never raises. While Grafana is away or refuses, what waits is thrown away and the next
attempt is made later and later, up to RETRY_MOST_S: a picture of now is not worth a queue. What must not be lost is in
the tables.

Any signed-in user may push: a service account with the role Viewer will do. The token is sent in a header, and never
logged.
"""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from market import metric_table
from market.clock import SECOND_NS, Clock
from market.metrics import Metrics
from sinks.influx_line import Line, line

STREAM = "barograph"
EVERY_S = 0.1
TIMEOUT_S = 2.0
RETRY_LEAST_S = 0.5
RETRY_MOST_S = 30.0
MOST_CHANNELS = 4_096  # waiting at once; further ones are dropped and counted
MOST_BYTES = 1 << 20  # of one post; the rest goes with the next
MOST_DOUBLINGS = 10

log = logging.getLogger("barograph.grafana")


class GrafanaLive:
    """Posts what it is offered. `url` is Grafana's root; `transport` is for tests."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        clock: Clock,
        metrics: Metrics | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._clock = clock
        metrics = metrics or Metrics()
        self._sent = metrics.counter(metric_table.GRAFANA_PUSHES, "sent")
        self._failed = metrics.counter(metric_table.GRAFANA_PUSHES, "failed")
        self._dropped = metrics.counter(metric_table.GRAFANA_PUSHES, "dropped")
        self._refused = metrics.counter(metric_table.GRAFANA_PUSHES, "dropped")  # of the thread that offers
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            timeout=TIMEOUT_S,
            transport=transport,
            trust_env=False,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "text/plain; charset=utf-8"},
        )
        self._lock = threading.Lock()
        self._waiting: dict[str, str] = {}  # channel → its newest line
        self._failures = 0
        self._not_before_ns = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="grafana-live", daemon=True)

    def start(self) -> None:
        """Begin to post."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what waits is not posted any more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(TIMEOUT_S + 1.0)
        self._client.close()

    def offer(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Hand over events as the broadcast tells them. Never blocks for long and never raises."""
        lines = [said for event in events if (said := self._line(event))]
        with self._lock:
            for said in lines:
                if said.channel in self._waiting or len(self._waiting) < MOST_CHANNELS:
                    self._waiting.pop(said.channel, None)  # the newest goes last
                    self._waiting[said.channel] = said.text
                else:
                    self._refused.add()

    def counts(self) -> Mapping[str, int]:
        """Lines posted, failed posts, lines dropped, lines that wait."""
        dropped = self._dropped.value + self._refused.value
        return {
            "sent": int(self._sent.value),
            "failed": int(self._failed.value),
            "dropped": int(dropped),
            "waiting": len(self._waiting),
        }

    def push(self) -> None:
        """Post what waits, if it is time; else throw it away. The thread calls it every EVERY_S."""
        lines = self._taken()
        if not lines:
            return
        if self._clock.monotonic_ns() < self._not_before_ns:
            self._dropped.add(len(lines))
            return
        try:
            answer = self._client.post(
                f"/api/live/push/{STREAM}", params={"gf_live_frame_format": "wide"}, content="\n".join(lines) + "\n"
            )
        except (httpx.HTTPError, OSError) as error:
            self._lost(len(lines), type(error).__name__)
            return
        if answer.status_code == httpx.codes.OK:
            self._well(len(lines))
        else:
            self._lost(len(lines), f"HTTP {answer.status_code}")

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.push()

    def _line(self, event: Mapping[str, Any]) -> Line | None:
        try:
            return line(event)
        except (KeyError, TypeError, ValueError, AttributeError):
            self._refused.add()
            return None

    def _taken(self) -> list[str]:
        taken: list[str] = []
        size = 0
        with self._lock:
            for channel, text in self._waiting.items():
                size += len(text) + 1
                if size > MOST_BYTES and taken:
                    break
                taken.append(channel)
            return [self._waiting.pop(channel) for channel in taken]

    def _well(self, lines: int) -> None:
        self._sent.add(lines)
        if self._failures:
            log.info("grafana takes live values again")
        self._failures = 0

    def _lost(self, lines: int, reason: str) -> None:
        self._failed.add()
        self._dropped.add(lines)
        if not self._failures:
            log.warning("grafana does not take live values (%s); they are dropped until it does", reason)
        wait_s = min(RETRY_MOST_S, RETRY_LEAST_S * 2 ** min(self._failures, MOST_DOUBLINGS))
        self._failures += 1
        self._not_before_ns = self._clock.monotonic_ns() + int(wait_s * SECOND_NS)
