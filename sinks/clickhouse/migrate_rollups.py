"""Bringing the roll-ups to our version: tables, ledger and the views that write it; then the past is noted.

A roll-up that is new, or computed in another way than before, is filled from all rows that are there: every hour of
them is written into the ledger, and `roll_up` works through it, the newest first. Buckets whose rows are gone stay as
they are. The comment of a family's view says what has been done so far: the checksum of the view itself, and behind
it that of the whole family once the past is noted. So a death on the way repeats it.
"""

import hashlib
import logging

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.made import extend, make
from sinks.clickhouse.rollups import TOUCHED, Family, families, ledger
from sinks.clickhouse.schema import Table

log = logging.getLogger("barograph.migrate")

_VIEWS = "select name, comment from system.tables where database = currentDatabase() and engine = 'MaterializedView'"
_PAST = f"""
insert into {TOUCHED} (name, venue, first_time, last_time, id, noted_at, sign)
select
    '{{table}}', venue, toDateTime(min(receive_time), 'UTC'), toDateTime(max(receive_time), 'UTC'), generateUUIDv4(),
    now64(3, 'UTC'), 1
from {{table}}
group by venue, toStartOfHour(receive_time)
"""


def migrate_roll_ups(client: Client) -> list[str]:
    """Make or renew what is missing or different; names of the tables made or extended.

    Several processes may do so at once. Raises StoreError when a table differs by more than columns to add.
    """
    present = {str(name): str(comment) for name, comment in client.query(_VIEWS).result_rows}
    changed = [family for family in families().values() if present.get(_view(family)) != _said(family)]
    if changed:
        _bring(client, [ledger()])
    return [name for family in changed for name in _renew(client, family, present.get(_view(family)))]


def _renew(client: Client, family: Family, said: str | None) -> list[str]:
    tables = list(family.tables.values())
    _bring(client, tables)
    view = _view(family)
    if said is not None and said.split(" ")[0] != _of_view(family):
        client.command(f"drop view if exists {view} sync")
        said = None
    if said is None:
        made = family.note.replace("create materialized view ", "create materialized view if not exists ", 1)
        client.command(f"{made}comment '{_of_view(family)}'")
    client.command(_PAST.format(table=family.name))
    client.command(f"alter table {view} modify comment '{_said(family)}'")
    log.info("roll-ups of %s are made, and computed from the rows that are there", family.name)
    return [table.name for table in tables]


def _bring(client: Client, tables: list[Table]) -> None:
    for table in tables:
        make(client, table)
        extend(client, table)


def _view(family: Family) -> str:
    return f"{TOUCHED}_{family.name}"


def _of_view(family: Family) -> str:
    return hashlib.sha256(family.note.encode()).hexdigest()[:16]


def _said(family: Family) -> str:
    """The comment of a family's view when all is done."""
    return f"{_of_view(family)} {family.checksum}"
