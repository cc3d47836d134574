"""A cluster that follows journals: it ends whole when asked to, goes on with others, and takes new journals in."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.cluster import free_addresses
from market.journal import partition_path
from sinks.journal import JournalWriter


def append(data: Path, shard: str, rows: int) -> None:
    with JournalWriter(partition_path(data, "market", shard), venue="v", shard=shard, block_ns=1) as journal:
        for _ in range(rows):
            journal.append([journal.last_offset() + 1], [b"frame"])


def seen(data: Path) -> list[tuple[str, int, bool]]:
    path = data / "seen"
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return sorted((shard, int(offset), last == "1") for shard, offset, last in lines)


@contextmanager
def cluster(data: Path, workers: int) -> Iterator[None]:
    """Runs so many members, asks them to stop, and sees them end well."""
    command = [sys.executable, "-m", "tests.flows.plain_member", str(data)]
    addresses = ",".join(free_addresses(workers))
    members = [subprocess.Popen([*command, str(number), addresses]) for number in range(workers)]
    try:
        yield
        for member in members:
            member.terminate()
        assert [member.wait(120) for member in members] == [0] * workers
    finally:
        for member in members:
            member.kill()
            member.wait()


def until(data: Path, *rows: tuple[str, int]) -> None:
    """Wait until these rows, and whatever was before them, are handed on."""
    deadline = time.monotonic() + 200
    while not {(shard, offset, False) for shard, offset in rows} <= set(seen(data)):
        assert time.monotonic() < deadline, seen(data)
        time.sleep(0.05)


@pytest.mark.timeout(600)
def test_stopped_and_started_with_other_numbers_it_hands_every_row_on_once(tmp_path: Path) -> None:
    shards = [f"v/{number}" for number in range(4)]
    for shard in shards:
        append(tmp_path, shard, 5)
    for turn, workers in enumerate((2, 3, 2), start=1):
        with cluster(tmp_path, workers):
            until(tmp_path, *((shard, 5 * turn) for shard in shards))
        found = seen(tmp_path)
        assert [row for row in found if not row[2]] == [(s, n, False) for s in shards for n in range(1, 5 * turn + 1)]
        assert [row for row in found if row[2]] == [(s, 5 * n, True) for s in shards for n in range(1, turn + 1)]
        for shard in shards:
            append(tmp_path, shard, 5)


@pytest.mark.timeout(600)
def test_a_journal_that_appears_is_taken_in_by_all_members_together(tmp_path: Path) -> None:
    append(tmp_path, "v/0", 3)
    with cluster(tmp_path, 2):
        until(tmp_path, ("v/0", 3))
        append(tmp_path, "v/1", 2)
        append(tmp_path, "v/2", 2)
        until(tmp_path, ("v/1", 2), ("v/2", 2))
        append(tmp_path, "v/0", 1)
        until(tmp_path, ("v/0", 4))
    assert [row for row in seen(tmp_path) if not row[2]] == [
        *(("v/0", offset, False) for offset in (1, 2, 3, 4)),
        *((shard, offset, False) for shard in ("v/1", "v/2") for offset in (1, 2)),
    ]
    assert [row for row in seen(tmp_path) if row[2]] == [("v/0", 4, True), ("v/1", 2, True), ("v/2", 2, True)]
