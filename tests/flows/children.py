"""Small processes to supervise: Python of a line or two instead of a command of ours."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flows.supervision.child import Process
from flows.supervision.supervise import Supervisor

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
# Stops when asked, and needs a moment for it.
SAVING = (
    "import time; from flows.stop import stop_event; stop = stop_event(); print('up', flush=True);"
    " stop.wait(60); time.sleep(0.2); print('saved', flush=True)"
)
BEATING = (
    "import sys, time; from pathlib import Path; from flows.heart import Heart; heart = Heart(Path(sys.argv[1]), 'x')\n"
    "while True: heart(''); time.sleep(0.05)"
)


def run(supervisor: Supervisor, name: str, code: str, *, rank: int = 0, group: str | None = None) -> Process:
    """Supervise a piece of Python, which is told the data folder."""
    return supervisor.add(name, [sys.executable, "-c", code, str(supervisor.data)], rank=rank, group=group)


def until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def watch_until(supervisor: Supervisor, condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    stop = threading.Event()
    supervisor.watch(stop, time.monotonic() + timeout_s, each=lambda: stop.set() if condition() else None)
    assert stop.is_set(), "it did not happen in time"


def said(process: Process, text: str) -> Callable[[], bool]:
    """Whether its log holds a text."""
    return lambda: process.log.path.exists() and text in process.log.path.read_text()


def kill(process: Process, number: int = signal.SIGKILL) -> int:
    """Send a signal; the pid it went to."""
    pid = process.pid
    assert pid is not None
    os.kill(pid, number)
    return pid


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return state_of(pid) != "Z"


def state_of(pid: int) -> str:
    """As the machine's process table says: R, S, T stopped, Z dead; empty where it says nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except OSError:
        return ""
