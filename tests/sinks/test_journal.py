"""The journal keeps what was appended, in order, through kill -9, foreign files and repeated appends."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from market.errors import JournalError
from market.journal import SCHEMA, StoredRow, checksum, pack, partition_path, partitions
from sinks.journal import JournalWriter
from sources.journal_reader import JournalReader


def writer(path: Path, **changes: object) -> JournalWriter:
    arguments = {"venue": "binance-usdm", "shard": "binance-usdm/0", "block_ns": 250_000_000, **changes}
    return JournalWriter(path, **arguments)  # type: ignore[arg-type]


def test_reader_gives_back_frames_times_and_offsets_in_order(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db") as journal:
        assert journal.append([5, 7], [b"one", b""]) == 1
        assert journal.append([9], [b"\x1e\x00\xff"]) == 2
    with JournalReader(tmp_path / "a.db") as reader:
        first, second = reader.read(0, 10)
        assert (first.offset, first.received_ns.tolist(), list(first.frames)) == (1, [5, 7], [b"one", b""])
        assert (second.offset, list(second.frames)) == (2, [b"\x1e\x00\xff"])
        assert [batch.offset for batch in reader.read(1, 10)] == [2]
        assert reader.read(2, 10) == []
        assert reader.last_offset() == 2


def test_reader_sees_appends_made_after_it_opened(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db") as journal, JournalReader(tmp_path / "a.db") as reader:
        assert reader.read(0, 10) == []
        journal.append([1], [b"x"])
        assert len(reader.read(0, 10)) == 1


def test_row_of_the_same_source_is_appended_once(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db") as journal:
        first = journal.append([1], [b"x"], source="binance-usdm/0", source_offset=4)
        journal.append([2], [b"y"], source="binance-usdm/0", source_offset=5)
        assert journal.append([1], [b"x"], source="binance-usdm/0", source_offset=4) == first
        assert journal.append([3], [b"z"], source="binance-usdm/1", source_offset=4) == 3
        assert journal.last_offset() == 3


def test_block_interval_of_an_existing_journal_is_kept(tmp_path: Path) -> None:
    writer(tmp_path / "a.db").close()
    with writer(tmp_path / "a.db", block_ns=1) as journal:
        assert journal.meta()["block_ns"] == "250000000"


def test_journal_of_another_shard_is_refused(tmp_path: Path) -> None:
    writer(tmp_path / "a.db").close()
    with pytest.raises(JournalError, match="journal of shard binance-usdm/0, not binance-usdm/1"):
        writer(tmp_path / "a.db", shard="binance-usdm/1")


@pytest.mark.parametrize("opener", [writer, JournalReader])
def test_foreign_file_is_an_error_with_the_way_out(tmp_path: Path, opener: type[JournalReader]) -> None:
    (tmp_path / "a.db").write_bytes(b"not a database, but long enough to look like a file" * 100)
    with pytest.raises(JournalError, match="move it away"):
        opener(tmp_path / "a.db")


def test_missing_journal_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="barograph import"):
        JournalReader(tmp_path / "a.db")


def append_and_fail(journal: JournalWriter) -> None:
    with journal.transaction():
        journal.append([1], [b"x"])
        journal.note("imported", "x")
        raise InterruptedError


def test_interrupted_transaction_leaves_nothing(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db") as journal:
        with pytest.raises(InterruptedError):
            append_and_fail(journal)
        assert journal.last_offset() == 0
        assert "imported" not in journal.meta()


def test_prune_drops_old_rows_but_never_the_newest(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db") as journal:
        for time in (1, 2, 3):
            journal.append([time], [b"x"])
        assert journal.prune(2, most_rows=1) == 1
        assert journal.prune(99, most_rows=9) == 1
        assert journal.prune(99, most_rows=9) == 0
        assert journal.append([4], [b"y"]) == 4


def test_appends_without_frames_or_of_unequal_lengths_are_refused(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db") as journal:
        for times in ([], [1]):
            with pytest.raises(ValueError, match="0 frames"):
                journal.append(times, [])


def test_blocks_without_a_length_and_other_ways_to_flush_are_refused(tmp_path: Path) -> None:
    for block_ns in (0, -1):
        with pytest.raises(ValueError, match="block_ns must be positive"):
            writer(tmp_path / "a.db", block_ns=block_ns)
    with pytest.raises(ValueError, match="synchronous must be"):
        writer(tmp_path / "a.db", synchronous="OFF")
    for number, synchronous in ((1, "NORMAL"), (2, "FULL")):
        with writer(tmp_path / "a.db", block_ns=1, synchronous=synchronous) as journal:
            assert journal._database.execute("pragma synchronous").fetchone() == (number,)


def test_a_row_has_a_most_of_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("market.journal.MAX_ROW_BYTES", 10)
    with writer(tmp_path / "a.db") as journal:
        journal.append([1, 2], [b"12345", b"67890"])
        with pytest.raises(JournalError, match="11 bytes is over the limit of 10"):
            journal.append([1, 2], [b"12345", b"678901"])


def test_prune_stops_when_so_many_bytes_are_free_and_size_says_so(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db") as journal:
        for time in range(20):
            journal.append([time], [bytes(10_000)])
        row_bytes = len(pack([1], [bytes(10_000)]))
        used, free = journal.size()
        assert free == 0
        assert 20 * row_bytes < used < 30 * row_bytes
        assert journal.prune(20, most_rows=20, most_bytes=0) == 0
        assert journal.prune(20, most_rows=20, most_bytes=row_bytes) == 1
        assert journal.prune(20, most_rows=20, most_bytes=row_bytes + 1) == 2
        left, free = journal.size()
        assert left + free == used
        assert 2 * row_bytes < free < 4 * row_bytes


def test_the_newest_time_is_that_of_a_whole_row_that_was_received(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db") as journal:
        assert journal.last_received_ns() is None
        for time in (5, 7, 9):
            journal.append([time, time + 1], [b"x", b"y"])
        journal.append([30], [b"x"], source="history", source_offset=1)
        assert journal.last_received_ns() == 10
        journal._database.execute("update batches set received_ns = 99 where offset = 3")
        assert journal.last_received_ns() == 8


def test_a_thread_may_write_and_read_what_another_has_opened(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db") as journal, JournalReader(tmp_path / "a.db") as reader, ThreadPoolExecutor(1) as one:
        assert one.submit(journal.append, [1], [b"x"]).result() == 1
        assert len(one.submit(reader.read, 0, 9).result()) == 1


def test_partitions_are_listed_by_topic(tmp_path: Path) -> None:
    path = partition_path(tmp_path, "market", "binance-usdm/0")
    writer(path).close()
    assert partitions(tmp_path, "market") == [path]
    assert partitions(tmp_path, "control") == []


APPENDER = """
import sys
from pathlib import Path
from sinks.journal import JournalWriter
journal = JournalWriter(Path(sys.argv[1]), venue="binance-usdm", shard="binance-usdm/0", block_ns=1)
while True:
    offset = journal.append([1, 2], [b"a" * 300, b"b" * 300])
    print(offset, flush=True)
