"""The same journal gives the same tables, whatever the process is like: hash seed, polls, snapshots, zone, threads.

Each run is a process of its own through the command line, into a database of its own of one store.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from simulator.tape import write_capture
from sinks.clickhouse.client import connect
from tests.flows.pipe import barograph, settings_file
from tests.sinks.clickhouse.store_process import StoreProcess, start
from tests.table_hashes import table_hashes

ROOT = Path(__file__).parents[1]
RUN = """
import sys
from pathlib import Path
import sources.journal
from flows.recorded import run_replay
from flows.settings import load
sources.journal.ROWS_PER_POLL, sources.journal.FRAMES_PER_POLL = int(sys.argv[2]), int(sys.argv[3])
run_replay(load(Path(sys.argv[1])), speed=None)
"""
# rows and frames of a poll, seconds between snapshots, environment
RUNS: dict[str, tuple[int, int, float, dict[str, str]]] = {
    "plain": (64, 4096, 5.0, {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"}),
    "one row at a time": (1, 1, 0.05, {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"}),
    "another machine": (
        1000,
        10**6,
        1.0,
        {
            "PYTHONHASHSEED": "random",
            "TZ": "America/St_Johns",
            "LC_ALL": "de_DE.UTF-8",
            "POLARS_MAX_THREADS": "1",
            "NUMBA_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
    ),
}
Outcome = tuple[dict[str, str], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    made = start(tmp_path_factory.mktemp("store"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the journal of 40 s of the simulated exchange."""
    folder = tmp_path_factory.mktemp("recorded")
    write_capture(folder / "tape.gz", instruments=["BTCUSDT", "ETHUSDT"], seed=11, seconds=40, rate=120)
    barograph("import", folder / "tape.gz", "--venue", "binance-usdm", "--config", settings_file(folder))
    return folder / "data" / "journal"


def replayed(folder: Path, journal: Path, dsn: str, name: str) -> Outcome:
    """Digests of the tables, and what the flows told trading and the world."""
    rows, frames, snapshot_s, environment = RUNS[name]
    config = settings_file(folder, store={"dsn": dsn}, flow={"snapshot_interval_s": snapshot_s})
    shutil.copytree(journal, folder / "data" / "journal")
    command = [sys.executable, "-c", RUN, str(config), str(rows), str(frames)]
    environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=600)
    return table_hashes(connect(dsn)), [*told(folder, "trading"), *told(folder, "broadcast")]


def told(folder: Path, topic: str) -> list[tuple[object, ...]]:
    """What the flows told, by what they were told of."""
    with closing(sqlite3.connect(folder / "data" / "journal" / topic / f"{topic}-0.db")) as journal:
        return journal.execute(
            "select source, source_offset, received_ns, frames from batches order by source, source_offset"
        ).fetchall()


@pytest.mark.timeout(900)
def test_every_run_of_a_journal_gives_the_same_tables_bit_for_bit(
    tmp_path: Path, journal: Path, store: StoreProcess
) -> None:
    def run(number: int) -> Outcome:
        dsn = f"http://default@127.0.0.1:{store.port}/run_{number}"
        return replayed(tmp_path / str(number), journal, dsn, list(RUNS)[number])

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(run, range(len(RUNS))))
    tables, messages = outcomes[0]
    assert int(store.text("select count() from run_0.quotes")) > 1000
    assert int(store.text("select count() from run_0.regimes")) > 20
    assert len(messages) > 500
    for name, outcome in zip(RUNS, outcomes, strict=True):
        assert {table for table in tables if outcome[0][table] != tables[table]} == set(), name
        assert outcome[1] == messages, name


def test_a_digest_tells_tables_apart_that_differ_in_one_repeated_row(store: StoreProcess) -> None:
    client = connect(f"http://default@127.0.0.1:{store.port}/digests")
    client.command("create table one (a Int64) engine = MergeTree order by a")
    client.command("insert into one values (1), (2)")
    before = table_hashes(client)["one"]
    client.command("insert into one values (2)")
    assert table_hashes(client)["one"] != before
