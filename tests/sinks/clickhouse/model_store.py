"""A store made of dictionaries, with the faults of a real one, and a writer without a thread: for tests.

The model knows what matters of ClickHouse here: an insert is atomic per partition, tokens are remembered in a window
per table, a row key that is there twice is shown once by FINAL. It has no wall clock and no chance of its own.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from market.clock import SECOND_NS, ManualClock
from sinks.clickhouse.blocks import Block
from sinks.clickhouse.drain import Drain
from sinks.clickhouse.line import Line, Waiting
from sinks.clickhouse.loads import Load
from sinks.clickhouse.partitions import by_partition
from sinks.clickhouse.schema import tables

WINDOW = 10_000  # non_replicated_deduplication_window of every table

Fault = Callable[[str, str], None]  # given table and token; raises what the driver would, before anything is stored


def refuses(code: int) -> Fault:
    """The store answers with an error code: 243 no space, 252 too many parts, 60 no such table, 516 wrong password."""

    def fault(table: str, _token: str) -> None:
        raise DatabaseError(f"Code: {code}. DB::Exception: of table {table}", code=code)

    return fault


def unreachable(_table: str, _token: str) -> None:
    """Nobody answers."""
    raise OperationalError("connection refused")


@dataclass
class ModelStore:
    """Rows by table, as they were inserted. `fault` decides about every insert; `ambiguous` about those that are stored
    and not confirmed; `seconds` how long one takes on the clock.
    """

    clock: ManualClock = field(default_factory=ManualClock)
    window: int = WINDOW
    fault: Fault | None = None
    ambiguous: Callable[[str, str], bool] | None = None
    seconds: float = 0.0
    honours_tokens: bool = True
    inserts: list[tuple[int, str, str]] = field(default_factory=list)  # time, table, token of what was stored
    _rows: dict[str, list[pl.DataFrame]] = field(default_factory=lambda: defaultdict(list))
    _known: dict[str, deque[str]] = field(default_factory=dict)

    def __call__(self, table: str, rows: pa.Table, token: str) -> None:
        """Insert, as `sinks.clickhouse.drain.Store` does."""
        self.insert(table, rows, token)

    def insert(self, table: str, rows: pa.Table, token: str) -> None:
        """Insert rows once per token of the window; raises what a fault raises."""
        self.clock.advance(round(self.seconds * SECOND_NS))
        if self.fault is not None:
            self.fault(table, token)
        assert len(list(by_partition(table, rows))) == 1, f"rows of {table} in several partitions: {token}"
        known = self._known.setdefault(table, deque(maxlen=self.window))
        if token not in known or not self.honours_tokens:
            known.append(token)
            self._rows[table].append(pl.from_arrow(rows))  # type: ignore[arg-type]
            self.inserts.append((self.clock.now_ns(), table, token))
        if self.ambiguous is not None and self.ambiguous(table, token):
            raise OperationalError("the answer was lost")

    def committed(self, shard: str, source: str, last_offset: int) -> bool:
        """Whether it has the commit of a block."""
        if self.fault is not None:
            self.fault("commits", "")
        return any(
            (frame["shard"] == shard).any()
            and not frame.filter(source=source, last_offset=last_offset, shard=shard).is_empty()
            for frame in self._rows["commits"]
        )

    def tables(self, *, final: bool = False) -> dict[str, list[str]]:
        """Canonical export: every row as text, sorted. final: a row key that is there several times counts once."""
        return {name: _exported(name, frames, final=final) for name, frames in sorted(self._rows.items())}

    def watermark(self, shard: str) -> int:
        """As view `watermarks` says."""
        frames = [frame.filter(shard=shard)["last_offset"] for frame in self._rows["commits"]]
        return max((int(offset) for frame in frames for offset in frame), default=0)


def _exported(table: str, frames: Sequence[pl.DataFrame], *, final: bool) -> list[str]:
    rows = [row for frame in frames for row in frame.to_dicts()]
    if final:
        key = [name.strip(" `") for name in tables()[table].keys[1].split(",")]
        rows = list({repr([row[name] for name in key]): row for row in rows}.values())
    return sorted(repr(sorted(row.items())) for row in rows)


class SteppedWriter:
    """A `Writer` without a thread: whoever has the blocks written calls `drive`, at a time that the clock tells."""

    def __init__(self, line: Line, drain: Drain) -> None:
        self.line, self.drain = line, drain
        self.waits: list[str] = []  # what blocks had to wait for
        self.confirmed: list[Load] = []
        self.on_wait: Callable[[str], None] | None = None  # moves the clock; without it a wait is an error

    def put(self, block: Block) -> None:
        """Take a block; while there is no room, the store is driven."""
        while waits := self.line.offer(block):
            self.waits.append(waits)
            assert self.on_wait is not None, f"a block waits for {waits}"
            self.on_wait(waits)

    def drive(self, steps: int = 1_000_000) -> float:
        """Take steps until one has to wait; for how long, in seconds."""
        for _ in range(steps):
            step = self.drain.step()
            if step.confirmed is not None:
                self.confirmed.append(step.confirmed)
            if step.wait_s > 0:
                return step.wait_s
        return 0.0

    def waiting(self) -> Waiting:
        """What is not confirmed."""
        return self.line.waiting()

    def close(self, _timeout_s: float, last: Sequence[Block] = ()) -> int:
        """Take the last blocks and write what the store takes now."""
        self.line.add(last)
        self.drive()
        return len(self.line)
