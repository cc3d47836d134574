"""`kill -9` of any process of `barograph up` while frames flow, a reader asks and one listens to the stream: nothing is
lost, nothing comes twice.

After the kills each process is suspended and started a second time. BAROGRAPH_KILLS says how many kills, BAROGRAPH_SEED
which (`make kill`); the supervisor is killed too in the long form.
"""

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import polars as pl
import pytest

from market.broadcast import broadcast_path
from tests.flows.pipe import barograph, settings_file, tables_of, without_cuts
from tests.kill.listener import Listener
from tests.kill.processes import PROCESSES, SUPERVISOR, Pipe
from tests.kill.reader import Reader
from tests.kill.run import kill_at_random
from tests.kill.suspended import suspend_each

KILLS = int(os.environ.get("BAROGRAPH_KILLS", "8"))
SEED = int(os.environ.get("BAROGRAPH_SEED", "7"))
SHORT = 20
LONGEST_S = 3600.0  # of a replay of everything, on a machine that others use too
SABOTAGE = Path(__file__).parent / "sabotage"
SETTINGS: dict[str, dict[str, object]] = {
    "flow": {"snapshot_interval_s": 3.0},
    "simulator": {"rate": 40.0},  # each process that starts again must catch up beside the others' work
    "supervise": {"port": 0, "brake_deaths": 1_000_000},  # its brake would spare what dies so often
}


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[tuple[Pipe, Reader]]:
    """Everything under a supervisor, and one who reads; both stop in the end."""
    with Pipe(settings_file(folder, **SETTINGS), folder / "data", environment) as pipe:
        with Reader(folder / "data") as reader:
            yield pipe, reader
        assert pipe.stop() == 0


def recorded_elsewhere(folder: Path, of: Path) -> Path:
    """Settings of a folder that has the same recorded frames and nothing else; other snapshots change nothing."""
    shutil.copytree(of.parent / "data" / "journal" / "market", folder / "data" / "journal" / "market")
    return settings_file(folder, flow={"snapshot_interval_s": 60.0})


def replayed(config: Path) -> dict[str, pl.DataFrame]:
    """The tables once everything recorded is computed."""
    barograph("replay", "--config", config, timeout_s=LONGEST_S)
    return tables_of(config)


def messages(config: Path, topic: str) -> list[tuple[object, ...]]:
    """What one flow told another, with the offsets it got."""
    (path,) = (config.parent / "data" / "journal" / topic).glob("*.db")
    with closing(sqlite3.connect(path)) as journal:
        return journal.execute("select offset, received_ns, frames, source, source_offset from batches").fetchall()


def broadcast(config: Path) -> dict[tuple[str, int], bytes]:
    """What the flows told the world, by what it was told of; in which order the two flows speak is open."""
    with closing(sqlite3.connect(broadcast_path(config.parent / "data"))) as journal:
        rows = journal.execute("select source, source_offset, frames from batches").fetchall()
    return {(source, offset): frames for source, offset, frames in rows}


def different(killed: dict[str, pl.DataFrame], clean: dict[str, pl.DataFrame]) -> list[str]:
    """What is not equal, bit for bit, as sentences."""
    assert killed.keys() == clean.keys()
    killed, clean = without_cuts(killed), without_cuts(clean)
    return [
        f"{name}: {killed[name].height} rows, clean {clean[name].height};"
        f" only killed {_only(killed[name], clean[name])}, only clean {_only(clean[name], killed[name])}"
        for name in killed
        if not killed[name].equals(clean[name])
    ]


def _only(rows: pl.DataFrame, others: pl.DataFrame) -> list[dict[str, object]]:
    return rows.join(others, on=rows.columns, how="anti", nulls_equal=True).head(3).to_dicts()


@pytest.mark.timeout(1200 + 30 * KILLS)
def test_killing_or_suspending_any_process_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    victims = [*PROCESSES, SUPERVISOR] if KILLS > SHORT else PROCESSES
    with running(tmp_path / "killed") as (pipe, reader), Listener(pipe.data) as listener:
        record = kill_at_random(pipe, reader, KILLS, random.Random(SEED), victims)
        print(f"\nseed {SEED}\n{record}", flush=True)
        suspend_each(pipe, reader)
    config, seen = pipe.config, reader.seen
    print(f"{len(listener.events)} events heard in {listener.connections} connections", flush=True)
    assert listener.differs() == ""
    assert listener.last > KILLS
    print(f"{seen.polls} looks at the tables, {seen.refusals} not answered", flush=True)
    clean = recorded_elsewhere(tmp_path / "clean", config)
    with ThreadPoolExecutor(2) as pool:
        tables, expected = pool.map(replayed, (config, clean))
    assert tables["quotes"].height > 100
    assert tables["signals"].height > 0
    assert different(tables, expected) == []
    assert messages(config, "trading") == messages(clean, "trading")
    assert broadcast(config) == broadcast(clean)
    assert seen.wrong == []
    assert seen.polls > KILLS


@pytest.mark.skipif(KILLS <= SHORT, reason="in `make kill`; in virtual time: tests/simulation/test_mutations.py")
@pytest.mark.timeout(900)
def test_without_tokens_the_same_kills_are_caught(tmp_path: Path) -> None:
    """The deliberate bug: a new token at every try."""
    with running(tmp_path, PYTHONPATH=str(SABOTAGE)) as (pipe, reader):
        record = kill_at_random(pipe, reader, 4, random.Random(SEED), ["market"], until_wrong=True)
    assert record.total > 0
    assert any("twice" in said or "settled at" in said for said in reader.seen.wrong)
