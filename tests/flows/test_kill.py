"""`kill -9` of any process under `barograph up`: tables equal an uninterrupted replay of the same journal.

The short form kills each process a few times; BAROGRAPH_KILLS sets how many kills in all (`make kill-test`).
"""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.flows.pipe import barograph, settings_file, tables_of

KILLS = int(os.environ.get("BAROGRAPH_KILLS", "5"))
VICTIMS = ["market", "trading", "capture", "store", "gateway"]
PROGRESS_TIMEOUT_S = 30.0


def children(parent: int) -> dict[str, int]:
    """Command name → pid of the supervisor's children, from the machine's own process table."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(") ", 1)[1].split()
            words = (stat.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z" and b"flows" in words:
            found[words[words.index(b"flows") + 1].decode()] = int(stat.parent.name)
    return found


def journal_rows(data: Path) -> int:
    """How much capture has recorded; only grows while the pipe lives."""
    path = next(iter((data / "journal" / "market").glob("*.db")), None)
    if path is None:
        return 0
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return int(database.execute("select count(*) from batches").fetchone()[0])


def wait_for(condition, what: str, timeout_s: float = PROGRESS_TIMEOUT_S) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout_s:.0f} s"
        time.sleep(0.1)


@pytest.mark.timeout(1800)
def test_killing_any_process_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    config = settings_file(tmp_path / "killed")
    data = tmp_path / "killed" / "data"
    chance = random.Random(7)
    with subprocess.Popen(
        [sys.executable, "-m", "flows", "up", "--plain", "--config", str(config)], stdout=subprocess.DEVNULL
    ) as up:
        try:
            wait_for(lambda: set(children(up.pid)) >= set(VICTIMS), "all processes running", 90)
            for number in range(KILLS):
                before = journal_rows(data)
                wait_for(lambda before=before: journal_rows(data) >= before + 50, "progress before the next kill")
                time.sleep(chance.uniform(0.2, 1.5))
                victim = VICTIMS[number % len(VICTIMS)]
                pid = children(up.pid).get(victim)
                if pid is not None:
                    os.kill(pid, signal.SIGKILL)
                    wait_for(lambda v=victim, p=pid: children(up.pid).get(v) not in (None, p), f"{victim} coming back")
            before = journal_rows(data)
            wait_for(lambda: journal_rows(data) >= before + 50, "progress after the last kill")
        finally:
            started = time.monotonic()
            up.send_signal(signal.SIGTERM)
            code = up.wait(20)
        assert code == 0
        assert time.monotonic() - started < 5.5
    barograph("replay", "--config", config)  # what was recorded but not yet computed when it stopped

    clean = settings_file(tmp_path / "clean")
    shutil.copytree(data / "journal", tmp_path / "clean" / "data" / "journal")
    barograph("replay", "--config", clean)
    killed_tables, clean_tables = tables_of(config), tables_of(clean)
    assert killed_tables.keys() == clean_tables.keys()
    assert killed_tables["quotes"].height > 100
    different = [name for name, rows in clean_tables.items() if not rows.equals(killed_tables[name])]
    assert different == []
