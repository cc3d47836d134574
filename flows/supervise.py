"""The supervisor of `barograph up`: starts processes, restarts what dies with backoff, stops all of them in seconds.

A child is this same program with another command. It runs in a session of its own, so that Ctrl-C reaches only the
supervisor, and its standard input is a pipe from us, so that it stops by itself if we are killed.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from flows.stop import SUPERVISED

log = logging.getLogger("barograph.supervise")

BACKOFF_FIRST_S = 0.2
BACKOFF_LONGEST_S = 10.0
HEALTHY_AFTER_S = 20.0  # a process that lived this long starts again at the first backoff
STOP_GRACE_S = 1.5  # for each rank of processes; then what still runs of it is killed
STOP_ALL_S = 4.5  # for all ranks together; the promise to the user is 5 s
POLL_S = 0.05


@dataclass
class Process:
    """One supervised process and what became of it."""

    name: str
    command: Sequence[str]
    log_path: Path
    rank: int = 0  # the lower stop first: each reads what those before it wrote
    restarts: int = 0
    failures: int = 0  # in a row, for the backoff
    started_s: float = 0.0
    due_s: float = 0.0  # when it may start again
    last_exit: int | None = None
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self) -> int | None:
        """Of the living process."""
        return self.child.pid if self.child is not None and self.running else None


class Supervisor:
    """Keeps a fixed set of processes running until told to stop."""

    def __init__(self, logs: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.processes: list[Process] = []
        self._logs = logs
        self._environment = {**os.environ, **(environment or {}), SUPERVISED: "1"}
        self._logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *arguments: str, rank: int = 0) -> Process:
        """Start `barograph <arguments>` and keep it running."""
        command = [sys.executable, "-m", "flows", *arguments]
        process = Process(name, command, self._logs / f"{name}.log", rank)
        self.processes.append(process)
        self._spawn(process)
        return process

    def watch(
        self, stop: threading.Event, until_s: float | None = None, each: Callable[[], None] | None = None
    ) -> None:
        """Restart what dies until `stop` is set or the monotonic time `until_s` is reached."""
        while not stop.wait(POLL_S) and (until_s is None or time.monotonic() < until_s):
            for process in self.processes:
                self._revive(process)
            if each is not None:
                each()

    def stop(self) -> None:
        """Ask every process to stop, rank by rank; kill what has not within its grace time."""
        end_s = time.monotonic() + STOP_ALL_S
        for rank in sorted({process.rank for process in self.processes}):
            deadline_s = min(time.monotonic() + STOP_GRACE_S, end_s)
            _stop_all([process for process in self.processes if process.rank == rank], deadline_s)

    def _revive(self, process: Process) -> None:
        if process.running:
            return
        now = time.monotonic()
        if process.child is not None:
            process.last_exit = process.child.returncode
            _close_input(process.child)
            process.child = None
            process.failures = 0 if now - process.started_s > HEALTHY_AFTER_S else process.failures + 1
            wait_s = min(BACKOFF_FIRST_S * 2**process.failures, BACKOFF_LONGEST_S)
            process.due_s = now + wait_s
            log.warning(
                "%s ended with %s; starting it again in %.1f s (see %s)",
                process.name,
                process.last_exit,
                wait_s,
                process.log_path,
            )
        elif now >= process.due_s:
            process.restarts += 1
            self._spawn(process)

    def _spawn(self, process: Process) -> None:
        with process.log_path.open("ab") as output:
            process.child = _popen(process.command, output, self._environment)
        process.started_s = time.monotonic()


def _popen(command: Sequence[str], output: IO[bytes], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=dict(environment), start_new_session=True
    )


def _close_input(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        child.stdin.close()


def _stop_all(processes: Sequence[Process], deadline_s: float) -> None:
    for process in processes:
        if process.child is not None and process.running:
            process.child.terminate()
    for process in processes:
        if process.child is not None:
            _wait_or_kill(process, deadline_s)


def _wait_or_kill(process: Process, deadline_s: float) -> None:
    child = process.child
    assert child is not None
    try:
        child.wait(max(0.0, deadline_s - time.monotonic()))
    except subprocess.TimeoutExpired:
        log.warning("%s did not stop in time and was killed", process.name)
        child.kill()
        child.wait()
    process.last_exit = child.returncode
    _close_input(child)
