"""One embedded store for all tests of the SQL."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

sys.path.insert(0, str(Path(__file__).parents[1] / "sinks" / "clickhouse"))

from store_process import StoreProcess, start

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate


@pytest.fixture(scope="session")
def store_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    running = start(tmp_path_factory.mktemp("sql"))
    yield running
    running.end()


@pytest.fixture(scope="module")
def store(store_process: StoreProcess, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A migrated database without rows, one of each file of tests."""
    database = request.module.__name__.rpartition(".")[2]
    client = connect(f"http://default@127.0.0.1:{store_process.port}/{database}")
    migrate(client)
    yield client
    client.close()
