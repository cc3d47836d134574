"""A crash before every single call that leaves a trace: the same journal, the same tables, the same messages.

In `make test` a few of the points of a replay and of the store, and all of the journal's; BAROGRAPH_POINTS=all takes
all (`make kill`), a number so many.
"""

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from simulator.tape import write_capture
from sinks.clickhouse.client import connect
from sources.journal_reader import JournalReader
from tests.flows.pipe import barograph, settings_file
from tests.kill.appends import path_in, rows
from tests.kill.crash_points import Points, chosen
from tests.kill.warm import Warm
from tests.sinks.clickhouse.store_process import StoreProcess, start
from tests.table_hashes import table_hashes

ASKED = os.environ.get("BAROGRAPH_POINTS", "8")
HOW_MANY = None if ASKED == "all" else int(ASKED)
SEED = int(os.environ.get("BAROGRAPH_SEED", "7"))
SNAPSHOT_S = 0.15
KILLED = -9
DEEPEST = 3  # crashes in a row, each while recovering from the one before
Messages = list[tuple[object, ...]]


def test_a_journal_is_whole_up_to_its_last_acknowledged_row_wherever_it_crashes(tmp_path: Path) -> None:
    points, expected = Points(tmp_path / "points", tmp_path), list(rows())
    with Warm("tests.kill.appends", points.environment) as warm:
        points.arm(0)
        assert warm.run(tmp_path / "clean") == 0
        assert points.count > 100
        for at in chosen(points.count, None):
            folder = tmp_path / str(at)
            points.arm(at)
            assert warm.run(folder) == KILLED
            assert _appended(folder) == expected[: len(_appended(folder))]
            acknowledged = folder.with_suffix(".acknowledged")
            known = acknowledged.stat().st_size if acknowledged.exists() else 0
            assert known <= len(_appended(folder)) <= known + 1, at
            points.arm(0)
            assert warm.run(folder) == 0
            assert _appended(folder) == expected, at
            shutil.rmtree(folder)


def _appended(folder: Path) -> list[tuple[list[int], list[bytes]]]:
    path = path_in(folder)
    if not path.exists():
        return []
    with JournalReader(path) as journal:
        return [(read.received_ns.tolist(), [bytes(frame) for frame in read.frames]) for read in journal.read(0, 1000)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    made = start(tmp_path_factory.mktemp("store"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    write_capture(folder / "tape.gz", instruments=["BTCUSDT", "ETHUSDT"], seed=11, seconds=6, rate=30)
    barograph("import", folder / "tape.gz", "--venue", "binance-usdm", "--config", settings_file(folder))
    return folder / "data" / "journal"


class Replays:
    """Replays of one journal into databases of their own, crashing where they are told."""

    def __init__(self, folder: Path, journal: Path, store: StoreProcess) -> None:
        folder.mkdir()
        self._folder, self._journal, self._store = folder, journal, store
        self.points = Points(folder / "points", folder / "runs")
        self.warm = Warm("tests.kill.replays", self.points.environment)

    def tables_after(self, *crashes: int) -> tuple[dict[str, str], Messages, list[int]]:
        """Digests of the tables and the messages to trading after such crashes; how each replay ended."""
        database = f"{self._folder.name}_{'_'.join(map(str, crashes))}"
        dsn = f"http://default@127.0.0.1:{self._store.port}/{database}"
        folder = self._folder / "runs" / database
        settings_file(folder, store={"dsn": dsn}, flow={"snapshot_interval_s": SNAPSHOT_S})
        shutil.copytree(self._journal, folder / "data" / "journal")
        ends = []
        for at in (*crashes, 0):
            self.points.arm(at)
            ends.append(self.warm.run(folder))
        assert ends[-1] == 0, folder.with_suffix(".log").read_text()
        client = connect(dsn)
        tables = table_hashes(client)
        client.command(f"drop database {database} sync")
        with closing(sqlite3.connect(folder / "data" / "journal" / "trading" / "trading-0.db")) as told:
            messages = told.execute("select offset, received_ns, frames, source, source_offset from batches").fetchall()
        shutil.rmtree(folder)
        return tables, messages, ends


@pytest.mark.timeout(0 if HOW_MANY is None else 900 + 60 * HOW_MANY)
def test_tables_are_the_same_wherever_a_replay_crashes(tmp_path: Path, journal: Path, store: StoreProcess) -> None:
    halves = [Replays(tmp_path / name, journal, store) for name in ("one", "other")]
    with halves[0].warm, halves[1].warm, ThreadPoolExecutor(2) as pool:
        tables, messages, ends = halves[0].tables_after()
        count = halves[0].points.count
        assert (ends, len(messages) > 0, count > 500) == ([0], True, True)
        chance = random.Random(SEED)
        scripts = [
            (at, *(chance.randint(1, count) for _ in range(chance.randint(0, DEEPEST - 1))))
            for at in chosen(count, HOW_MANY)
        ]
        print(f"\n{count} crash points, {len(scripts)} taken, seed {SEED}")

        crashed = []

        def wrong(half: Replays, scripts: list[tuple[int, ...]]) -> list[tuple[tuple[int, ...], object]]:
            found: list[tuple[tuple[int, ...], object]] = []
            for crashes in scripts:
                after, told, ends = half.tables_after(*crashes)
                crashed.append(ends.count(KILLED))
                differ = [name for name in tables if after[name] != tables[name]]
                if differ or told != messages:
                    found.append((crashes, (differ, told == messages)))
            return found

        both = pool.map(wrong, halves, (scripts[::2], scripts[1::2]))
        assert [script for found in both for script in found] == []
        print(f"{sum(crashed)} crashes")
        assert sum(crashed) >= 0.7 * len(scripts)  # a later replay has less to do, and may end before its point
