"""`Load`: an insert block as the store will get it, shaped and under its tokens, the row of `commits` last.

A reader that sees the commit of a block sees all its other rows: the commit is inserted when they are confirmed.
"""

from collections import Counter
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from sinks.clickhouse.blocks import Block
from sinks.clickhouse.partitions import by_partition
from sinks.clickhouse.tables import arrow, rows_of

COMMITS = "commits"
_SCHEMA: dict[str, Any] = {
    "shard": pl.String,
    "source": pl.String,
    "previous_offset": pl.Int64,
    "first_offset": pl.Int64,
    "last_offset": pl.Int64,
    "first_receive_time": pl.Int64,
    "receive_time": pl.Int64,
    "journal_rows": pl.Int64,
    "received": pl.Int64,
    "applied": pl.Int64,
    "duplicate": pl.Int64,
    "dead_lettered": pl.Int64,
    "control": pl.Int64,
    "shed": pl.Int64,
    "rows": pl.List(pl.Struct({"key": pl.String, "value": pl.Int64})),
}


class Insertion(NamedTuple):
    """Rows of one partition of one table."""

    table: str
    token: str
    rows: pa.Table


class Load(NamedTuple):
    """Everything that is inserted for one block, in order."""

    shard: str
    source: str
    previous_offset: int
    first_offset: int
    last_offset: int
    heard_ns: int  # receive time of the newest batch with rows; 0 where that says nothing of the present
    insertions: tuple[Insertion, ...]


def load_of(block: Block) -> Load:
    """The rows of a block, shaped."""
    insertions, written = [], Counter[str]()
    for table, rows in rows_of(block.parts):
        written[table] = rows.num_rows
        for partition, some in by_partition(table, rows):
            token = block.token(table)
            insertions.append(Insertion(table, f"{token}|{partition}" if partition else token, some))
    if not block.measured:
        insertions.append(Insertion(COMMITS, block.token(COMMITS), commit_of(block, written)))
    return Load(
        block.shard, block.source, block.previous_offset, block.first_offset, block.last_offset, block.heard_ns,
        tuple(insertions),
    )  # fmt: skip


def commit_of(block: Block, written: Counter[str]) -> pa.Table:
    """The row of table `commits` for a block. written: its rows by table."""
    of = block.accounts
    row = (
        block.shard, block.source, block.previous_offset, block.first_offset, block.last_offset,
        block.first_receive_ns, block.last_receive_ns, block.journal_rows,
        of.received, of.applied, of.duplicate, of.dead_lettered, of.control, of.shed,
        [{"key": table, "value": rows} for table, rows in sorted(written.items())],
    )  # fmt: skip
    return arrow(COMMITS, pl.DataFrame([row], schema=_SCHEMA, orient="row"))
