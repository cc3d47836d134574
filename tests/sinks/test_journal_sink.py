"""The sink holds what a full disk does not take, goes on by itself, and keeps the journal within its bounds."""

import itertools
import logging
import sqlite3
import threading
from pathlib import Path

import pytest

from market import record
from market.clock import SECOND_NS, ManualClock
from market.errors import DiskError
from sinks import journal_bounds
from sinks.journal_bounds import HOUR_NS, Bounds, Room, duty
from sinks.journal_faults import HeldError
from sinks.journal_sink import JournalSink, JournalSinkPartition
from sources.frame_queue import FrameQueue
from sources.journal_reader import JournalReader
from tests.sinks.damage import read, writer
from tests.sinks.failing import Disk
from venues.venue import Channel

DAY_NS = 24 * HOUR_NS


class Jumping(ManualClock):
    """Its wall clock can be set; its timer goes on."""

    wall_ns = 0

    def now_ns(self) -> int:
        return self.time_ns + self.wall_ns


def started(
    path: Path, bounds: Bounds | None = None, disk: Disk | None = None, **options: object
) -> tuple[JournalSink, JournalSinkPartition]:
    journal = writer(path, alone=True, **({"connect": disk.connect} if disk else {}))
    arguments = {"bounds": bounds or Bounds(), "clock": ManualClock(), **options}
    sink = JournalSink(journal, **arguments)  # type: ignore[arg-type]
    return sink, sink.build_part("step", "0", None)


def offsets(path: Path) -> list[int]:
    with JournalReader(path) as reader:
        return [row.offset for row in reader.rows(0, 10_000)]


def test_a_full_disk_holds_the_rows_beats_and_goes_on_by_itself_with_every_row_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk, beats, alarms = Disk(), list[str](), list[dict[str, str]]()

    def sleep(_seconds: float) -> None:
        alarms.append(dict(sink.alarms))
        if len(alarms) == 5:
            disk.heal()

    sink, part = started(tmp_path / "a.db", disk=disk, beat=beats.append, sleep=sleep)
    part.write_batch([[(1, b"one")]])
    disk.fail(sqlite3.SQLITE_FULL)
    part.write_batch([[(2, b"two")], [(3, b"three")]])
    part.close()
    assert beats == ["disk"] * 5
    assert alarms == [{"disk": "there is no space left on its disk"}] * 5
    assert sink.alarms == {}
    assert [frames for _, frames in read(tmp_path / "a.db")[0].values()] == [[b"one"], [b"two"], [b"three"]]
    assert caplog.text.count("holding what arrives") == 1


def test_a_stop_while_the_disk_is_full_ends_after_some_last_tries(tmp_path: Path) -> None:
    disk, stop, naps = Disk(), threading.Event(), itertools.count()

    def sleep(_seconds: float) -> None:
        if next(naps) == 10:
            stop.set()

    sink, part = started(tmp_path / "a.db", disk=disk, stop=stop, sleep=sleep)
    disk.fail(sqlite3.SQLITE_FULL)
    with pytest.raises(HeldError):
        part.write_batch([[(1, b"x")]])
    assert isinstance(sink.error, HeldError)
    assert 10 < next(naps) < 20
    disk.heal()
    part.close()


def test_a_failed_disk_is_tried_no_second_time(tmp_path: Path) -> None:
    disk = Disk()
    sink, part = started(tmp_path / "a.db", disk=disk, sleep=lambda _: pytest.fail("it was tried again"))
    disk.fail(sqlite3.SQLITE_IOERR_FSYNC, statements=1)
    with pytest.raises(DiskError):
        part.write_batch([[(1, b"x")]])
    assert isinstance(sink.error, DiskError)
    part.close()


