"""`barograph forward`: the rows of the journal into a Kafka topic, for market flows on other machines.

The journal of this machine stays the first truth; a forwarder that is down, or brokers that are, cost time and nothing
else. DATA/forward/<topic>.json says how far the brokers have confirmed, by shard. It is written after they have, so
that what is shipped again after a death has been shipped before, and readers drop it by its offset.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from flows.heart import Heart
from flows.kafka_settings import kafka_options
from flows.measured import measured
from flows.runfile import write_run_file
from flows.settings import Settings
from market.clock import SECOND_NS, Clock, SystemClock
from market.errors import JournalError
from market.journal import partitions
from market.metric_table import FORWARD_ROWS
from market.metrics import Metrics
from market.shipped import ShippedRow
from sources.journal_reader import JournalReader

if TYPE_CHECKING:
    from sinks.kafka import RowProducer

ROWS_PER_TURN = 64  # of one shard, before the others have theirs
IDLE_S = 0.005
KEPT_EVERY_NS = SECOND_NS
CLOSE_S = 3.0

log = logging.getLogger("barograph.kafka")


class Shipped(NamedTuple):
    """How far a shard is with the brokers."""

    row: int = 0
    mark: int | None = None  # by what that row is known again, where it still stands in the journal


class Progress:
    """How far a topic has been confirmed, by shard, on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: dict[str, Shipped] = {}
        try:
            self.rows = msgspec.json.decode(path.read_bytes(), type=dict[str, Shipped])
        except FileNotFoundError:
            return
        except msgspec.MsgspecError:
            log.warning("%s cannot be read: everything is shipped again, and readers drop it", path)

    def keep(self, confirmed: dict[str, Shipped]) -> None:
        """Replace the file in one step, if anything is new."""
        if not confirmed:
            return
        self.rows |= confirmed
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(f".{os.getpid()}.partial")
        partial.write_bytes(msgspec.json.encode(self.rows))
        partial.replace(self._path)


class Forwarder:
    """Reads the partitions of the market journal in turn, and ships what is new."""

    def __init__(
        self, data: Path, producer: "RowProducer", progress: Progress, clock: Clock, metrics: Metrics | None = None
    ) -> None:
        self._metrics = metrics or Metrics()
        self._data, self._producer, self._progress, self._clock = data, producer, progress, clock
        self._tails: dict[Path, _Tail] = {}
        self._listed_ns = self._kept_ns = clock.monotonic_ns() - KEPT_EVERY_NS

    def turn(self) -> int:
        """Ship what every partition has now, up to a limit; how many rows."""
        self._list()
        shipped = 0
        for tail in self._tails.values():
            for row in tail.rows():
                self._producer.ship(row)
                tail.shipped.add()
                shipped += 1
        self._producer.poll()
        if self._clock.monotonic_ns() - self._kept_ns >= KEPT_EVERY_NS:
            self._kept_ns = self._clock.monotonic_ns()
            self._keep()
        return shipped

    def close(self, timeout_s: float) -> int:
        """Wait for the brokers, but not for ever; how many messages they have not confirmed."""
        left = self._producer.flush(timeout_s)
        self._keep()
        for tail in self._tails.values():
            tail.journal.close()
        return left

    def _keep(self) -> None:
        confirmed, known = self._producer.confirmed, self._progress.rows
        rows = [(tail, confirmed.get(tail.shard, 0)) for tail in self._tails.values()]
        self._progress.keep(
            {
                tail.shard: Shipped(row, tail.journal.mark(row))
                for tail, row in rows
                if row > known.get(tail.shard, Shipped()).row
            }
        )

    def _list(self) -> None:
        if self._clock.monotonic_ns() - self._listed_ns < SECOND_NS:
            return
        self._listed_ns = self._clock.monotonic_ns()
        for path in partitions(self._data, "market"):
            if path not in self._tails:
                try:
                    self._tails[path] = _Tail(path, self._progress.rows, self._metrics)
                except JournalError as error:
                    log.warning("left out until it can be read: %s", error)


class _Tail:
    """One partition of the journal and how far it was handed over."""

    def __init__(self, path: Path, shipped: dict[str, Shipped], metrics: Metrics) -> None:
        self.journal = JournalReader(path)
        facts = self.journal.meta()
        self.shard, self._block_ns = facts["shard"], int(facts["block_ns"])
        self.shipped = metrics.counter(FORWARD_ROWS, self.shard)
        self._after, mark = shipped.get(self.shard, Shipped())
        try:
            if not self.journal.goes_on(self._after, mark):
                last = self.journal.last_offset()
                raise JournalError(
                    f"{path} ends at row {last}, yet row {self._after} of {self.shard} was shipped: it is another"
                    " journal; give it another kafka.topic, or remove the topic and the folder forward"
                )
        except JournalError:
            self.journal.close()
            raise

    def rows(self) -> list[ShippedRow]:
        """The next rows."""
        found = self.journal.rows(self._after, ROWS_PER_TURN)
        if found:
            self._after = found[-1].offset
        return [ShippedRow(self.shard, row.offset, bytes(row.frames), self._block_ns) for row in found]


def run_forward(settings: Settings, *, stop: threading.Event, follow: bool = True) -> None:
    """Ship rows until `stop`, or, not following, until there are no more and all are confirmed."""
    from sinks.kafka import RowProducer

    options = kafka_options(settings)
    clock, heart = SystemClock(), Heart(settings.data, "forward")
    write_run_file(settings.data, "forward")
    producer = RowProducer(settings.kafka.topic, options, beat=heart)
    progress = Progress(settings.data / "forward" / f"{settings.kafka.topic}.json")
    with measured(settings, "forward", told=follow) as metrics:
        forwarder = Forwarder(settings.data, producer, progress, clock, metrics)
        _until_done(forwarder.turn, stop, follow=follow, heart=heart)
    if left := forwarder.close(CLOSE_S):
        log.warning("%d messages are not confirmed by the brokers; they are shipped again after the next start", left)


def _until_done(turn: Callable[[], int], stop: threading.Event, *, follow: bool, heart: Heart) -> None:
    while not stop.is_set():
        heart("")
        if not turn():
            if not follow:
                return
            stop.wait(IDLE_S)
