"""Bringing the tables to our version: schema files in order, recorded with their checksums; then the views.

The files are the truth. A table that is missing is made; one that its file has outgrown gets the columns it lacks. Any
other difference is refused, because rows are at stake. Views hold no rows, so all are simply written anew where a view
or a table has changed: a view of every column has those that its table had when it was written. Roll-ups:
`migrate_rollups`.
"""

import hashlib
import logging

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from market.errors import StoreError
from sinks.clickhouse.made import extend, make
from sinks.clickhouse.migrate_rollups import migrate_roll_ups
from sinks.clickhouse.retention import Retention, retain
from sinks.clickhouse.schema import Table, sql_files, tables

log = logging.getLogger("barograph.migrate")

MIGRATIONS = """
create table if not exists migrations
(
    version UInt32 comment 'number of the schema file',
    name String comment 'table it makes',
    checksum String comment 'sha-256 of the file as applied',
    applied_at DateTime64(3, 'UTC') default now64(3) comment 'when it was applied, UTC'
)
engine = ReplacingMergeTree
order by (version, checksum)
settings non_replicated_deduplication_window = 10000
comment 'schema files applied to this database'
"""


def migrate(client: Client, retention: Retention | None = None) -> list[str]:
    """Apply what is missing; names of the tables made or extended. retention: how long ticks are kept; None: as before.

    Several processes may do so at once: everything is written so that doing it twice changes nothing.
    Raises StoreError when a table differs by more than columns to add, or the store comes from a newer version.
    """
    try:
        client.command(MIGRATIONS)
        known = _applied(client)
        made = [table.name for table in tables().values() if _apply(client, table, known.get(table.version))]
        made += migrate_roll_ups(client)
        for statement in _changed_views(client):
            client.command(statement)
        if retention is not None:
            retain(client, retention)
    except ClickHouseError as error:
        raise StoreError(f"the store refused a migration: {error}") from error
    if made:
        log.info("made or extended tables %s", ", ".join(made))
    newest = max(table.version for table in tables().values())
    if max(known, default=0) > newest:
        raise StoreError(
            f"the store's tables are of a newer version ({max(known)}) than this barograph knows ({newest}); upgrade it"
        )
    return made


def _applied(client: Client) -> dict[int, str]:
    rows = client.query("select version, argMax(checksum, applied_at) from migrations group by version").result_rows
    return {int(version): str(checksum) for version, checksum in rows}


def _apply(client: Client, table: Table, applied: str | None) -> bool:
    if applied == table.checksum:
        return False
    if applied is None:
        make(client, table)
    else:
        extend(client, table)
    row = (table.version, table.name, table.checksum)
    token = {"insert_deduplication_token": f"migrations|{table.version}|{table.checksum}", "async_insert": 0}
    client.insert("migrations", [row], column_names=["version", "name", "checksum"], settings=token)
    return True


def _changed_views(client: Client) -> list[str]:
    """Statements of the views that are missing or of another text or tables; a view's comment is their checksum."""
    query = "select name, comment from system.tables where database = currentDatabase() and engine = 'View'"
    present = {str(name): str(comment) for name, comment in client.query(query).result_rows}
    below = "".join(table.checksum for table in tables().values())
    wanted = {
        name: hashlib.sha256((statement + below).encode()).hexdigest() for name, statement in sql_files("views").items()
    }
    return [
        f"{sql_files('views')[name]}comment '{checksum}'"
        for name, checksum in wanted.items()
        if present.get(name) != checksum
    ]