def test_while_the_disk_is_full_depth_is_shed_first_then_quotes_then_the_reader_waits_and_no_trade_is_lost(
    tmp_path: Path,
) -> None:
    disk, queue, trades = Disk(), FrameQueue(limit_frames=100), itertools.count()
    shed_when_full: list[dict[Channel, int]] = []

    def arrive(_seconds: float = 0.0) -> None:
        """A second of a venue, which is read only while the queue is not full."""
        for _ in range(10):
            if queue.full:
                break
            queue.offer(1, b"depth", Channel.DEPTH, "BTC")
            queue.offer(1, b"quote", Channel.TICKER, "BTC")
            queue.offer(1, b"trade %d" % next(trades), Channel.TRADE, "BTC")
        shed_when_full.append(dict(queue.shed))
        if len(shed_when_full) == 12:
            assert queue.full
            disk.heal()

    _sink, part = started(tmp_path / "a.db", disk=disk, sleep=arrive)
    disk.fail(sqlite3.SQLITE_FULL)
    part.write_batch([[(1, b"held")]])
    while len(queue):
        part.write_batch([queue.take(30, 1 << 20)])
    arrive()
    part.write_batch([queue.take(1000, 1 << 20)])
    part.close()
    firsts = [{Channel.DEPTH} if found.keys() == {Channel.DEPTH} else set(found) for found in shed_when_full]
    assert firsts[0] == set()
    assert {Channel.DEPTH} in firsts, "depth goes before quotes"
    assert firsts[-1] == {Channel.DEPTH, Channel.TICKER}
    frames = [frame for _, row in read(tmp_path / "a.db")[0].values() for frame in row]
    assert [frame for frame in frames if frame.startswith(b"trade")] == [
        b"trade %d" % one for one in range(next(trades))
    ]
    told = [record.decode(frame) for frame in frames if record.is_record(frame)]
    assert {one.queue: one.symbols["BTC"] for one in told} == {one.value: queue.shed[one] for one in queue.shed}
    assert frames[0] == b"held"


def fill(part: JournalSinkPartition, clock: ManualClock, hours: int, frame: bytes = b"x") -> None:
    for _ in range(hours):
        clock.advance(HOUR_NS)
        part.write_batch([[(clock.now_ns(), frame)]])


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -HOUR_NS, DAY_NS, -DAY_NS, -20_000 * DAY_NS, 27_000 * DAY_NS])
def test_a_clock_that_jumps_prunes_nothing_that_is_not_old(tmp_path: Path, jump_ns: int) -> None:
    clock = Jumping(20_000 * DAY_NS)
    _, part = started(tmp_path / "a.db", Bounds(retention_hours=8), clock=clock)
    fill(part, clock, 4)
    clock.wall_ns = jump_ns
    fill(part, clock, 3)
    assert offsets(tmp_path / "a.db") == [1, 2, 3, 4, 5, 6, 7]
    fill(part, clock, 6)
    part.close()
    kept = offsets(tmp_path / "a.db")
    assert kept[-1] == 13
    assert 8 <= len(kept) <= 10, "eight hours of recording stay, whatever the clock said"


def test_age_goes_on_over_a_restart_and_stands_still_while_nothing_runs(tmp_path: Path) -> None:
    clock = ManualClock()
    bounds = Bounds(retention_hours=8)
    _, part = started(tmp_path / "a.db", bounds, clock=clock)
    fill(part, clock, 6)
    part.close()
    clock.advance(100 * DAY_NS)
    _, part = started(tmp_path / "a.db", bounds, clock=clock)
    fill(part, clock, 1)
    assert offsets(tmp_path / "a.db") == [1, 2, 3, 4, 5, 6, 7]
    fill(part, clock, 5)
    part.close()
    assert offsets(tmp_path / "a.db")[0] > 2


def test_a_journal_over_its_bytes_loses_its_oldest_rows_and_does_not_grow(tmp_path: Path) -> None:
    clock = ManualClock()
    _sink, part = started(tmp_path / "a.db", Bounds(retention_bytes=400_000), clock=clock)
    for _ in range(300):
        clock.advance(SECOND_NS)
        part.write_batch([[(clock.now_ns(), bytes(10_000))]])
    part.close()
    kept = offsets(tmp_path / "a.db")
    assert kept[-1] == 300
    assert 2 <= len(kept) < 60
    assert (tmp_path / "a.db").stat().st_size < 1_500_000


