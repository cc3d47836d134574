"""Inserting blocks off the dataflow's thread, in order, each until the store has confirmed it.

Transient trouble (no connection, no memory, no space, too many parts) is retried for ever with full-jitter backoff: the
bounded queue fills and holds the dataflow back. Permanent trouble (a wrong column, a missing table) stops the
writer, and the next call of its owner raises.
"""

import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError, DataError, ProgrammingError

from market.errors import StoreError
from sinks.clickhouse.blocks import Block
from sinks.clickhouse.tables import rows_of

log = logging.getLogger("barograph.writer")

QUEUE_BLOCKS = 64  # not yet confirmed; `put` waits at it
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0
# Too many queries, timeouts, network, memory, space, parts, read-only table, shutting down.
TRANSIENT_CODES = frozenset({159, 198, 202, 209, 210, 236, 241, 242, 243, 252, 285, 319, 394, 439, 999})


class Insert(Protocol):
    """Inserts rows of one table under a deduplication token; raises what clickhouse-connect raises, or StoreError."""

    def __call__(self, table: str, rows: pa.Table, token: str) -> None: ...  # noqa: D102


class Writer:
    """A thread that inserts blocks one after the other. Made and used by one owner thread."""

    def __init__(
        self, insert: Insert, *, chance: random.Random | None = None, confirmed: Callable[[Block], None] | None = None
    ) -> None:
        self._insert = insert
        self._chance = chance or random.Random()  # noqa: S311 spreads retries, guards nothing
        self._confirmed = confirmed
        self._pending: deque[Block] = deque()
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._failure: StoreError | None = None
        self._thread = threading.Thread(target=self._work, name="clickhouse-writer", daemon=True)
        self._thread.start()

    def put(self, block: Block) -> None:
        """Hand over a block; waits while QUEUE_BLOCKS are unconfirmed. Raises StoreError once the writer has failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or len(self._pending) < QUEUE_BLOCKS)
            self._raise()
            self._pending.append(block)
            self._changed.notify_all()

    def unconfirmed(self) -> tuple[Block, ...]:
        """A copy of what the store has not confirmed yet, in order."""
        with self._changed:
            self._raise()
            return tuple(self._pending)

    def close(self, timeout_s: float, last: Sequence[Block] = ()) -> int:
        """Take the last blocks, wait for what is pending, then stop; how many blocks are unconfirmed even so.

        Raises StoreError as `put`.
        """
        with self._changed:
            self._pending.extend(last)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._failure is not None or not self._pending, timeout_s)
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()
            self._raise()
            return len(self._pending)

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while (block := self._next()) is not None:
            try:
                if not self._write(block):
                    return
            except Exception as error:  # noqa: BLE001 whatever it is, the owner must hear of it
                self._fail(error)
                return
            if self._confirmed is not None:
                self._confirmed(block)
            with self._changed:
                self._pending.popleft()
                self._changed.notify_all()

    def _next(self) -> Block | None:
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._stopped.is_set())
            return None if self._stopped.is_set() else self._pending[0]

    def _write(self, block: Block) -> bool:
        """Insert the rows of every table of a block; False when stopped before all were confirmed."""
        for table, rows in rows_of(block.parts):
            failures = 0
            while not self._try(table, rows, block.token(table), failures):
                failures += 1
                pause_s = self._chance.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 20)))
                if self._stopped.wait(pause_s):
                    return False
        return True

    def _try(self, table: str, rows: pa.Table, token: str, failures: int) -> bool:
        try:
            self._insert(table, rows, token)
        except (ClickHouseError, StoreError) as error:
            if not transient(error):
                raise
            if failures == 0:
                log.warning("the store did not take rows of %s; retrying until it does: %s", table, error)
            return False
        if failures:
            log.warning("the store takes rows again after %d retries", failures)
        return True

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._failure = StoreError(f"the store refuses rows for good: {error}")
            self._failure.__cause__ = error
            self._changed.notify_all()
        log.error("%s", self._failure)


def transient(error: BaseException) -> bool:
    """Whether trying again may help: there was no answer, or one that says so."""
    if isinstance(error, StoreError):
        return error.__cause__ is not None and transient(error.__cause__)
    if not isinstance(error, ClickHouseError) or isinstance(error, ProgrammingError | DataError):
        return False
    code = getattr(error, "code", None)
    return code is None or code in TRANSIENT_CODES
