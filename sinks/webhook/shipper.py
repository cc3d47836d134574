"""`Shipper`: the log of attempts into the table `webhook_deliveries`, in order and each row once.

A block is decided in the database before it is sent, so that after whatever death the same rows go under the same
deduplication token; and the token names the database, so that one begun anew never passes for it. While the store is
away the rows wait here, and deliveries go on.
"""

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa

from market.clock import MILLISECOND_NS
from sinks.clickhouse.schema import tables
from sinks.webhook.database import Database, asked, asked_one, database_id, transaction
from sinks.webhook.limits import LOG_ROWS

TABLE = "webhook_deliveries"
TIME = pa.timestamp("ns", tz="UTC")
Insert = Callable[[str, pa.Table, str], None]  # a table, its rows and their deduplication token; raises where it failed
_MONTH = "strftime('%Y%m', started_ns / 1000000000, 'unixepoch')"
_ROWS = (
    "select tenant, endpoint, webhook_id, kind, venue, instrument, timeframe, stream, sequence, position, receive_ns,"
    " started_ns, attempt, duration_ns, status_code, error, state, next_ns, number from attempts"
    " where number between ? and ? order by number"
)


class Block(NamedTuple):
    """Rows that go together: the numbers of the first and the last."""

    first: int
    last: int


class Shipper:
    """Of one database; not for two threads at once."""

    def __init__(self, database: Database, insert: Insert) -> None:
        self._database, self._insert = database, insert
        self._id = database_id(database)

    def turn(self) -> int:
        """Ship one block; how many rows it had. Raises what `insert` raises, and then ships the same block again."""
        block = self._decided() or self._decide()
        if block is None:
            return 0
        rows = self._rows(block)
        self._insert(TABLE, rows, f"{TABLE}|{self._id}|{block.first}|{block.last}|{tables()[TABLE].version}")
        with transaction(self._database):
            self._database.execute("delete from shipments")
            self._database.execute("insert or replace into facts values ('shipped', ?)", (str(block.last),))
        return int(rows.num_rows)

    def _decided(self) -> Block | None:
        """The block that was decided and not confirmed."""
        row = asked_one(self._database, "select first, last from shipments")
        return None if row is None else Block(*row)

    def _decide(self) -> Block | None:
        """The next rows, all of one month: an insert is whole only within a partition of the table."""
        after = shipped(self._database)
        if asked_one(self._database, "select 1 from attempts where number > ? limit 1", (after,)) is None:
            return None
        with transaction(self._database):
            found = self._database.execute(
                f"select number, {_MONTH} from attempts where number > ? order by number limit ?", (after, LOG_ROWS)
            ).fetchall()
            numbers = [number for number, month in found if month == found[0][1]]
            other = next((number for number, month in found if month != found[0][1]), None)
            last = max(number for number in numbers if other is None or number < other)
            self._database.execute("insert into shipments values (?, ?)", (numbers[0], last))
        return Block(numbers[0], last)

    def _rows(self, block: Block) -> pa.Table:
        columns = list(zip(*asked(self._database, _ROWS, block), strict=True))
        texts, numbers = pa.string(), pa.int64()
        types = [texts] * 8 + [numbers, pa.int32(), TIME, TIME, pa.int32(), pa.float64(), pa.int32()]
        types += [texts, texts, TIME, numbers]
        names = [name for name in tables()[TABLE].columns if name != "log"]
        columns[names.index("duration_ms")] = tuple(ns / MILLISECOND_NS for ns in columns[names.index("duration_ms")])
        arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        rows = pa.table(arrays, names=names)
        return rows.append_column("log", pa.array([self._id] * rows.num_rows, texts))


def shipped(database: Database) -> int:
    """The last row of the log that is in the store."""
    row = asked_one(database, "select value from facts where name = 'shipped'")
    return int(row[0]) if row is not None else 0
