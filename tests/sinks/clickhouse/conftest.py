"""One migrated store for all tests that leave it as they found it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

sys.path.insert(0, str(Path(__file__).parent))

from store_process import StoreProcess, start

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    running = start(tmp_path_factory.mktemp("store"))
    migrate(connect(running.dsn))
    yield running
    running.end()


@pytest.fixture(scope="session")
def client(store: StoreProcess) -> Iterator[Client]:
    client = connect(store.dsn)
    yield client
    client.close()


@pytest.fixture
def table(store: StoreProcess) -> Iterator[str]:
    """An empty table `scratch.t (a UInt64, s String)` that knows tokens."""
    store.text("create database if not exists scratch engine = Atomic")
    store.text(
        "create or replace table scratch.t (a UInt64, s String) engine = MergeTree order by a "
        "settings non_replicated_deduplication_window = 100"
    )
    yield "scratch.t"
    store.text("drop table scratch.t sync")
