"""The source merges partitions deterministically, follows, resumes, paces and ends with closing batches."""

import threading
from pathlib import Path

import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

from market import record
from market.batch import Batch
from market.clock import SECOND_NS, ManualClock
from market.errors import JournalError
from market.history import HISTORY
from market.journal import partition_path
from sinks.journal import JournalWriter
from sinks.journal_faults import UNSURE, leave_mark
from sinks.journal_file import SKIPPED
from sources import merge
from sources.journal import JournalSource
from tests.sources.parts import Parts


def append(data: Path, shard: str, *times: int) -> None:
    path = partition_path(data, "market", shard)
    with JournalWriter(path, venue="v", shard=shard, block_ns=1) as journal:
        for time in times:
            journal.append([time], [f"{shard}@{time}".encode()])


def part(
    data: Path, *, follow: bool = False, stop: threading.Event | None = None, resume: dict[str, int] | None = None,
    clock: ManualClock | None = None, speed: float | None = None,
) -> Parts:  # fmt: skip
    source = JournalSource(
        data, follow=follow, stop=stop or threading.Event(), clock=clock or ManualClock(), speed=speed
    )
    return Parts(source, resume)


def drained(parts: Parts) -> list[Batch]:
    return parts.drained()


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


def test_following_source_waits_for_rows_and_for_files_that_are_expected(tmp_path: Path) -> None:
    clock, stop = ManualClock(), threading.Event()
    source = Parts(JournalSource(tmp_path, follow=True, stop=stop, clock=clock, expected=["v-a"]))
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


def test_following_source_ends_without_closing_batches_when_an_unknown_file_appears(tmp_path: Path) -> None:
    clock = ManualClock()
    append(tmp_path, "v/a", 1)
    source = JournalSource(tmp_path, follow=True, stop=threading.Event(), clock=clock)
    parts = Parts(source)
    assert frames([batch for _, batch in parts.next_batch()]) == [b"v/a@1"]
    append(tmp_path, "v/b", 2)
    assert not parts.next_batch()
    clock.advance(SECOND_NS)
    assert drained(parts) == []
    assert source.has_grown()
    assert drained(Parts(JournalSource(tmp_path, follow=False, stop=threading.Event()), {"v-a": 1}))[0].shard == "v/b"


def test_nothing_of_a_partition_is_read_between_its_snapshot_and_its_next_turn(tmp_path: Path) -> None:
    append(tmp_path, "v/a", 1, 3)
    append(tmp_path, "v/b", 2)
    parts = part(tmp_path)
    parts.living["v-b"].next_batch()
    parts.living["v-b"].snapshot()  # its epoch is over, that of v-a is not
    first = [batch for _, batch in parts.living["v-a"].next_batch()]
    assert frames(first) == [b"v/a@1"]
    assert parts.living["v-a"].next_batch() == []
    parts.living["v-b"].next_batch()
    assert frames([batch for _, batch in parts.living["v-a"].next_batch()]) == [b"v/b@2"]


def test_workers_of_a_cluster_share_the_partitions_out_and_lose_none(tmp_path: Path) -> None:
    for number in range(8):
        append(tmp_path, f"v/{number}", number + 1)
    stop = threading.Event()
    for workers in (1, 2, 3):
        shares = [
            drained(Parts(JournalSource(tmp_path, follow=False, stop=stop, worker=worker, workers=workers)))
            for worker in range(workers)
        ]
        assert sorted(frame for share in shares for frame in frames(share)) == [
            f"v/{number}@{number + 1}".encode() for number in range(8)
        ]
        assert max(map(len, shares)) - min(map(len, shares)) <= 2  # one row and one closing batch


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


def test_nothing_is_read_before_all_partitions_are_made(tmp_path: Path) -> None:
    append(tmp_path, "v/a", 5)
    append(tmp_path, "v/b", 4)
    source = JournalSource(tmp_path, follow=False, stop=threading.Event())
    assert source.list_parts() == ["v-a", "v-b"]
    first = source.build_part("step", "v-a", None)
    assert first.next_batch() == []
    second = source.build_part("step", "v-b", None)
    second.next_batch()
    assert frames([batch for _, batch in first.next_batch()]) == [b"v/b@4"]


def test_a_worker_without_a_shard_still_has_a_partition_that_is_asked(tmp_path: Path) -> None:
    append(tmp_path, "v/0", 1)
    heard: list[str] = []
    for worker in (0, 1):
        source = JournalSource(
            tmp_path, follow=True, stop=threading.Event(), beat=heard.append, worker=worker, workers=2
        )
        Parts(source).next_batch()
    assert heard == ["", ""]


def begun_anew(data: Path, shard: str, *times: int) -> None:
    for path in (data / "journal" / "market").iterdir():
        path.unlink()
    append(data, shard, *times)


@pytest.mark.parametrize("times", [(7,), (7, 8, 9), (7, 8, 9, 10)])
@pytest.mark.parametrize("follow", [False, True])
def test_a_journal_that_was_begun_anew_is_an_error_and_no_row_of_it_is_skipped(
    tmp_path: Path, follow: bool, times: tuple[int, ...]
) -> None:
    append(tmp_path, "v/a", 1, 2, 3)
    clock, first = ManualClock(), part(tmp_path)
    first.next_batch()
    states = {name: one.snapshot() for name, one in first.living.items()}
    begun_anew(tmp_path, "v/a", *times)
    source = JournalSource(tmp_path, follow=follow, stop=threading.Event(), clock=clock)
    resumed = source.build_part("step", "v-a", states["v-a"])
    assert source.list_parts() == ["v-a"]

    def wait() -> None:
        for _ in range(70):
            assert resumed.next_batch() == []
            clock.advance(SECOND_NS)

    with pytest.raises(JournalError, match="not the journal that was read"):
        wait()


@pytest.mark.parametrize("times", [(7,), (7, 8, 9, 10)])
def test_a_journal_that_is_begun_anew_under_its_reader_is_an_error(tmp_path: Path, times: tuple[int, ...]) -> None:
    append(tmp_path, "v/a", 1, 2, 3)
    following = part(tmp_path, follow=True)
    assert len(following.next_batch()) == 3
    begun_anew(tmp_path, "v/a", *times)
    with pytest.raises(JournalError, match="not the journal that was read"):
        following.next_batch()


def test_a_live_journal_whose_newest_rows_were_lost_is_waited_for_until_its_writer_leaves_them_out(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    append(tmp_path, "v/a", 1, 2)
    following = part(tmp_path, follow=True, clock=clock, resume={"v-a": 9})
    assert following.next_batch() == []
    path = partition_path(tmp_path, "market", "v/a")
    leave_mark(path, UNSURE)
    with JournalWriter(path, venue="v", shard="v/a", block_ns=1, alone=True) as journal:
        assert journal.append([3], [b"new"]) == 2 + SKIPPED + 1
    clock.advance(SECOND_NS)
    told, new = frames([batch for _, batch in following.next_batch()])
    assert isinstance(record.decode(told), record.Torn)
    assert new == b"new"
