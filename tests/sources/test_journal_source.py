"""The source merges partitions deterministically, follows, resumes, paces and ends with closing batches."""

import threading
from pathlib import Path

import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

from market.batch import Batch
from market.clock import SECOND_NS, ManualClock
from market.errors import JournalError
from market.history import HISTORY
from market.journal import partition_path
from sinks.journal import JournalWriter
from sources import merge
from sources.journal import JournalPartition, JournalSource


def append(data: Path, shard: str, *times: int) -> None:
    path = partition_path(data, "market", shard)
    with JournalWriter(path, venue="v", shard=shard, block_ns=1) as journal:
        for time in times:
            journal.append([time], [f"{shard}@{time}".encode()])


def part(
    data: Path, *, follow: bool = False, stop: threading.Event | None = None, resume: dict[str, int] | None = None,
    clock: ManualClock | None = None, speed: float | None = None,
) -> JournalPartition:  # fmt: skip
    source = JournalSource(
        data, follow=follow, stop=stop or threading.Event(), clock=clock or ManualClock(), speed=speed
    )
    return source.build_part("step", "market", resume)


def drained(partition: JournalPartition) -> list[Batch]:
    batches: list[Batch] = []
    for _ in range(10_000):
        try:
            batches += [batch for _, batch in partition.next_batch()]
        except StopIteration:
            return batches
    raise AssertionError("the source did not end")


def frames(batches: list[Batch]) -> list[bytes]:
    return [frame for batch in batches for frame in batch.frames]


def test_rows_of_all_partitions_come_in_order_of_receive_time(tmp_path: Path) -> None:
    append(tmp_path, "v/a", 1, 4, 5)
    append(tmp_path, "v/b", 2, 3, 5)
    assert frames(drained(part(tmp_path))) == [b"v/a@1", b"v/b@2", b"v/b@3", b"v/a@4", b"v/a@5", b"v/b@5"]


def test_order_does_not_depend_on_how_many_rows_are_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(tmp_path, "v/a", *range(0, 300, 3), 7, 500)  # a clock that went back keeps its place
    append(tmp_path, "v/b", *range(1, 200, 2))
    append(tmp_path, "v/c", 400)
    whole = frames(drained(part(tmp_path)))
    monkeypatch.setattr(merge, "ROWS_PER_READ", 1)
    assert frames(drained(part(tmp_path))) == whole
    assert [frame for frame in whole if frame.startswith(b"v/a")] == [
        f"v/a@{time}".encode() for time in (*range(0, 300, 3), 7, 500)
    ]


def test_closing_batches_carry_the_last_offset_and_time_of_each_shard(tmp_path: Path) -> None:
    append(tmp_path, "v/a", 1, 4)
    append(tmp_path, "v/b", 9)
    closing = drained(part(tmp_path))[-2:]
    assert [(batch.shard, batch.offset, batch.receive_time, len(batch.frames), batch.last) for batch in closing] == [
        ("v/a", 2, 4, 0, True),
        ("v/b", 1, 9, 0, True),
    ]


def test_resumed_source_goes_on_after_its_snapshot(tmp_path: Path) -> None:
    append(tmp_path, "v/a", *range(100))
    first = part(tmp_path)
    seen = frames([batch for _, batch in first.next_batch()])
    rest = drained(part(tmp_path, resume=first.snapshot()))
    assert 0 < len(seen) < 100
    assert seen + frames(rest) == [f"v/a@{time}".encode() for time in range(100)]


def test_resumed_at_the_end_it_still_closes_with_the_last_time(tmp_path: Path) -> None:
    append(tmp_path, "v/a", 1, 4)
    (closing,) = drained(part(tmp_path, resume={"v-a": 2}))
    assert (closing.offset, closing.receive_time, closing.last) == (2, 4, True)


def test_following_source_waits_and_sees_later_rows_and_partitions(tmp_path: Path) -> None:
    clock, stop = ManualClock(), threading.Event()
    source = part(tmp_path, follow=True, stop=stop, clock=clock)
    assert source.next_batch() == []
    append(tmp_path, "v/a", 1)
    assert source.next_batch() == []  # listed a moment ago
    clock.advance(SECOND_NS)
    assert frames([batch for _, batch in source.next_batch()]) == [b"v/a@1"]
    append(tmp_path, "v/a", 2)
    assert frames([batch for _, batch in source.next_batch()]) == [b"v/a@2"]
    append(tmp_path, "v/a", 3)
    stop.set()
    last, closing = drained(source)
    assert frames([last]) == [b"v/a@3"]
    assert (closing.offset, closing.last) == (3, True)


def test_paced_replay_holds_rows_until_their_time(tmp_path: Path) -> None:
    append(tmp_path, "v/a", 1000, 1010, 1030)
    clock = ManualClock()
    source = part(tmp_path, clock=clock, speed=2.0)
    assert frames([batch for _, batch in source.next_batch()]) == [b"v/a@1000"]
    assert source.next_batch() == []
    clock.advance(5)
    assert frames([batch for _, batch in source.next_batch()]) == [b"v/a@1010"]
    clock.advance(9)
    assert source.next_batch() == []
    clock.advance(1)
    assert frames([batch for _, batch in source.next_batch()]) == [b"v/a@1030"]


def test_history_has_no_pace(tmp_path: Path) -> None:
    path = partition_path(tmp_path, "market", "v/a")
    with JournalWriter(path, venue="v", shard="v/a", block_ns=1) as journal:
        for number, time in enumerate((5, 500)):
            journal.append([time], [b"bar"], source=HISTORY, source_offset=number)
    append(tmp_path, "v/a", 10**9, 10**9 + 30)
    clock = ManualClock()
    source = part(tmp_path, clock=clock, speed=1.0)
    assert frames([batch for _, batch in source.next_batch()]) == [b"bar", b"bar", b"v/a@1000000000"]
    clock.advance(29)
    assert source.next_batch() == []
    clock.advance(1)
    assert frames([batch for _, batch in source.next_batch()]) == [b"v/a@1000000030"]


def test_foreign_file_stops_a_replay_but_only_is_left_out_live(tmp_path: Path) -> None:
    append(tmp_path, "v/a", 1)
    partition_path(tmp_path, "market", "v/b").write_bytes(b"x" * 5000)
    with pytest.raises(JournalError, match="v-b"):
        part(tmp_path).next_batch()
    assert frames([batch for _, batch in part(tmp_path, follow=True).next_batch()]) == [b"v/a@1"]


def test_it_drives_a_dataflow_to_its_end(tmp_path: Path) -> None:
    append(tmp_path, "v/a", *range(200))
    out: list[tuple[str, Batch]] = []
    flow = Dataflow("test")
    stream = op.input("journal", flow, JournalSource(tmp_path, follow=False, stop=threading.Event()))
    op.output("out", stream, TestingSink(out))
    run_main(flow)
    assert len(out) == 201
    assert out[-1][1].last