"""


def test_every_acknowledged_append_survives_kill_9_and_is_seen_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(path)],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    guard = threading.Timer(30, process.kill)
    guard.start()
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(500)]
    with JournalReader(path) as reader:
        assert reader.last_offset() >= acknowledged[-1]
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout if line.endswith(b"\n")]
        process.wait()
        guard.cancel()
        assert [batch.offset for batch in reader.read(0, len(acknowledged))] == acknowledged
    process.stdout.close()
    with writer(path) as journal:
        last = journal.append([3], [b"c"])  # there may be one that was written and not yet acknowledged
    with JournalReader(path) as reader:
        assert [batch.offset for batch in reader.read(0, last + 1)] == list(range(1, last + 1))


def test_a_rolled_back_transaction_uses_up_no_offset_of_a_writer_that_is_alone(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db", alone=True) as journal:
        with pytest.raises(InterruptedError):
            append_and_fail(journal)
        assert journal.append([1], [b"x"]) == 1


def test_a_row_is_whole_only_with_every_value_that_was_written() -> None:
    check = checksum(5, 7, b"frames", "okx/0", 3)
    whole = StoredRow(5, 7, b"frames", "okx/0", 3, check)
    assert whole.is_whole(0)
    others = ("offset", 4), ("received_ns", 8), ("frames", b"framed"), ("source", "okx/1"), ("source_offset", 2)
    assert not any(whole._replace(**{name: value}).is_whole(0) for name, value in others)
    assert not whole._replace(checksum=None).is_whole(0)


def unchecked(offsets: list[int], received_ns: int = 7) -> StoredRow:
    """A row of schema 1 whose frames lie at these offsets of `abcd`; Arrow itself makes no wrong ones."""
    count = len(offsets) - 1
    right = np.array([0, 1, 2, 3][: count + 1], np.int32)
    times = pa.array([6] * (count - 1) + [7] * (count > 0), pa.int64())
    frames = pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(right), pa.py_buffer(b"abcd")])
    before, _, after = bytes(pa.RecordBatch.from_arrays([times, frames], schema=SCHEMA).serialize()).rpartition(
        right.tobytes()
    )
    return StoredRow(1, received_ns, before + np.array(offsets, np.int32).tobytes() + after, None, None, None)


def test_a_row_without_a_checksum_is_whole_as_far_as_it_can_be_taken_apart() -> None:
    whole = unchecked([0, 4]), unchecked([0, 0, 4]), unchecked([1, 2, 3, 3])
    assert all(row.is_whole(1) for row in whole)
    assert not any(row.is_whole(0) for row in whole), "rows after that one have checksums"
    for offsets in ([0], [0, 3, 2], [-1, 2], [0, 9]):
        assert not unchecked(offsets).is_whole(1), offsets
    assert not unchecked([0, 4], received_ns=6).is_whole(1)
    assert not whole[0]._replace(frames=b"").is_whole(1)
    assert not whole[0]._replace(frames=5).is_whole(1)
