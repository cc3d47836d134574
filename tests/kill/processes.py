"""One `barograph up` and the processes under it: found in the machine's own process table, killed, suspended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from flows.runfile import read_run_file

ROOT = Path(__file__).parents[2]
SUPERVISOR = "up"
PROCESSES = ("market", "trading", "capture", "store", "gateway", "simulator")
STARTED_WITHIN_S = 600.0  # kernels may have to be compiled first
STOPPED_WITHIN_S = 120.0


class Pipe:
    """Everything at once on the simulated exchange; stops when left."""

    def __init__(self, config: Path, data: Path, environment: Mapping[str, str] | None = None) -> None:
        self.config, self.data = config, data
        self._environment = {**os.environ, **(environment or {})}
        self._up = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        with (self.config.parent / "up.log").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "flows", "up", "--plain", "--config", str(self.config)],
                cwd=ROOT,
                stdout=output,
                stderr=output,
                env=self._environment,
            )

    def processes(self) -> dict[str, int]:
        """Command → pid of what lives now, the supervisor among them."""
        return {**children(self._up.pid), **({SUPERVISOR: self._up.pid} if self._up.poll() is None else {})}

    def whole(self) -> bool:
        """Whether every process lives."""
        return set(self.processes()) >= {*PROCESSES, SUPERVISOR}

    def send(self, name: str, number: int) -> bool:
        """Send a signal to a process; False where it does not live just now."""
        pid = self.processes().get(name)
        if pid is None:
            return False
        os.kill(pid, number)
        return True

    def kill(self, name: str) -> bool:
        """`kill -9`; the supervisor is started again by us, as by systemd."""
        killed = self.send(name, signal.SIGKILL)
        if name == SUPERVISOR:
            self._up.wait()
            self._up = self._started()
        return killed

    def starting(self, name: str) -> bool:
        """Whether a process has not yet said that it does its job; the supervisor never says so."""
        return name != SUPERVISOR and read_run_file(self.data, name).get("pid") != self.processes().get(name)

    def stop(self) -> int:
        """Stop all of it as a person would; the exit code."""
        self._up.send_signal(signal.SIGTERM)
        return self._up.wait(STOPPED_WITHIN_S)

    def __enter__(self) -> Self:
        wait_for(self.whole, "all processes running", STARTED_WITHIN_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._up.poll() is None:
            self.stop()


def children(parent: int) -> dict[str, int]:
    """Command → pid of the children of a supervisor."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(") ", 1)[1].split()
            words = (stat.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z" and b"flows" in words:
            command = words[words.index(b"flows") + 1].decode()
            found["simulator" if command == "simulate" else command] = int(stat.parent.name)
    return found


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
    """Look until it is so; an assertion says what did not happen."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout_s:.0f} s"
        time.sleep(0.05)
