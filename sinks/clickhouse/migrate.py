"""Bringing the tables to our version: schema files in order, each once, recorded with its checksum; then the views.

Views hold no data, so a changed one is simply written anew; a schema file that was applied must never change.
"""

import hashlib
import logging

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from market.errors import StoreError
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


def migrate(client: Client) -> list[str]:
    """Apply what is missing; names of the tables made.

    Several processes may do so at once: everything is written so that doing it twice changes nothing.
    Raises StoreError when a file that was applied has changed since, or the store comes from a newer version.
    """
    try:
        client.command(MIGRATIONS)
        known = _applied(client)
        made = [table.name for table in tables().values() if _apply(client, table, known.get(table.version))]
        for statement in _changed_views(client):
            client.command(statement)
    except ClickHouseError as error:
        raise StoreError(f"the store refused a migration: {error}") from error
    if made:
        log.info("made tables %s", ", ".join(made))
    newest = max(table.version for table in tables().values())
    if max(known, default=0) > newest:
        raise StoreError(
            f"the store's tables are of a newer version ({max(known)}) than this barograph knows ({newest}); upgrade it"
        )
    return made


def _applied(client: Client) -> dict[int, str]:
    rows = client.query("select version, any(checksum) from migrations group by version").result_rows
    return {int(version): str(checksum) for version, checksum in rows}


def _apply(client: Client, table: Table, applied: str | None) -> bool:
    if applied == table.checksum:
        return False
    if applied is not None:
        raise StoreError(
            f"schema file {table.version:03d}_{table.name}.sql changed after it was applied; restore it, and put the "
            "change into a new file"
        )
    client.command(table.statement.replace("create table ", "create table if not exists ", 1))
    row = (table.version, table.name, table.checksum)
    token = {"insert_deduplication_token": f"migrations|{table.version}|{table.checksum}", "async_insert": 0}
    client.insert("migrations", [row], column_names=["version", "name", "checksum"], settings=token)
    return True


def _changed_views(client: Client) -> list[str]:
    """Statements of the views that are missing or of another text; a view's comment is the checksum of its text."""
    query = "select name, comment from system.tables where database = currentDatabase() and engine = 'View'"
    present = {str(name): str(comment) for name, comment in client.query(query).result_rows}
    wanted = {name: hashlib.sha256(statement.encode()).hexdigest() for name, statement in sql_files("views").items()}
    return [
        f"{sql_files('views')[name]}comment '{checksum}'"
        for name, checksum in wanted.items()
        if present.get(name) != checksum
    ]
