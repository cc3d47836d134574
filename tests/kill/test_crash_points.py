"""A crash before every single call that leaves a trace: the same journal, the same tables, the same messages.

In `make test` a few of the points of a replay and of the store, and all of the journal's; BAROGRAPH_POINTS=all takes
all (`make kill`), a number so many.
"""

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest

from market.journal import LIVE_BLOCK_NS, partition_path
from simulator.faults import Faults, Strike
from simulator.tape import tape
from sinks.clickhouse.client import connect
from sinks.journal import JournalWriter
from sources.journal_reader import JournalReader
from tests.flows.pipe import settings_file
from tests.kill.appends import path_in, rows
from tests.kill.crash_points import Points, chosen
from tests.kill.warm import Warm
from tests.sinks.clickhouse.store_process import StoreProcess, start
from tests.table_hashes import table_hashes

ASKED = os.environ.get("BAROGRAPH_POINTS", "4")
HOW_MANY = None if ASKED == "all" else int(ASKED)
WORKERS = 1 if HOW_MANY is not None and HOW_MANY < 20 else 2  # a second costs more than a few points
SEED = int(os.environ.get("BAROGRAPH_SEED", "7"))
SYMBOL, SHARD = "BTCUSDT", "simulated/0"
START_NS = int(datetime(2026, 1, 31, 23, 59, 58, 800_000, tzinfo=UTC).timestamp() * 1000) * 1_000_000
SECONDS, RATE, LOST = 3.0, 30.0, 20  # the depth frame of that number is lost
ROW_NS = 500_000_000
EPOCHS = 4  # of a replay, about
KILLED = -9
DEEPEST = 3  # crashes in a row, each while recovering from the one before
SAID_EVERY = 50  # crash points
NESTED = 0.25  # share of crashes that another follows
FILLED = """
select name from system.tables where database = {database:String} and engine like '%MergeTree' and total_rows > 0
    and name != 'migrations'
"""
Result = tuple[dict[str, str], list[tuple[object, ...]]]  # digests of the tables, messages to trading


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
    """What capture would have recorded around midnight at the end of a month, with a lost frame."""
    folder = tmp_path_factory.mktemp("recorded")
    lost = Faults(script=[Strike("drop", SYMBOL, LOST)])
    frames = tape(
        instruments=[SYMBOL], seed=11, seconds=SECONDS, rate=RATE, records=True, start_ns=START_NS, faults=lost
    )
    with JournalWriter(
        partition_path(folder, "market", SHARD), venue="simulated", shard=SHARD, block_ns=LIVE_BLOCK_NS
    ) as writer:
        for _, row in groupby(frames, lambda frame: frame[0] // ROW_NS):
            times, told = zip(*row, strict=True)
            writer.append(times, told)
    return folder / "journal"


class Replays:
    """Replays of one journal into a database of its own, crashing where they are told."""

    def __init__(self, folder: Path, journal: Path, store: StoreProcess) -> None:
        folder.mkdir()
        self._folder, self._journal = folder, journal
        self._database = folder.name
        self._dsn = f"http://default@127.0.0.1:{store.port}/{self._database}"
        self.snapshot_s = 3600.0
        self.points = Points(folder / "points", folder / "runs")
        self.warm = Warm("tests.kill.replays", self.points.environment)

    def clean(self) -> tuple[Result, int, int]:
        """What comes out without crashes; how many points that has, and how many more where no tables are made yet."""
        result, _ = self.result_after()
        making = self.points.count
        began_s = time.monotonic()
        assert self.result_after() == (result, [0])
        making -= self.points.count
        self.snapshot_s = (time.monotonic() - began_s) / EPOCHS
        assert self.result_after() == (result, [0])
        return result, self.points.count, making

    def result_after(self, *crashes: int, new: bool = False) -> tuple[Result, list[int]]:
        """Digests of the tables and the messages to trading after such crashes; how each replay ended.

        The tables are there already, empty, unless `new`.
        """
        folder = self._folder / "runs" / "_".join(map(str, (*crashes, 0)))
        settings_file(folder, store={"dsn": self._dsn}, flow={"snapshot_interval_s": self.snapshot_s})
        shutil.copytree(self._journal, folder / "data" / "journal")
        client = connect(self._dsn)
        if new:
            client.command(f"drop database if exists {self._database} sync")
        ends = []
        for at in (*crashes, 0):
            self.points.arm(at)
            ends.append(self.warm.run(folder))
        assert ends[-1] == 0, folder.with_suffix(".log").read_text()
        with closing(sqlite3.connect(folder / "data" / "journal" / "trading" / "trading-0.db")) as told:
            messages = told.execute("select offset, received_ns, frames, source, source_offset from batches").fetchall()
        tables = table_hashes(client)
        for (name,) in client.query(FILLED, parameters={"database": self._database}).result_rows:
            client.command(f"truncate table `{name}` sync")
        shutil.rmtree(folder)
        return (tables, messages), ends


class Script(NamedTuple):
    """Crashes one after the other, of a replay into tables that are there, or into none."""

    crashes: tuple[int, ...]
    new: bool = False


@pytest.mark.timeout(0 if HOW_MANY is None else 900 + 60 * HOW_MANY)
def test_tables_are_the_same_wherever_a_replay_crashes(tmp_path: Path, journal: Path, store: StoreProcess) -> None:
    parts = [Replays(tmp_path / name, journal, store) for name in ("one", "other")[:WORKERS]]
    with ThreadPoolExecutor(WORKERS) as pool, ExitStack() as stack:
        for part in parts:
            stack.enter_context(part.warm)
        (expected, count, making), *_ = pool.map(Replays.clean, parts)
        assert (len(expected[1]) > 0, count > 300, making > 50) == (True, True, True)
        chance = random.Random(SEED)
        at_random = ((at, *(chance.randint(1, count) for _ in range(nested(chance)))) for at in chosen(count, HOW_MANY))
        making_points = chosen(making, None if HOW_MANY is None else max(1, HOW_MANY // 4))
        scripts = [*(Script(crashes) for crashes in at_random), *(Script((at,), new=True) for at in making_points)]
        print(f"\n{count} points, {making} more while tables are made; {len(scripts)} taken, seed {SEED}", flush=True)

        def run(part: Replays, share: list[Script]) -> list[tuple[Script, list[int], bool]]:
            done = []
            for script in share:
                result, ends = part.result_after(*script.crashes, new=script.new)
                done.append((script, ends, result == expected))
                if len(done) % SAID_EVERY == 0:
                    print(f"{len(done)} of {len(share)}, {sum(not right for *_, right in done)} wrong", flush=True)
            return done

        shares = [scripts[number::WORKERS] for number in range(WORKERS)]
        done = [script for share in pool.map(run, parts, shares) for script in share]
    assert [script for script in done if not script[2]] == []
    crashes = [ends.count(KILLED) for _, ends, _ in done]
    print(f"{sum(crashes)} crashes in {sum(map(bool, crashes))} replays")
    assert sum(crashes) >= 0.7 * len(scripts)  # a run that is quicker than the first has fewer points


def nested(chance: random.Random) -> int:
    """Crashes that follow a crash while it is recovered from."""
    return chance.randint(1, DEEPEST - 1) if chance.random() < NESTED else 0
