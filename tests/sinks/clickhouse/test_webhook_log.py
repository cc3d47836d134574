"""The log of webhooks reaches its table in order and each row once, whenever the store or the process goes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

sys.path.insert(0, str(Path(__file__).parent))

from store_process import StoreProcess

from market.clock import ManualClock
from sinks.clickhouse.inserter import Inserter
from sinks.clickhouse.schema import sql_files
from sinks.webhook import shipper
from sinks.webhook.address import Rules
from sinks.webhook.attempt import Tried, outcome_of
from sinks.webhook.database import Database, opened
from sinks.webhook.desk import Desk
from sinks.webhook.filters import Filters
from sinks.webhook.outbox import delivery_of
from sinks.webhook.payload import Event, body
from sinks.webhook.shipper import Shipper, shipped

MONTH_NS = 31 * 86_400 * 10**9
START_NS = 1_790_000_000 * 10**9
CHECKS = ("duplicates_webhook_deliveries", "webhook_deliveries_out_of_order")


def attempted(data: Path, deliveries: int, tries: int = 3) -> str:
    """A database with so many deliveries, each tried so often, a month apart; its endpoint."""
    with Desk(data, ManualClock(START_NS), Rules()) as desk:
        endpoint, _ = desk.add("https://ok.example/", Filters(), "default")
        for number in range(deliveries):
            event = Event("s", number, 0, "signal", START_NS, {"instrument": "BTCUSDT", "venue": "okx"})
            made = delivery_of(event, endpoint.id, body(event), START_NS)
            desk.outbox.put(made)
            outcomes = [
                outcome_of(Tried(made.webhook_id, endpoint.id, n, START_NS + n * MONTH_NS, 5_000_000, 500 - 300 * n))
                for n in range(tries - 1)
            ]
            desk.outbox.record(outcomes)
    return endpoint.id


@pytest.fixture
def emptied(client: Client) -> Iterator[Client]:
    yield client
    client.command("truncate table webhook_deliveries")


class Dying:
    """An inserter that dies on its way to the store, or on its way back, at every second call."""

    def __init__(self, inner: Inserter) -> None:
        self._inner, self._calls = inner, 0

    def __call__(self, table: str, rows: pa.Table, token: str) -> None:
        self._calls += 1
        if self._calls % 4 == 1:
            raise ConnectionError("before")
        self._inner(table, rows, token)
        if self._calls % 4 == 3:
            raise ConnectionError("after")


def test_every_attempt_is_a_row_once_wherever_shipping_dies(
    tmp_path: Path, store: StoreProcess, emptied: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipper, "LOG_ROWS", 4)
    endpoint = attempted(tmp_path, 9)
    inserter = Inserter(store.dsn)
    dying, deaths = Dying(inserter), 0
    while True:
        database: Database = opened(tmp_path)
        try:
            if not Shipper(database, dying).turn():
                break
        except ConnectionError:
            deaths += 1
        finally:
            database.close()
    database = opened(tmp_path)
    told = database.execute("select number, webhook_id, attempt, state, status_code from attempts").fetchall()
    assert (shipped(database), deaths > 8) == (len(told), True)
    database.close()
    inserter.close()
    columns = "number, webhook_id, attempt, state, status_code"
    found = emptied.query(f"select {columns} from webhook_deliveries order by number").result_rows
    assert found == told
    first = "tenant, endpoint, venue, instrument, sequence, duration_ms, state, next_attempt is null, toYear(time)"
    row = emptied.query(f"select {first} from webhook_deliveries order by number limit 1").result_rows[0]
    assert row == ("default", endpoint, "okx", "BTCUSDT", 0, 5.0, "failed", 0, 2026)
    for check in CHECKS:
        assert emptied.query(sql_files("checks")[check]).result_rows == []


def test_another_database_in_its_place_does_not_pass_for_it(
    tmp_path: Path, store: StoreProcess, emptied: Client
) -> None:
    inserter = Inserter(store.dsn)
    for folder in ("a", "b"):
        attempted(tmp_path / folder, 2)
        database = opened(tmp_path / folder)
        while Shipper(database, inserter).turn():
            pass
        database.close()
    inserter.close()
    counts = emptied.query("select count(), uniqExact(log), max(number) from webhook_deliveries").result_rows
    assert counts == [(8, 2, 4)]