def test_rows_that_are_in_no_table_stay_and_that_is_an_alarm_unless_told_otherwise() -> None:
    room, bounds = Room(used_bytes=1000, inside_bytes=0, disk_bytes=10**9), Bounds(retention_bytes=500)
    found = duty(bounds, room, expired_to=10, newest=90, stored=40)
    assert found.prune_to == 40
    assert "rows 41 to 90" in found.alarms["journal"]
    told = Bounds(retention_bytes=500, prune_unstored=True)
    assert duty(told, room, expired_to=10, newest=90, stored=40) == (90, {}, 500)
    assert duty(bounds, room, expired_to=10, newest=90, stored=None) == (90, {}, 500)
    assert duty(Bounds(), room, expired_to=10, newest=90, stored=40) == (10, {}, None)


def test_below_the_reserve_there_is_an_alarm_and_what_is_stored_goes_however_young(tmp_path: Path) -> None:
    room, bounds = Room(used_bytes=1000, inside_bytes=100, disk_bytes=400), Bounds(min_free_bytes=501)
    found = duty(bounds, room, expired_to=0, newest=90, stored=40)
    assert found.prune_to == 40
    assert set(found.alarms) == {"disk space", "journal"}
    assert duty(Bounds(min_free_bytes=500), room, expired_to=0, newest=90, stored=40) == (0, {}, None)
    assert duty(bounds, room, expired_to=7, newest=90, stored=None).prune_to == 7, "nobody knows what is stored"


def test_the_reserve_is_an_alarm_while_it_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "barograph.journal")
    clock, disk_bytes = ManualClock(), [50]
    monkeypatch.setattr(journal_bounds.shutil, "disk_usage", lambda _: type("Usage", (), {"free": disk_bytes[0]}))
    sink, part = started(tmp_path / "a.db", Bounds(min_free_bytes=100), clock=clock, stored=lambda: 3)
    fill(part, clock, 6)
    assert set(sink.alarms) == {"disk space", "journal"}
    assert offsets(tmp_path / "a.db") == [4, 5, 6]
    disk_bytes[0] = 10**9
    fill(part, clock, 1)
    assert sink.alarms == {}
    part.close()
    assert caplog.text.count("bytes are left") == 1


def test_a_flow_that_was_overtaken_by_pruning_is_told_and_one_that_begins_is_not(tmp_path: Path) -> None:
    with writer(tmp_path / "a.db", alone=True) as journal:
        for number in range(1, 11):
            journal.append([number], [b"%d" % number])
        with JournalReader(tmp_path / "a.db") as reader:
            assert [row.offset for row in reader.rows(0, 3)] == [1, 2, 3]
            journal.prune(8, most_rows=100)
            late = reader.read(3, 100)
            assert [row.offset for row in late] == [4, 5, 6, 7, 8, 9, 10]
            assert [record.is_record(row.frames[0]) for row in late] == [True] * 5 + [False] * 2
            assert [row.offset for row in reader.rows(0, 100)] == [9, 10]


def test_of_a_journal_over_its_bytes_no_more_goes_than_is_over_and_it_is_no_alarm(tmp_path: Path) -> None:
    clock = ManualClock()
    sink, part = started(tmp_path / "a.db", Bounds(retention_bytes=400_000), clock=clock, stored=lambda: 1 << 20)
    for row in range(100):
        clock.advance(SECOND_NS)
        sink.stored = lambda row=row: row  # the newest is in no table yet
        part.write_batch([[(clock.now_ns(), bytes(10_000))]])
        assert sink.alarms == {}
    part.close()
    assert len(offsets(tmp_path / "a.db")) >= 25
