"""A store that is killed between the token of an insert and its rows takes the insert when it is sent again."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from sinks.clickhouse.client import connect
from sinks.clickhouse.unkept import forget_unkept
from tests.sinks.clickhouse.store_process import StoreProcess, start

TABLE = """
create table numbers (number Int64) engine = MergeTree order by number partition by number % 2
settings non_replicated_deduplication_window = 100
"""


def insert(client: Client, number: int) -> None:
    settings = {"insert_deduplication_token": f"numbers|{number}", "async_insert": 0}
    client.raw_insert("numbers", ["number"], f"{number}\n".encode(), settings=settings, fmt="CSV")


def numbers(client: Client) -> list[int]:
    return [row[0] for row in client.query("select number from numbers order by number").result_rows]


@pytest.fixture
def killed(dead: Path, tmp_path: Path) -> Path:
    """A copy of such a store."""
    return shutil.copytree(dead, tmp_path / "killed", symlinks=True)


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that died with the token of 3 written and its part not in its place."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    data = tmp_path_factory.mktemp("dead")
    store = start(data)
    client = connect(store.dsn)
    client.command(TABLE)
    for number in (1, 2):
        insert(client, number)
    inject = ["-e", "trace=rename", "-e", "inject=rename:signal=SIGKILL:when=1"]
    with subprocess.Popen(["strace", "-f", "-qq", *inject, "-p", str(store.process.pid)], stderr=subprocess.DEVNULL):
        _until_traced(store.process.pid)
        with pytest.raises(ClickHouseError):
            insert(client, 3)
        assert store.process.wait(20) == -signal.SIGKILL
    store.end()
    return data


def _until_traced(pid: int) -> None:
    """Every thread of it: any may be the one that renames."""
    for _ in range(200):
        states = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
        if states and not any("TracerPid:\t0" in state for state in states):
            return
        time.sleep(0.05)
    pytest.skip("this machine lets nobody be traced")


def again(data: Path) -> list[int]:
    store: StoreProcess = start(data)
    try:
        client = connect(store.dsn)
        for number in (1, 2, 3):
            insert(client, number)
        return numbers(client)
    finally:
        store.end()


def test_what_the_store_had_is_known_and_what_it_lost_is_taken(killed: Path) -> None:
    assert again(killed) == [1, 2, 3]


def test_only_the_token_without_rows_is_forgotten(killed: Path) -> None:
    assert forget_unkept(killed / "store") == 1
    assert forget_unkept(killed / "store") == 0
