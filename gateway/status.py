"""Whether all is well: processes, connections, lag, gaps, dead letters, latencies, table sizes and regimes at once.

The same `Status` is the answer of `/api/v1/status` and of `barograph status --json`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway import rows
from gateway.limits import MAX_ROWS, MAX_TABLES
from gateway.regime_rows import Regime
from gateway.rows import Time
from gateway.runfiles import Connection, Process, connections, processes
from gateway.store import Store
from market.errors import StoreError


@dataclass(frozen=True, kw_only=True)
class Partition:
    """One journal file, and how far the tables hold it, whole blocks only; the control topic goes into no table.

    `lag_rows` counts micro-batches. A block is written once the next has begun, so a little lag is always there.
    """

    topic: str
    shard: str
    last_offset: int
    stored_offset: int | None = None
    lag_rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class Tables:
    """What the store answered; empty with `trouble`, one sentence, where it did not."""

    trouble: str = ""
    gaps_open: list[rows.OpenGap] = field(default_factory=list)
    dead_letters: int = 0
    latency: list[rows.Latency] = field(default_factory=list)
    coverage: list[rows.Coverage] = field(default_factory=list)
    tables: list[rows.TableRows] = field(default_factory=list)
    regimes: list[Regime] = field(default_factory=list)
    stored: list[rows.StoredOffset] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Status:
    """The state of one data directory at `time`."""

    time: Time
    data: str
    processes: tuple[Process, ...]
    connections: tuple[Connection, ...]
    journal: tuple[Partition, ...]
    store: Tables


def gather(store: Store | None, *, data: Path, now_ns: int, journal: Sequence[Partition] = ()) -> Status:
    """The state as it can be told now; never raises for what is down, absent or half written."""
    tables = Tables(trouble="no store runs; start it with `barograph up`") if store is None else read_tables(store)
    return Status(
        time=rows.time_text(now_ns),
        data=str(data),
        processes=processes(data),
        connections=connections(data),
        journal=tuple(_with_lag(partition, tables.stored) for partition in journal),
        store=tables,
    )


def read_tables(store: Store) -> Tables:
    """What the tables say, or why they cannot."""
    try:
        return Tables(
            gaps_open=store.rows("gaps_open", rows.OpenGap, limit=MAX_ROWS),
            dead_letters=store.one("dead_letters_count", rows.DeadLetters).dead_letters,
            latency=store.rows("latency_latest", rows.Latency, limit=MAX_ROWS),
            coverage=store.rows("coverage_latest", rows.Coverage, instrument="", days=1, limit=MAX_ROWS),
            tables=store.rows("tables", rows.TableRows, limit=MAX_TABLES),
            regimes=store.rows("regimes_latest", Regime, instrument="", timeframe="", limit=MAX_ROWS),
            stored=store.rows("offsets", rows.StoredOffset, limit=MAX_ROWS),
        )
    except StoreError as error:
        return Tables(trouble=str(error))


def _with_lag(partition: Partition, stored: Sequence[rows.StoredOffset]) -> Partition:
    found = next((row.stored_offset for row in stored if row.shard == partition.shard), None)
    if found is None:
        return partition
    return replace(partition, stored_offset=found, lag_rows=max(0, partition.last_offset - found))
