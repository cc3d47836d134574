"""The supervisor restarts what dies or hangs, stops all within its promise, and never leaves a process behind."""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import flows.supervision.brake
import flows.supervision.group
from flows.settings import SuperviseSettings
from flows.supervision.supervise import STOOD_STILL_S, Supervisor
from gateway.runfiles import processes
from tests.flows.children import (
    BEATING,
    SAVING,
    SLEEPER,
    STUBBORN,
    alive,
    kill,
    run,
    said,
    state_of,
    until,
    watch_until,
)

Make = Callable[..., Supervisor]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes supervisors, with settings, that are stopped at the end."""
    made: list[Supervisor] = []

    def one(**choices: float) -> Supervisor:
        now_s = choices.pop("now_s", None)
        settings = SuperviseSettings(**choices)
        clock = {} if now_s is None else {"now_s": now_s}
        made.append(Supervisor(tmp_path, settings=settings, **clock))
        return made[-1]

    yield one
    for supervisor in made:
        supervisor.stop()


def test_a_killed_process_comes_back(make: Make) -> None:
    supervisor = make()
    process = run(supervisor, "sleeper", SLEEPER)
    first = kill(process)
    watch_until(supervisor, lambda: process.pid not in (None, first))
    assert process.restarts == 1
    assert process.last_exit == -signal.SIGKILL


def test_a_process_that_keeps_dying_is_left_alone_while_the_others_go_on(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(flows.supervision.brake, "BACKOFF_FIRST_S", 0.01)
    supervisor = make(brake_deaths=3, brake_pause_s=300.0)
    crasher = run(supervisor, "crasher", "raise SystemExit(74)")
    other = run(supervisor, "other", BEATING)
    states = lambda: {one.name: one.state for one in supervisor.report.processes}  # noqa: E731
    watch_until(supervisor, lambda: states() == {"crasher": "braked", "other": "ready"})
    assert crasher.restarts == 2
    assert crasher.last_exit == 74
    (reason,) = supervisor.report.reasons()
    assert reason.startswith("crasher: crasher ended with 74 (I/O error); starts again in ")
    alarms = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage().partition(" (see")[0] for record in alarms] == [
        "crasher ended with 74 (I/O error); it keeps dying, so it is left alone and tried again every 300 s"
    ]
    assert (other.restarts, other.running) == (0, True)
    shown = {one.name: one for one in processes(tmp_path)}
    assert (shown["crasher"].state, shown["crasher"].restarts) == ("down", 2)
    assert "74" in shown["crasher"].reason


def test_a_process_that_stands_still_is_noticed_killed_and_restarted(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.supervision.group, "FALL_GRACE_S", 0.5)
    supervisor = make(hung_after_s=2.0)
    stopped = run(supervisor, "stopped", BEATING)
    watch_until(supervisor, lambda: [one.state for one in supervisor.report.processes] == ["ready"])
    first = kill(stopped, signal.SIGSTOP)
    watch_until(supervisor, lambda: any("no sign of life" in reason for reason in supervisor.report.reasons()))
    watch_until(supervisor, lambda: stopped.pid not in (None, first))
    assert not alive(first)
    watch_until(supervisor, lambda: not supervisor.report.reasons())
    assert stopped.last_exit == -signal.SIGKILL  # it could not even take SIGTERM


def test_a_group_is_restarted_together_and_nobody_else_is(make: Make) -> None:
    supervisor = make()
    one, two = (run(supervisor, name, SAVING, group="market") for name in ("market-0", "market-1"))
    other = run(supervisor, "other", SLEEPER)
    watch_until(supervisor, lambda: all(said(process, "up")() for process in (one, two, other)))
    pids = one.pid, two.pid, other.pid
    kill(one)
    watch_until(supervisor, lambda: one.pid not in (None, pids[0]) and two.pid not in (None, pids[1]))
    assert (one.last_exit, two.last_exit) == (-signal.SIGKILL, 0)
    assert said(two, "saved")()  # it was asked, not killed
    assert (one.restarts, two.restarts, other.restarts, other.pid) == (1, 1, 0, pids[2])


def test_after_the_supervisor_itself_stood_still_nobody_is_blamed(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    now_s = [1000.0]
    supervisor = make(now_s=lambda: now_s[0], start_limit_s=30.0, hung_after_s=30.0)
    process = run(supervisor, "silent", SLEEPER)
    pid = process.pid
    supervisor.tick()
    now_s[0] += 600.0
    supervisor.tick()
    assert process.pid == pid
    assert "stood still for 600 s" in caplog.text
    while supervisor.groups["silent"].phase == "up" and now_s[0] < 1700.0:  # while the supervisor looks on
        now_s[0] += STOOD_STILL_S / 2
        supervisor.tick()
    assert 1630.0 < now_s[0] < 1640.0


def test_stopping_kills_what_will_not_stop_and_leaves_time_for_the_others(make: Make) -> None:
    supervisor = make(stop_grace_s=5.0)
    stubborn, saving = run(supervisor, "stubborn", STUBBORN, rank=0), run(supervisor, "saving", SAVING, rank=1)
    until(lambda: said(stubborn, "up")() and said(saving, "up")())
    supervisor.stop()
    assert stubborn.last_exit == -signal.SIGKILL
    assert saving.last_exit == 0
    assert said(saving, "saved")()


def test_stopping_ends_what_is_stopped_by_a_signal_too(make: Make) -> None:
    supervisor = make(stop_grace_s=0.6)
    made = [run(supervisor, f"one-{rank}", SLEEPER, rank=rank) for rank in range(3)]
    for process in made:
        until(said(process, "up"))
        pid = kill(process, signal.SIGSTOP)
        until(lambda pid=pid: state_of(pid) == "T")
    supervisor.stop()
    assert [process.last_exit for process in made] == [-signal.SIGKILL] * 3


def test_a_process_that_cannot_be_started_is_tried_again_and_others_go_on(make: Make) -> None:
    supervisor = make(brake_deaths=2)
    other = run(supervisor, "other", SLEEPER)
    broken = supervisor.add("broken", ["/does/not/exist"])
    watch_until(supervisor, lambda: "braked" in [one.state for one in supervisor.report.processes])
    assert "could not be started" in supervisor.report.reasons()[1]
    assert (broken.running, other.running) == (False, True)


def test_children_stop_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    parent = f"""
import sys, time
from pathlib import Path
from flows.supervision.supervise import Supervisor
supervisor = Supervisor(Path({str(tmp_path)!r}))
print(supervisor.add("child", [sys.executable, "-c", {SAVING!r}]).pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as supervising:
        assert supervising.stdout is not None
        pid = int(supervising.stdout.readline())
        until(lambda: (tmp_path / "log" / "child.log").read_text() == "up\n")
        supervising.kill()
    until(lambda: not alive(pid))


@pytest.fixture
def hears_hangups() -> Iterator[None]:
    """Whoever runs the tests may have been told to ignore them, which a process inherits."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hears_hangups")
def test_a_closed_terminal_stops_as_ctrl_c_does_unless_told_to_be_ignored() -> None:
    code = "from flows.stop import stop_event; stop = stop_event(); print('up', flush=True); print(stop.wait({wait_s}))"
    for command, wait_s, answer in ((["env"], 60.0, "True"), (["nohup"], 1.0, "False")):
        told = [*command, sys.executable, "-c", code.format(wait_s=wait_s)]
        with subprocess.Popen(told, stdout=subprocess.PIPE, text=True) as waiting:
            assert waiting.stdout is not None
            assert waiting.stdout.readline() == "up\n"
            waiting.send_signal(signal.SIGHUP)
            assert waiting.stdout.read() == f"{answer}\n"


def test_a_chore_is_done_again_and_again_and_its_failure_is_an_alarm(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = make()
    chore = supervisor.every(0.05, "proof", "never", deadline_s=30.0)
    chore.command = [sys.executable, "-c", "raise SystemExit(3)"]
    watch_until(supervisor, lambda: chore.runs >= 2)
    assert (chore.failures, chore.trouble) == (chore.runs, "3")
    assert "proof failed: 3 (see " in caplog.text
    chore.command = [sys.executable, "-c", ""]
    watch_until(supervisor, lambda: chore.failures == 0)
    watch_until(supervisor, lambda: supervisor.report.chores[0].trouble == "")


def test_a_chore_that_does_not_end_is_ended(make: Make) -> None:
    supervisor = make()
    chore = supervisor.every(3600.0, "proof", "never", deadline_s=0.2, first_s=0.0)
    chore.command = [sys.executable, "-c", STUBBORN]
    watch_until(supervisor, lambda: chore.runs == 1)
    assert chore.trouble == "no end within 0 s"
    assert chore.child is None


def test_watching_ends_when_it_is_told_to(make: Make) -> None:
    stop = threading.Event()
    stop.set()
    make().watch(stop)
