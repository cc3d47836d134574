"""Making a table as its file says, and giving it what its file has gained since: columns, indexes, codecs, comments.

A codec holds for what is written from now on; older parts get it when they are merged. No row is rewritten at once.
"""

import re
from collections.abc import Iterator, Sequence

from clickhouse_connect.driver.client import Client

from market.errors import StoreError
from sinks.clickhouse.schema import Table

_CODEC = re.compile(r" codec\((.+)\) comment '")
_WIDTH = re.compile(r"(?<=Delta)\(\d\)")  # which ClickHouse adds to some codecs
_COMMENT = re.compile(r" comment '((?:[^']|'')*)'")
OF_TABLE = "where database = currentDatabase() and"
COLUMNS = f"select name, type from system.columns {OF_TABLE} table = {{table:String}}"
SAID = f"select name, compression_codec, comment from system.columns {OF_TABLE} table = {{table:String}}"
INDEXES = f"select name from system.data_skipping_indices {OF_TABLE} table = {{table:String}}"
KEYS = f"select partition_key, sorting_key from system.tables {OF_TABLE} name = {{table:String}}"


def make(client: Client, table: Table) -> None:
    """Make a table where it is missing."""
    client.command(table.statement.replace("create table ", "create table if not exists ", 1))


def extend(client: Client, table: Table) -> None:
    """Add the columns and indexes that a table lacks, and have codecs and comments as the file says.

    Raises StoreError where the table differs by more.
    """
    named = {"table": table.name}
    present = {str(name): str(kind) for name, kind in client.query(COLUMNS, parameters=named).result_rows}
    same = {name: kind for name, kind in table.columns.items() if name in present} == present
    if not same or tuple(client.query(KEYS, parameters=named).first_row or ()) != table.keys:
        raise StoreError(
            f"table {table.name} of the store differs from {table.file} by more than columns "
            "to add; restore the file, or move the folders store and recovery away and replay the journal"
        )
    for name, definition in table.definitions.items():
        if name not in present:
            client.command(f"alter table {table.name} add column if not exists {definition}")
    known = {str(row[0]) for row in client.query(INDEXES, parameters=named).result_rows}
    for name in sorted(table.indexes.keys() - known):
        client.command(f"alter table {table.name} add index if not exists {table.indexes[name]}")
        client.command(f"alter table {table.name} materialize index {name}")  # in the background, part by part
    changes = list(_changes(table, client.query(SAID, parameters=named).result_rows))
    if changes:
        client.command(f"alter table {table.name} {', '.join(changes)}")


def _changes(table: Table, present: Sequence[Sequence[str]]) -> Iterator[str]:
    """Parts of an ALTER for the columns whose codec or comment is not what the file says."""
    for name, codec, comment in present:
        definition = table.definitions[name]
        wanted = _CODEC.search(definition)
        if (wanted[1] if wanted else "") != _WIDTH.sub("", codec).removeprefix("CODEC(").removesuffix(")"):
            yield f"modify column `{name}` codec({wanted[1]})" if wanted else f"modify column `{name}` remove codec"
        said = _COMMENT.findall(definition)[-1]
        if said.replace("''", "'") != comment:
            yield f"comment column `{name}` '{said}'"
