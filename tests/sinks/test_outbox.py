"""Messages between flows are as durable as the journal they come from."""

import sqlite3
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from market.batch import Batch
from sinks.outbox import OutboxSink
from sources.journal_reader import JournalReader


@pytest.mark.parametrize(("synchronous", "pragma"), [("NORMAL", 1), ("FULL", 2)])
def test_messages_are_written_as_durably_as_they_are_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synchronous: Literal["NORMAL", "FULL"], pragma: int
) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noted(*arguments: object, **options: object) -> sqlite3.Connection:
        opened.append(connect(*arguments, **options))  # type: ignore[call-overload]
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", noted)
    path = tmp_path / "trading-0.db"
    sink = OutboxSink(path, shard="trading/0", messages=lambda _: [b"message"], synchronous=synchronous)
    part = sink.build("tables", 0, 1)
    assert pragma in [_synchronous(connection) for connection in opened]
    batch = Batch("okx/0", 1, np.array([5], np.int64))
    part.write_batch([("okx/0", batch), ("okx/0", batch)])
    part.close()
    with JournalReader(path) as journal:
        assert [bytes(row.frames[0]) for row in journal.read(0, 10)] == [b"message"], "the same batch counts once"


def _synchronous(connection: sqlite3.Connection) -> int:
    try:
        return int(connection.execute("pragma synchronous").fetchone()[0])
    except sqlite3.ProgrammingError:
        return -1  # closed again: it only looked
