"""What the system's own limits do to a journal: a file that may not grow, and no descriptor left to open one with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from market.errors import DiskError
from sinks.journal_faults import mark_of
from sinks.journal_file import SKIPPED
from tests.sinks.damage import read, writer

ROOT = Path(__file__).parents[2]
LIMITED = """
import json, os, sys
from pathlib import Path
from resource import RLIMIT_FSIZE, RLIMIT_NOFILE, getrlimit, setrlimit
from sinks.journal import JournalWriter

def opened(name):
    return JournalWriter(folder / name, venue="okx", shard="okx/0", block_ns=1, alone=True)

def limited(limit, value):
    setrlimit(limit, (value, getrlimit(limit)[1]))

def tried(name, act):
    try:
        told[name]["said"] = act()
    except Exception as error:
        told[name] |= {"error": type(error).__name__, "said": str(error), "code": getattr(error, "exit_code", None)}

def append():
    for number in range(rows):
        told[now]["kept"].append(journal.append([number], [b"%d" % number + bytes(20_000)]))

folder = Path(sys.argv[1])
told = {now: {"kept": []} for now in ("size", "append", "sync", "open")}
now, journal, rows = "size", opened("size.db"), 200
limited(RLIMIT_FSIZE, 1 << 20)
tried("size", append)
limited(RLIMIT_FSIZE, -1)
first = told["size"]["said"]
tried("size", append)  # though there would be room now
told["size"]["first"] = first
journal.close()
now, journal, rows = "append", opened("open.db"), 5
journal.append([1], [b"first"])
limited(RLIMIT_NOFILE, 64)
held = []
try:
    while True:
        held.append(os.dup(0))
except OSError:
    pass
tried("append", append)
tried("sync", journal.sync)
tried("open", lambda: opened("other.db"))
for handle in held:
    os.close(handle)
journal.close()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """Where a process under limits has written, and what it was told."""
    folder = tmp_path_factory.mktemp("limited")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return folder, json.loads(run.stdout)


def test_a_file_that_may_not_grow_ends_the_writer_and_what_it_had_acknowledged_is_there(
    limited: tuple[Path, dict[str, dict[str, Any]]],
) -> None:
    path, told = limited[0] / "size.db", limited[1]["size"]
    assert (told["error"], told["code"]) == (DiskError.__name__, 74)
    assert told["said"] == told["first"], "it tried again"
    assert 10 < len(told["kept"]) < 100
    assert mark_of(path)
    assert list(read(path)[0]) == told["kept"]
    with writer(path, alone=True) as journal:
        assert journal.append([1], [b"next"]) == told["kept"][-1] + SKIPPED + 1


def test_without_descriptors_rows_are_still_written_and_what_needs_one_says_what_is_missing(
    limited: tuple[Path, dict[str, dict[str, Any]]],
) -> None:
    path, told = limited[0] / "open.db", limited[1]
    assert told["append"]["kept"] == [2, 3, 4, 5, 6]
    assert told["sync"]["code"] == 74
    for name in ("sync", "open"):
        assert "Too many open files" in told[name]["said"]
    assert list(read(path)[0]) == [1, 2, 3, 4, 5, 6]
    with writer(path, alone=True) as journal:
        assert journal.append([1], [b"next"]) > 6
