"""Capture through a full disk, a failing one, jumps of the machine's clock and restarts: told, bounded, resumed."""

import functools
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import venues
from flows import capture as capture_module
from flows.capture import capture
from market import record, steady_clock
from market.clock import SECOND_NS
from market.errors import BarographError, DiskError, JournalError
from market.journal import partition_path
from sinks import journal_sink
from sinks.journal import JournalWriter
from sources.journal_reader import JournalReader
from tests.flows.test_capture import Capturing, capturing, until
from tests.sinks.failing import Disk
from tests.tiny_venue import TinyVenue


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk under the journal of a capture."""
    found = Disk()
    monkeypatch.setattr(capture_module, "JournalWriter", functools.partial(JournalWriter, connect=found.connect))
    monkeypatch.setattr(journal_sink, "RETRY_S", 0.05)
    return found


def alarms(running: Capturing) -> dict[str, str]:
    return {one["name"]: one["reason"] for one in running.status()["alarms"]}


def test_a_full_disk_is_an_alarm_and_capture_goes_on_by_itself_without_a_reconnect(tmp_path: Path, disk: Disk) -> None:
    with capturing(tmp_path) as (_, running):
        until(lambda: running.records(record.Snapshot))
        disk.fail(sqlite3.SQLITE_FULL)
        until(lambda: "disk" in alarms(running))
        assert "no space left" in alarms(running)["disk"]
        recorded, received = len(running.frames()), running.status()["frames"]
        until(lambda: running.status()["frames"] > received + 20)
        assert len(running.frames()) == recorded
        disk.heal()
        until(lambda: len(running.frames()) > recorded + 20 and not alarms(running))
        assert running.status()["reconnects"] == 0
        assert running.records(record.Disconnected) == []
        assert running.status()["journal_bytes"] > 0
    said = [frame for frame in running.frames() if not record.is_record(frame)]
    assert len(said) == running.status()["frames"], "nothing that was received is lost"


def test_a_failed_disk_ends_capture_with_the_code_that_says_so_and_the_next_one_tells_since_when(
    tmp_path: Path, disk: Disk
) -> None:
    with TinyVenue("BTCUSDT") as venue:
        failed: list[BarographError] = []
        first = threading.Thread(target=lambda: failed.append(_ended(venue, tmp_path)))
        first.start()
        path = partition_path(tmp_path, "market", "binance-usdm/0")
        until(lambda: path.exists() and _last(path) > 5)
        disk.fail(sqlite3.SQLITE_IOERR_FSYNC)
        first.join(20)
        assert isinstance(failed[0], DiskError)
        assert failed[0].exit_code == 74
        disk.heal()
        with JournalReader(path) as reader:
            last_ns = reader.received_ns(reader.last_offset())
        again = Capturing(venue, tmp_path)
        again.start()
        rows = len(again.frames())
        until(lambda: again.records(record.Began) and len(again.frames()) > rows + 5)
        again.end()
    (began,) = again.records(record.Began)
    assert began == record.Began(last_ns, ["BTCUSDT"])
    frames = again.frames()
    place = next(number for number, frame in enumerate(frames) if b'"record":"began"' in frame)
    assert isinstance(record.decode(frames[place - 1]), record.Torn), "offsets were left out before it"
    assert isinstance(record.decode(frames[place + 1]), record.InstrumentDefined)


def _ended(venue: TinyVenue, data: Path) -> BarographError:
    found = venues.get("binance-usdm").at(**venue.urls)
    with pytest.raises(BarographError) as error:
        capture(venue=found, instruments=["BTCUSDT"], data=data, stop=threading.Event())
    return error.value


def _last(path: Path) -> int:
    with JournalReader(path) as reader:
        return reader.last_offset()


def test_a_first_capture_begins_nothing_and_a_second_one_says_since_when(tmp_path: Path) -> None:
    with capturing(tmp_path) as (_, running):
        until(lambda: running.records(record.Snapshot))
    assert running.records(record.Began) == []
    rows = len(running.frames())
    with capturing(tmp_path) as (_, running):
        until(lambda: len(running.frames()) > rows + 5)
    assert isinstance(record.decode(running.frames()[rows]), record.Began)


def test_a_second_capture_of_the_same_shard_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    with capturing(tmp_path) as (venue, running):
        until(lambda: running.records(record.Snapshot))
        pid_file = (tmp_path / "run" / "capture.json").read_bytes()
        assert b'"pid"' in pid_file
        with pytest.raises(JournalError, match="another process records into"):
            capture(
                venue=venues.get("binance-usdm").at(**venue.urls),
                instruments=["BTCUSDT"],
                data=tmp_path,
                stop=threading.Event(),
            )
        count = len(running.frames())
        until(lambda: len(running.frames()) > count + 10)


@pytest.mark.parametrize(
    "jump_ns", [3600 * SECOND_NS, -86400 * SECOND_NS, -time.time_ns()], ids=["an hour on", "a day back", "to 1970"]
)
def test_a_jump_of_the_machines_clock_is_recorded_shown_and_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_ns: int
) -> None:
    ahead: list[int] = [0]
    steady = functools.partial(steady_clock.SteadyClock, wall_ns=lambda: time.time_ns() + ahead[0])

    class Set(steady_clock.SteadyClock):
        def __init__(self, **options: Any) -> None:
            super().__init__(**{**steady.keywords, **options})

    monkeypatch.setattr(capture_module, "SteadyClock", Set)
    with capturing(tmp_path) as (_, running):
        until(lambda: running.records(record.Snapshot))
        ahead[0] = jump_ns
        until(lambda: running.records(record.ClockStepped))
        until(lambda: "clock" in alarms(running))
        count = len(running.frames())
        until(lambda: len(running.frames()) > count + 20)
        ahead[0] = 0
        until(lambda: not alarms(running))
    stepped, back = running.records(record.ClockStepped)
    assert abs(stepped.step_ns - jump_ns) < SECOND_NS
    assert abs(back.step_ns) < SECOND_NS
    with JournalReader(partition_path(tmp_path, "market", "binance-usdm/0")) as reader:
        times = [one for row in reader.read(0, 100_000) for one in row.received_ns.tolist()]
    assert max(times) - min(times) < 120 * SECOND_NS
    reasons = {one.reason for one in running.records(record.Disconnected)}
    assert reasons <= {"stopped"}, "timers do not follow the wall clock"
