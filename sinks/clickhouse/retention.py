"""How long ticks are kept: a TTL on the tables of ticks, and one on their roll-ups by the second.

Whole days go at once, when all rows of a part are older: nothing is rewritten for it. Minutes and hours of the
roll-ups, bars and everything else stay. Age is told by the store's clock, so an old capture that is imported into a
store with a TTL is gone soon after.
"""

import logging
import re
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.rollups import families

log = logging.getLogger("barograph.migrate")

TICKS = ("quotes", "trades", "marks", "features")
FOR_EVER = 0
_DEFINED = "select create_table_query from system.tables where database = currentDatabase() and name = {table:String}"
_TTL = re.compile(r"\bTTL toDateTime\((\w+)\) \+ toIntervalDay\((\d+)\)")


class Retention(NamedTuple):
    """Days; 0: for ever."""

    ticks: int = FOR_EVER  # rows of quotes, trades, marks and features
    seconds: int = FOR_EVER  # roll-ups of one second

    def tables(self) -> dict[str, tuple[str, int]]:
        """Of every table that has a TTL: the column that tells a row's age, and days."""
        seconds = {family.tables["1s"].name: ("time", self.seconds) for family in families().values()}
        return dict.fromkeys(TICKS, ("receive_time", self.ticks)) | seconds


def retain(client: Client, retention: Retention) -> list[str]:
    """Have the tables' TTLs as given; names of those that changed. May be called by several processes at once."""
    changed = []
    for table, (column, days) in retention.tables().items():
        if _days(client, table) == days:
            continue
        if days == FOR_EVER:
            client.command(f"alter table {table} remove ttl")
        else:
            client.command(f"alter table {table} modify setting ttl_only_drop_parts = 1")
            client.command(f"alter table {table} modify ttl toDateTime({column}) + toIntervalDay({days})")
        changed.append(table)
        log.info("rows of %s are kept %s", table, f"{days} days" if days else "for ever")
    return changed


def _days(client: Client, table: str) -> int:
    defined = client.query(_DEFINED, parameters={"table": table}).result_rows
    found = _TTL.search(str(defined[0][0])) if defined else None
    return int(found[2]) if found else FOR_EVER
