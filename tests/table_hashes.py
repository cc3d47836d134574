"""What lies in a store as one SHA-256 per table: every row, duplicates included, in one order."""

import hashlib

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.rollups import derived

# What a run measures of itself, not of the market, and what is made of other tables a little later.
MEASURED = {"latency", "migrations", "reconciliations", "webhook_deliveries"} | derived()
NAMES = """
select name from system.tables where database = {database:String} and engine like '%MergeTree' order by name
"""


def table_hashes(client: Client) -> dict[str, str]:
    """Hex digest by table, of the database that the client is connected to."""
    found = client.query(NAMES, parameters={"database": client.database}).result_rows
    return {name: table_hash(client, name) for (name,) in found if name not in MEASURED}


def table_hash(client: Client, table: str) -> str:
    """Hex digest of the rows of a table, sorted by all columns, as they lie there."""
    rows = client.raw_query(
        f"select * from `{table}` order by all settings final = 0", fmt="RowBinaryWithNamesAndTypes"
    )
    return hashlib.sha256(rows).hexdigest()
