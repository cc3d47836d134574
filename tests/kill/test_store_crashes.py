"""The embedded store, killed before any single call that leaves a trace: every insert is there once, none is missing.

Who inserts does what our writer does: the same rows under the same token until they are acknowledged. So this is also
the acknowledgement that never came: the rows are in their place and the store dies before it can say so.
BAROGRAPH_POINTS says how many of the points, or all.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any
from unittest.mock import patch

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from gateway.runfiles import store_port
from market.errors import StoreError
from sinks.clickhouse.client import connect
from tests.kill.crash_points import Points, chosen
from tests.kill.processes import wait_for
from tests.sinks.clickhouse.store_process import launch

ASKED = os.environ.get("BAROGRAPH_POINTS", "4")
HOW_MANY = None if ASKED == "all" else int(ASKED)
TABLES, BLOCKS, ROWS = ("one", "other"), 4, 50
Tables = dict[str, list[tuple[int, int, int]]]  # by name: block, its rows, and how many of them are distinct
ENVIRONMENT = Lock()  # of this process, which a store inherits
CREATE = """
create table if not exists {name} (block Int64, number Int64, text String) engine = MergeTree
partition by intDiv(block, 2) order by (block, number) settings non_replicated_deduplication_window = 100
"""


class Inserts:
    """A store under crashes, and one who sends everything until it is acknowledged."""

    def __init__(self, data: Path, points: Points) -> None:
        self._data, self._points = data, points
        self._process: subprocess.Popen[str] | None = None
        self.deaths = 0

    def run(self) -> Tables:
        """Insert all blocks; what the tables hold then."""
        for name in TABLES:
            self._until_done(lambda client, name=name: client.command(CREATE.format(name=name)))
        for block in range(BLOCKS):
            for name in TABLES:
                self._until_done(lambda client, name=name, block=block: insert(client, name, block))
        query = "select block, count(), uniqExact(number, text) from {} group by block order by block"
        found = {name: self._until_done(lambda client, name=name: client.query(query.format(name))) for name in TABLES}
        self.end()
        return {name: answer.result_rows for name, answer in found.items()}

    def end(self) -> None:
        """Stop the store, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=30)

    def _until_done(self, work: Callable[[Client], Any]) -> Any:
        while True:
            try:
                return work(self._client())
            except (ClickHouseError, StoreError, HTTPError):
                assert self._process is not None
                assert self._process.wait(20) == -signal.SIGKILL  # the crash, and no other trouble

    def _client(self) -> Client:
        """Of the living store; starts one where there is none."""
        while self._process is None or self._process.poll() is not None:
            if self._process is not None:
                self.deaths += 1
                self._process.communicate()
            with ENVIRONMENT, patch.dict(os.environ, self._points.environment):
                started = self._process = launch(self._data)
            self._wait_for(started)
        return connect(f"http://default@127.0.0.1:{store_port(self._data)}/barograph")

    def _wait_for(self, started: "subprocess.Popen[str]") -> None:
        wait_for(lambda: started.poll() is not None or _pid(self._data) == started.pid, "the store")


def _pid(data: Path) -> int | None:
    """Of the store that says it answers."""
    import msgspec

    try:
        return int(msgspec.json.decode((data / "run" / "store.json").read_bytes())["pid"])
    except (OSError, msgspec.DecodeError):
        return None


def insert(client: Client, table: str, block: int) -> None:
    rows = "".join(f"{block},{number},text {number}\n" for number in range(ROWS))
    settings = {"insert_deduplication_token": f"{table}|{block}", "async_insert": 0}
    client.raw_insert(table, ["block", "number", "text"], rows.encode(), settings=settings, fmt="CSV")


def after_crashes(folder: Path, at: Iterable[int]) -> tuple[list[tuple[int, Tables, int]], int]:
    """Of each point: itself, what the tables hold after a crash there, how often the store died; the last run's points.

    A crash at 0 is none.
    """
    folder.mkdir()
    points, found = Points(folder / "points", folder), []
    for point in at:
        points.arm(point)
        inserts = Inserts(folder / str(point), points)
        try:
            found.append((point, inserts.run(), inserts.deaths))
        finally:
            inserts.end()
        shutil.rmtree(folder / str(point))
    return found, points.count


@pytest.mark.timeout(0 if HOW_MANY is None else 600 + 60 * HOW_MANY)
def test_every_insert_is_there_once_wherever_the_store_crashes(tmp_path: Path) -> None:
    whole = {name: [(block, ROWS, ROWS) for block in range(BLOCKS)] for name in TABLES}
    clean, count = after_crashes(tmp_path / "clean", [0])
    assert (clean, count > 100) == ([(0, whole, 0)], True)
    at = chosen(count, HOW_MANY)
    with ThreadPoolExecutor(2) as pool:
        halves = pool.map(after_crashes, (tmp_path / "one", tmp_path / "other"), (at[::2], at[1::2]))
        done = [point for half, _ in halves for point in half]
    assert [point for point, found, _ in done if found != whole] == []
    deaths = sum(deaths for *_, deaths in done)
    print(f"\n{count} crash points of the store, {len(at)} taken, {deaths} deaths")
    assert deaths >= 0.7 * len(at)  # a store that merges less has fewer points
