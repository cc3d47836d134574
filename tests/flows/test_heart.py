"""Beats tell waiting from hanging: what a process writes, and what is made of it by those who listen."""

import os
from pathlib import Path

import pytest

from flows.health import health
from flows.heart import Heart
from flows.stop import PROCESS
from flows.supervision.hearing import Hearing
from gateway.beats import RECORD_BYTES, read_beat
from gateway.runfiles import processes
from market.clock import SECOND_NS, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1000 * SECOND_NS)


def hearing(data: Path) -> Hearing:
    made = Hearing(data, "market", hung_after_s=30.0, start_limit_s=600.0)
    made.begin(0.0)
    return made


def test_a_heart_writes_at_most_twice_a_second_and_in_place(tmp_path: Path, clock: ManualClock) -> None:
    heart = Heart(tmp_path, "market", clock=clock)
    heart("")
    inode = heart.path.stat().st_ino
    for _ in range(1000):
        clock.advance(SECOND_NS // 1000)
        heart("")
    beat = read_beat(tmp_path, "market")
    assert beat is not None
    assert (beat.pid, beat.count, beat.worked, beat.waits_for) == (os.getpid(), 3, True, "")
    assert (heart.path.stat().st_ino, heart.path.stat().st_size) == (inode, RECORD_BYTES)


def test_a_source_that_polls_does_not_hide_a_sink_that_waits(tmp_path: Path, clock: ManualClock) -> None:
    heart = Heart(tmp_path, "capture", clock=clock)

    def waits_for(steps: int, reason: str) -> str:
        for _ in range(steps):
            clock.advance(SECOND_NS)
            heart(reason)
            heart("")
        beat = read_beat(tmp_path, "capture")
        assert beat is not None
        return beat.waits_for

    assert waits_for(3, "disk space") == "disk space"
    assert waits_for(1, "the store") == "disk space and the store"
    assert waits_for(4, "") == ""


def test_a_part_that_falls_silent_silences_the_heart_unless_it_has_ended(tmp_path: Path, clock: ManualClock) -> None:
    heart = Heart(tmp_path, "capture", clock=clock)
    sockets = heart.part("sockets")
    sockets("")
    heart("")

    def beats() -> bool:
        before = read_beat(tmp_path, "capture")
        clock.advance(SECOND_NS)
        heart("")
        return read_beat(tmp_path, "capture") != before

    assert [beats() for _ in range(12)] == [True] * 10 + [False] * 2
    sockets("")
    assert beats()
    heart.without("sockets")
    assert all(beats() for _ in range(30))


def test_a_heart_never_fails_and_comes_back_when_it_can_write(tmp_path: Path, clock: ManualClock) -> None:
    heart = Heart(tmp_path, "market", clock=clock)
    (tmp_path / "run").write_text("in the way")
    heart("")
    (tmp_path / "run").unlink()
    clock.advance(SECOND_NS)
    heart("")
    assert heart.path.exists()
    heart.path.unlink()  # somebody tidies up
    clock.advance(SECOND_NS)
    heart("")
    assert heart.path.exists()


def test_whatever_is_waited_for_a_beat_stays_one_record_that_can_be_read(tmp_path: Path, clock: ManualClock) -> None:
    heart = Heart(tmp_path, "market", clock=clock)
    for number in range(100):
        heart(f'\x1b[31m\n"é\\{number}' * 100)
        clock.advance(SECOND_NS)
    beat = read_beat(tmp_path, "market")
    assert beat is not None
    assert beat.waits_for.isprintable()
    assert heart.path.stat().st_size == RECORD_BYTES


def test_a_process_is_called_what_the_supervisor_calls_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROCESS, "market-1")
    Heart(tmp_path, "market")("")
    assert read_beat(tmp_path, "market-1") is not None


def test_waiting_is_alive_not_ready_and_silence_is_hung_in_the_end(tmp_path: Path, clock: ManualClock) -> None:
    heart, heard = Heart(tmp_path, "market", clock=clock), hearing(tmp_path)
    heart("the store")
    for second in range(1, 3600):
        clock.advance(SECOND_NS)
        heart("the store")
        heard.listen(float(second), os.getpid())
        assert not heard.hung(float(second))
    assert heard.state(3599.0) == ("waiting", "waits for the store")
    clock.advance(3 * SECOND_NS)
    heart("")
    heard.listen(3600.0, os.getpid())
    assert heard.state(3600.0) == ("ready", "")
    assert heard.state(3611.0) == ("silent", "no sign of life for 11 s")
    assert [heard.hung(3600.0 + silent_s) for silent_s in (29.0, 31.0)] == [False, True]


def test_until_it_has_worked_once_a_process_may_be_silent_for_longer(tmp_path: Path, clock: ManualClock) -> None:
    heart, heard = Heart(tmp_path, "market", clock=clock), hearing(tmp_path)
    assert heard.state(5.0) == ("starting", "has not begun for 5 s")
    heart("the store")
    heard.listen(10.0, os.getpid())
    assert [heard.hung(10.0 + silent_s) for silent_s in (31.0, 599.0, 601.0)] == [False, False, True]


def test_the_beats_of_another_process_are_not_heard(tmp_path: Path, clock: ManualClock) -> None:
    Heart(tmp_path, "market", clock=clock)("")
    heard = hearing(tmp_path)
    heard.listen(10.0, os.getpid() + 1)
    assert heard.last is None
    assert heard.hung(601.0)


def test_a_beat_that_does_not_change_is_no_sign_of_life(tmp_path: Path, clock: ManualClock) -> None:
    Heart(tmp_path, "market", clock=clock)("")
    heard = hearing(tmp_path)
    for second in range(1, 40):
        heard.listen(float(second), os.getpid())
    assert heard.hung(39.0)


def test_one_process_is_healthy_when_it_beats_and_waits_for_nothing(tmp_path: Path, clock: ManualClock) -> None:
    assert health(tmp_path, "market", clock=clock) == ["market: down"]
    heart = Heart(tmp_path, "market", clock=clock)
    heart("the store")
    assert health(tmp_path, "market", clock=clock) == ["market: waits for the store"]
    (tmp_path / "run" / "market.json").write_text(f'{{"pid": {os.getpid()}}}')
    assert processes(tmp_path)[0].reason == "waits for the store"
    clock.advance(3 * SECOND_NS)
    heart("")
    assert health(tmp_path, "market", clock=clock) == []
    assert health(tmp_path, clock=clock) == []
    clock.advance(11 * SECOND_NS)
    assert health(tmp_path, clock=clock) == ["market: no sign of life for 11 s"]


def test_a_beat_of_before_the_machine_was_started_anew_counts_for_nothing(tmp_path: Path) -> None:
    Heart(tmp_path, "market", clock=ManualClock(10**15))("")
    assert health(tmp_path, "market", clock=ManualClock(SECOND_NS)) == ["market: no sign of life for 999999 s"]


def test_where_nothing_runs_nothing_is_healthy(tmp_path: Path) -> None:
    assert health(tmp_path) == [f"nothing runs on {tmp_path}"]
    assert health(tmp_path, "up") == ["up: down"]
