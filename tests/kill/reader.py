"""A reader that asks the tables again and again while everything around it is killed, and keeps what it saw wrong.

It trusts no view of ours. A block is whole in all tables when rows of a later block of its shard are visible, because
blocks are written one after the other; so all rows up to that block are settled. Of settled rows nothing may ever
change: none may come (half a block was visible, or a row twice) and none may go. Of all others none may be there twice.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from gateway.runfiles import store_port
from market.errors import StoreError
from market.journal import LIVE_BLOCK_NS, partition_path
from sinks.clickhouse.client import connect

TRADING = "trading/0"
TOPICS = ("market", "trading")
EVERY_S = 0.5
# Tables that say of every row from which row of which journal it came, with what makes a row one of its own.
KEYED = """
select tables.name, tables.sorting_key, has(columns.names, 'shard') from system.tables as tables
inner join (select table, groupArray(name) as names from system.columns where database = 'barograph' group by table)
    as columns on columns.table = tables.name
where tables.database = 'barograph' and tables.engine like '%MergeTree'
    and hasAll(columns.names, ['offset', 'receive_time'])
order by tables.name
"""


@dataclass(frozen=True)
class Table:
    """A table whose rows say where they came from."""

    name: str
    key: str  # SQL of what tells its rows apart
    sharded: bool

    @property
    def shard(self) -> str:
        """SQL of the shard of a row."""
        return "shard" if self.sharded else f"'{TRADING}'"


@dataclass
class Seen:
    """What a reader saw, and what it should never have seen."""

    polls: int = 0
    refusals: int = 0  # polls that the store did not answer
    wrong: list[str] = field(default_factory=list)
    settled: dict[str, int] = field(default_factory=dict)  # the last settled offset by shard
    rows: dict[tuple[str, str], int] = field(default_factory=dict)  # settled, by table and shard


class Reader:
    """Polls in a thread of its own until left."""

    def __init__(self, data: Path) -> None:
        self.seen = Seen()
        self._data = data
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="reader", daemon=True)
        self._failure: Exception | None = None

    def settled(self, shard: str) -> int:
        """Offset up to which rows of a shard are settled; raises what ended the reader."""
        if self._failure is not None:
            raise self._failure
        return self.seen.settled.get(shard, 0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()
        self._thread.join(30)

    def _work(self) -> None:
        client: Client | None = None
        while not self._stopped.wait(EVERY_S):
            try:
                if client is None:
                    client = connected(self._data)
                look(client, self._data, self.seen)
            except (ClickHouseError, StoreError, HTTPError, OSError):
                self.seen.refusals += 1
                client = None
            except Exception as error:  # noqa: BLE001 told by the test's own thread
                self._failure = error
                return


def connected(data: Path) -> Client:
    """A client of the store as it runs now."""
    port = store_port(data)
    if port is None:
        raise StoreError("no store runs")
    return connect(f"http://default@127.0.0.1:{port}/barograph", connect_timeout=2, send_receive_timeout=10)


def look(client: Client, data: Path, seen: Seen) -> None:
    """One look at every table; what is wrong is kept in `seen`."""
    tables = [Table(name, key, bool(sharded)) for name, key, sharded in client.query(KEYED).result_rows]
    if not tables:
        return
    before = dict(seen.settled)
    now = dict(settled_offsets(data, newest(client, tables)))
    seen.wrong += [
        f"the watermark of {shard} went back from {offset} to {now.get(shard, 0)}"
        for shard, offset in before.items()
        if now.get(shard, 0) < offset
    ]
    for table, shard, old, new, rows, distinct in counted(client, tables, before, now):
        if rows != distinct:
            seen.wrong.append(f"{rows - distinct} rows of {table} twice, of {shard} after {before.get(shard, 0)}")
        held = seen.rows.get((table, shard), 0)
        if shard in before and old != held:
            seen.wrong.append(f"{old} rows of {table} settled at {before[shard]} of {shard}, {held} before")
        seen.rows[table, shard] = new
    seen.settled = now
    seen.polls += 1


def newest(client: Client, tables: Iterable[Table]) -> dict[str, int]:
    """The last offset of which any table shows a row, by shard."""
    parts = [
        f"select {table.shard} as shard, max(`offset`) as last from `{table.name}` group by shard" for table in tables
    ]
    query = f"select shard, max(last) from ({' union all '.join(parts)}) group by shard"
    return {shard: int(last) for shard, last in client.query(query).result_rows}


def settled_offsets(data: Path, visible: dict[str, int]) -> Iterator[tuple[str, int]]:
    """The last offset before the block of the newest visible row, by shard, as its journal tells."""
    for shard, offset in visible.items():
        path = next(path for topic in TOPICS if (path := partition_path(data, topic, shard)).exists())
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as journal:
            query = (
                "select coalesce(max(offset), 0) from batches where received_ns / ?1 <"
                " (select received_ns / ?1 from batches where offset = ?2) and offset < ?2"
            )
            yield shard, int(journal.execute(query, (LIVE_BLOCK_NS, offset)).fetchone()[0])


def counted(
    client: Client, tables: Iterable[Table], before: dict[str, int], now: dict[str, int]
) -> list[tuple[str, str, int, int, int, int]]:
    """Table, shard, rows settled before, rows settled now, and of those not settled before: all, and the distinct."""
    parts = [
        f"select '{table.name}' as name, '{shard}' as whose, countIf(`offset` <= {before.get(shard, 0)}) as old,"
        f" countIf(`offset` <= {offset}) as new, countIf(`offset` > {before.get(shard, 0)}) as rows,"
        f" uniqExactIf({table.key}, `offset` > {before.get(shard, 0)}) as different"
        f" from `{table.name}` where {table.shard} = '{shard}'"
        for table in tables
        for shard, offset in now.items()
    ]
    if not parts:
        return []
    query = f"select * from ({' union all '.join(parts)}) settings final = 0"
    return [(str(row[0]), str(row[1]), *map(int, row[2:])) for row in client.query(query).result_rows]  # type: ignore[misc]
