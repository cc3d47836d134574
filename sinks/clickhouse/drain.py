"""`Drain`: the way of blocks from the line into the store, one insert at a step.

`step` does one thing and says how long to wait before the next, so a thread, a test or a simulation can drive it: it
has no thread, and its clock and chance are given. Every try of an insert has the same rows under the same token, so a
store that took them and did not say so has them once.

Transient trouble is tried again after full-jitter pauses of up to LONGEST_PAUSE_S; permanent trouble once every
STOPPED_PAUSE_S, and heals by itself when somebody has ended it. A backlog goes at a bounded rate of blocks, so that a
store that has just come back can merge what it gets.
"""

import logging
import math
import random
from typing import NamedTuple, Protocol

import pyarrow as pa

from market.clock import SECOND_NS, Clock, SystemClock
from market.errors import StoreError
from market.metrics import Metrics
from market.trace import Fact, Trace, untraced
from sinks.clickhouse.line import CALM_BLOCKS, Line, Proof
from sinks.clickhouse.loads import Insertion, Load
from sinks.clickhouse.numbers import Inserted
from sinks.clickhouse.trouble import OUTSIDE, transient

log = logging.getLogger("barograph.writer")

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0
STOPPED_PAUSE_S = 60.0

RUNNING, RETRYING, CATCHING_UP, STOPPED = "running", "retrying", "catching up", "stopped"


class Store(Protocol):
    """Where rows go."""

    def __call__(self, table: str, rows: pa.Table, token: str) -> None:
        """Insert rows of one table under a deduplication token; raises one of `trouble.OUTSIDE`."""

    def committed(self, shard: str, source: str, last_offset: int) -> bool:
        """Whether it has the commit of a block; raises one of `trouble.OUTSIDE`."""


class Step(NamedTuple):
    """What a step did."""

    confirmed: Load | None = None  # a block that the store now has, whole
    wait_s: float = 0.0  # before the next; infinite: until there is something to do


class State(NamedTuple):
    """How the sink is."""

    name: str  # running, catching up, retrying (passes by itself) or stopped (somebody must do something)
    reason: str  # what the store said last; empty where it takes rows
    since_ns: int  # wall clock


class Drain:
    """Used by one thread. blocks_per_s: of a backlog; None: as fast as it goes. alone: permanent trouble stops the
    sink only; otherwise `step` raises StoreError.
    """

    def __init__(
        self,
        line: Line,
        store: Store,
        *,
        alone: bool = False,
        blocks_per_s: float | None = None,
        clock: Clock | None = None,
        chance: random.Random | None = None,
        inserted: Inserted | None = None,
        trace: Trace = untraced,
    ) -> None:
        self._line, self._store, self._alone = line, store, alone
        self._gap_ns = round(SECOND_NS / blocks_per_s) if blocks_per_s else 0
        self._clock = clock or SystemClock()
        self._chance = chance or random.Random()  # noqa: S311 spreads retries, guards nothing
        self._inserts, self._trace = inserted or Inserted(Metrics(), ""), trace
        self._load: Load | None = None  # the block at work
        self._inserted = 0  # of its insertions
        self._failures = 0  # since the last insert that went well
        self._not_before_ns = self._clock.monotonic_ns()
        self._next_block_ns = self._not_before_ns
        self.state = State(RUNNING, "", self._clock.now_ns())

    def step(self) -> Step:
        """Do the next thing, if it is time."""
        early_ns = self._not_before_ns - self._clock.monotonic_ns()
        if early_ns > 0:
            return Step(wait_s=early_ns / SECOND_NS)
        try:
            return self._advance()
        except OUTSIDE as error:
            return self._failed(error)

    def _advance(self) -> Step:
        if self._load is None:
            found = self._begin()
            if found is not None:
                return found
        assert self._load is not None
        if self._inserted < len(self._load.insertions):
            self._insert(self._load, self._load.insertions[self._inserted])
            self._inserted += 1
        self._well()
        if self._inserted < len(self._load.insertions):
            return Step()
        load, self._load, self._inserted = self._load, None, 0
        self._line.done()
        self._inserts.block()
        return Step(confirmed=load)

    def _insert(self, load: Load, insertion: Insertion) -> None:
        table, token, rows = insertion
        facts: dict[str, Fact] = {"table": table, "rows": rows.num_rows, "shard": load.shard}
        facts |= {"first_offset": load.first_offset, "last_offset": load.last_offset}
        began_ns = self._clock.monotonic_ns()
        with self._trace("insert", **facts):
            self._store(table, rows, token)
        self._inserts.rows(table, rows, self._clock.monotonic_ns() - began_ns)

    def _begin(self) -> Step | None:
        """Take the oldest block to work, or say what to do instead."""
        first = self._line.first()
        if first is None:
            self._well()
            return Step(wait_s=math.inf)
        if isinstance(first, Proof):
            if not self._store.committed(first.shard, first.source, first.last_offset):
                raise StoreError(_lost(first))
            self._line.done()
            return Step()
        now_ns = self._clock.monotonic_ns()
        if self._gap_ns and len(self._line) > CALM_BLOCKS:
            if now_ns < self._next_block_ns:
                return Step(wait_s=(self._next_block_ns - now_ns) / SECOND_NS)
            self._next_block_ns = now_ns + self._gap_ns
        self._load = self._line.load(first)
        return None

    def _well(self) -> None:
        """Note that the store takes rows."""
        if self._failures:
            log.warning("the store takes rows again after %d retries", self._failures)
        self._failures = 0
        self._be(CATCHING_UP if len(self._line) > CALM_BLOCKS else RUNNING, "")

    def _failed(self, error: Exception) -> Step:
        """What to do after trouble. The block at work stays, with what it has got into the store already."""
        passes = transient(error)
        if not passes and not self._alone:
            raise StoreError(f"the store refuses rows for good: {error}") from error
        self._failures += 1
        self._inserts.failed(transient=passes)
        doing = self._load.insertions[self._inserted].table if self._load is not None else "the spool"
        if self._be(RETRYING if passes else STOPPED, str(error)):
            if passes:
                log.warning("the store did not take rows of %s; retrying until it does: %s", doing, error)
            else:
                log.error(
                    "the store refuses rows of %s: nothing more is written to it until that is mended; the flow goes"
                    " on, and it is tried again every %d s: %s", doing, STOPPED_PAUSE_S, error,
                )  # fmt: skip
        longest_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._failures, 20))
        pause_s = self._chance.uniform(0, longest_s) if passes else STOPPED_PAUSE_S
        self._not_before_ns = self._clock.monotonic_ns() + round(pause_s * SECOND_NS)
        return Step(wait_s=pause_s)

    def _be(self, name: str, reason: str) -> bool:
        """Enter a state; whether it is another one."""
        changed = name != self.state.name
        if changed or reason != self.state.reason:
            self.state = State(name, reason, self._clock.now_ns() if changed else self.state.since_ns)
        return changed


def _lost(proof: Proof) -> str:
    return (
        f"blocks of {proof.shard} between rows {proof.previous_offset} and {proof.last_offset} of its journal are"
        " neither in the spool nor in the store; move the recovery folder of this flow away, and all is computed again"
        " from the journal"
    )
