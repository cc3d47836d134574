"""Writing blocks off the dataflow's thread, in order: a thread that takes the steps of a `Drain`.

With a spool, the store never holds the dataflow back before the spool is full, and permanent trouble stops the sink
alone. Without one (a replay, where a person waits), the next block waits for the store, and permanent trouble is raised
to the owner at its next call. A fault of ours always is.
"""

import logging
import math
import threading
from collections.abc import Callable, Sequence

from market.beat import Beat, unheard
from market.clock import SECOND_NS, Clock, SystemClock
from market.errors import StoreError
from sinks.clickhouse.blocks import Block
from sinks.clickhouse.drain import Drain
from sinks.clickhouse.line import DISK_SPACE, Line, Waiting
from sinks.clickhouse.loads import Load
from sinks.clickhouse.status import SinkStatus

log = logging.getLogger("barograph.writer")

BEAT_S = 1.0  # a waiting owner says at least so often what it waits for, and tries a full disk again


class Writer:
    """Made and used by one owner thread. confirmed: called in the writer's thread with every block that is stored."""

    def __init__(
        self,
        line: Line,
        drain: Drain,
        *,
        confirmed: Callable[[Load], None] | None = None,
        status: SinkStatus | None = None,
        beat: Beat = unheard,
        clock: Clock | None = None,
    ) -> None:
        self._line, self._drain, self._confirmed = line, drain, confirmed
        self._status, self._beat, self._clock = status, beat, clock or SystemClock()
        self._changed = threading.Condition()
        self._stopped = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="clickhouse-writer", daemon=True)
        self._thread.start()

    def put(self, block: Block) -> None:
        """Hand over a block; waits while there is no room. Raises StoreError once the writer has failed."""
        began_ns, said = self._clock.monotonic_ns(), ""
        while waits := self._offered(block):
            is_long = self._clock.monotonic_ns() - began_ns >= BEAT_S * SECOND_NS
            if is_long and waits != said:
                log.warning("the flow waits for %s: %d insert blocks are not in the store yet", waits, len(self._line))
                said = waits
            self._beat(waits)
            self._tell()
            with self._changed:
                self._changed.wait(BEAT_S)
        if said:
            log.warning("the flow goes on after it waited for %s", said)

    def waiting(self) -> Waiting:
        """What the store has not confirmed yet, for a snapshot."""
        with self._changed:
            self._raise()
        return self._line.waiting()

    def close(self, timeout_s: float, last: Sequence[Block] = ()) -> int:
        """Take the last blocks, wait for what is pending, then stop; how many blocks are unconfirmed even so.

        Raises StoreError as `put`.
        """
        self._line.add(last)
        ends_ns = self._clock.monotonic_ns() + round(timeout_s * SECOND_NS)
        with self._changed:
            self._changed.notify_all()
            while self._line and self._failure is None:
                left_s = (ends_ns - self._clock.monotonic_ns()) / SECOND_NS
                if left_s <= 0:
                    break
                self._changed.wait(min(left_s, BEAT_S))
                self._beat("the store")
            self._stopped = True
            self._changed.notify_all()
            self._raise()
        self._tell(ended=True)
        return len(self._line)

    def _offered(self, block: Block) -> str:
        """What a block waits for; empty when it is taken."""
        with self._changed:
            self._raise()
        waits = self._line.offer(block)
        with self._changed:
            self._changed.notify_all()
            if waits and waits != DISK_SPACE and self._line.room_for(block):
                return self._line.offer(block)  # room was made while it was refused
        return waits

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while not self._stopped:
            try:
                step = self._drain.step()
                if step.confirmed is not None and self._confirmed is not None:
                    self._confirmed(step.confirmed)
            except Exception as error:  # noqa: BLE001 whatever it is, the owner must hear of it
                self._fail(error)
                return
            self._tell()
            self._rest(step.wait_s, moved=step.confirmed is not None)

    def _rest(self, wait_s: float, *, moved: bool) -> None:
        with self._changed:
            if moved:
                self._changed.notify_all()
            if wait_s == math.inf:
                self._changed.wait_for(lambda: self._stopped or len(self._line))
            elif wait_s > 0:
                self._changed.wait_for(lambda: self._stopped, wait_s)

    def _tell(self, *, ended: bool = False) -> None:
        if self._status is not None:
            self._status.tell(self._drain.state, self._line, ended=ended)

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._failure = error if isinstance(error, StoreError) else StoreError(f"the writer has failed: {error}")
            if self._failure is not error:
                self._failure.__cause__ = error
            self._changed.notify_all()
        log.error("%s", self._failure)
