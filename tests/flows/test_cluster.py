"""The market flow as a cluster of processes: other numbers of workers, killed in between, give the same tables."""

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from flows.cluster import free_addresses
from flows.market import run_market
from flows.settings import load
from flows.settings_text import as_toml
from flows.tables import opened_store
from simulator.tape import write_capture
from tests.flows.pipe import barograph, changed, epoch, market_tables, settings_file

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
SECONDS = 9


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shard a symbol, through one process."""
    folder = tmp_path_factory.mktemp("whole")
    captures = [folder / f"{symbol}.gz" for symbol in SYMBOLS]
    for seed, capture in enumerate(captures):
        write_capture(capture, instruments=[SYMBOLS[seed]], seed=seed, seconds=SECONDS, rate=60)
    config = settings_file(folder)
    barograph("import", *captures, "--venue", "binance-usdm", "--config", config)
    shutil.copytree(folder / "data" / "journal", folder / "journal")
    barograph("replay", "--config", config)
    return config


def copied(whole: Path, folder: Path) -> Path:
    """The same journal in a data folder of its own."""
    config = settings_file(folder, flow={"snapshot_interval_s": 0.3})
    shutil.copytree(whole.parent / "journal", folder / "data" / "journal")
    return config


@contextmanager
def cluster(config: Path, workers: int, dsn: str, speed: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many members, on ports that are free now."""
    flow = {"workers": workers, "addresses": free_addresses(workers) if workers > 1 else []}
    config.write_text(as_toml(changed(load(config), flow=flow)))
    command = [sys.executable, "-m", "tests.flows.cluster_member", str(config)]
    members = [subprocess.Popen([*command, str(number), dsn, speed]) for number in range(workers)]
    try:
        yield members
    finally:
        for member in members:
            member.kill()
            member.wait()


def killed_on_the_way(config: Path, workers: int, dsn: str) -> None:
    began = epoch(config)
    with cluster(config, workers, dsn, speed="1") as members:
        deadline = time.monotonic() + 120
        while epoch(config) < began + 3:
            assert all(member.poll() is None for member in members), "a member ended before it was killed"
            assert time.monotonic() < deadline, "no progress"
            time.sleep(0.05)


def finished(config: Path, workers: int, dsn: str) -> None:
    with cluster(config, workers, dsn, speed="max") as members:
        assert [member.wait(120) for member in members] == [0] * workers


@pytest.mark.timeout(600)
def test_two_three_and_two_workers_killed_in_between_and_then_one_give_the_tables_of_one(
    whole: Path, tmp_path: Path
) -> None:
    config = copied(whole, tmp_path)
    with opened_store(load(config)) as dsn:
        for workers in (2, 3, 2):
            killed_on_the_way(config, workers, dsn)
        finished(config, 1, dsn)
    one, many = market_tables(whole), market_tables(config)
    assert one["quotes"].height > 300
    assert {tables["quotes"]["shard"].n_unique() for tables in (one, many)} == {len(SYMBOLS)}
    assert [name for name, rows in one.items() if not rows.equals(many[name])] == []
    assert told(config) == told(whole)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("rows_per_poll", "snapshot_interval_s"), [(1, 0.05), (7, 0.4)])
def test_neither_the_size_of_polls_nor_the_length_of_epochs_changes_a_table_or_a_message(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_per_poll: int, snapshot_interval_s: float
) -> None:
    monkeypatch.setattr("sources.journal.ROWS_PER_POLL", rows_per_poll)
    monkeypatch.setattr("sources.merge.ROWS_PER_READ", 3)
    config = copied(whole, tmp_path)
    settings = changed(load(config), flow={"snapshot_interval_s": snapshot_interval_s})
    with opened_store(settings) as dsn:
        run_market(settings, stop=threading.Event(), follow=False, dsn=dsn)
    one, cut = market_tables(whole), market_tables(config)
    assert [name for name, rows in one.items() if not rows.equals(cut[name])] == []
    assert written(config) == written(whole), "the shards' messages are in another order"


def written(config: Path) -> list[tuple[str, int]]:
    """The rows of the trading journal in their order: which row of which shard each came from."""
    path = load(config).data / "journal" / "trading" / "trading-0.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute("select source, source_offset from batches order by offset").fetchall()


def told(config: Path) -> dict[str, list[bytes]]:
    """What the trading journal was told, by shard: between shards the order is that of writing."""
    path = load(config).data / "journal" / "trading" / "trading-0.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        query = "select source, frames from batches order by source, source_offset"
        found: dict[str, list[bytes]] = {}
        for source, frames in database.execute(query):
            found.setdefault(source, []).append(frames)
    return found


@pytest.mark.timeout(120)
def test_a_member_ends_by_itself_when_another_is_killed(whole: Path, tmp_path: Path) -> None:
    config = copied(whole, tmp_path)
    with opened_store(load(config)) as dsn, cluster(config, 2, dsn, speed="1") as members:
        while epoch(config) < 2:
            assert all(member.poll() is None for member in members)
            time.sleep(0.05)
        members[1].kill()
        assert members[0].wait(30) not in (0, None)
