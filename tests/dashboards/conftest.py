"""A replayed market in a database of its own, with the rows added that a clean replay never has."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from clickhouse_connect.driver.client import Client

from dashboards.macros import Range
from simulator.tape import EPOCH_NS
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from tests.dashboards import live_rows
from tests.replayed import SECONDS

TABLES = """
select name from system.tables
where database = 'barograph' and engine like '%MergeTree' and name not in ('migrations', 'touched')
"""


# These are ready after more trades than so short a market has; a panel must show them all the same.
LATE = ("vpin", "hawkes_buy", "hawkes_sell", "jump_statistic")
READY = ", ".join(f"if(isNaN({name}), 0.5, {name}) as {name}" for name in LATE)


class Market(NamedTuple):
    """Whom to ask, and about what time."""

    client: Client
    span: Range
    dsn: str


@pytest.fixture(scope="session")
def market(replayed_dsn: str) -> Iterator[Market]:
    """The market that all panels are asked of."""
    plain = connect(replayed_dsn)
    plain.command("create database if not exists boards engine = Atomic")
    dsn = replayed_dsn.replace("/barograph", "/boards")
    client = connect(dsn)
    migrate(client)
    for (name,) in plain.query(TABLES).result_rows:
        columns = f"* replace ({READY})" if name.startswith("features") else "*"
        client.command(f"insert into {name} select {columns} from barograph.{name}")
    live_rows.fill(client, EPOCH_NS)
    start_ms = EPOCH_NS // 1_000_000
    yield Market(client, Range(start_ms, start_ms + (SECONDS + 30) * 1_000, 1_000), dsn)
    client.close()
    plain.close()
