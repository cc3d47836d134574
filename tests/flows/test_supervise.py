"""The supervisor restarts what dies, stops all within its promise, and never leaves a process behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import flows.supervise
from flows.supervise import Process, Supervisor

SLEEPER = "import signal, time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path / "log")
    yield made
    made.stop()


def run(supervisor: Supervisor, name: str, code: str) -> Process:
    """Supervise a piece of Python instead of a command of ours."""
    process = Process(name, [sys.executable, "-c", code], supervisor._logs / f"{name}.log")
    supervisor.processes.append(process)
    supervisor._spawn(process)
    return process


def until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def watch_until(supervisor: Supervisor, condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    stop = threading.Event()
    supervisor.watch(stop, time.monotonic() + timeout_s, each=lambda: stop.set() if condition() else None)
    assert stop.is_set(), "it did not happen in time"


def test_a_killed_process_comes_back(supervisor: Supervisor) -> None:
    process = run(supervisor, "sleeper", SLEEPER)
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    watch_until(supervisor, lambda: process.pid not in (None, first))
    assert process.restarts == 1
    assert process.last_exit == -signal.SIGKILL


def test_a_process_that_keeps_dying_is_started_less_and_less_often(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.supervise, "BACKOFF_FIRST_S", 0.01)
    process = run(supervisor, "crasher", "raise SystemExit(3)")
    waits: list[float] = []
    watch_until(supervisor, lambda: waits.append(process.due_s - process.started_s) or process.restarts >= 4)
    assert process.last_exit == 3
    assert process.failures >= 4


def test_stopping_kills_what_will_not_stop(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows.supervise, "STOP_GRACE_S", 0.3)
    process = run(supervisor, "stubborn", STUBBORN)
    until(lambda: process.log_path.read_text() == "up\n")
    supervisor.stop()
    assert process.last_exit == -signal.SIGKILL
    assert not process.running


def test_children_stop_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    child = (
        "import time; from flows.stop import stop_event; stop = stop_event(); print('up', flush=True); stop.wait(60)"
    )
    parent = f"""
import sys, time
from pathlib import Path
from flows.supervise import Process, Supervisor
supervisor = Supervisor(Path({str(tmp_path)!r}))
process = Process("child", [sys.executable, "-c", {child!r}], Path({str(tmp_path)!r}) / "child.log")
supervisor.processes.append(process)
supervisor._spawn(process)
print(process.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as supervising:
        assert supervising.stdout is not None
        pid = int(supervising.stdout.readline())
        until(lambda: (tmp_path / "child.log").read_text() == "up\n")
        supervising.kill()
    until(lambda: not alive(pid))


def test_a_closed_terminal_stops_as_ctrl_c_does_unless_told_to_be_ignored() -> None:
    code = "from flows.stop import stop_event; stop = stop_event(); print('up', flush=True); print(stop.wait(1.0))"
    for command, said in ((["env"], "True"), (["nohup"], "False")):
        with subprocess.Popen([*command, sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as waiting:
            assert waiting.stdout is not None
            assert waiting.stdout.readline() == "up\n"
            waiting.send_signal(signal.SIGHUP)
            assert waiting.stdout.read() == f"{said}\n"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z" if Path(f"/proc/{pid}").exists() else True
