"""One child of the supervisor: this same program with another command.

It runs in a session of its own, so that Ctrl-C reaches only the supervisor, and its standard input is a pipe from us,
so that it stops by itself if we are killed. It writes its log itself (flows/log_file.py).
"""

import contextlib
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flows.log_file import LogFile
from flows.logs import STACKS_SIGNAL
from flows.stop import LOG, PROCESS
from flows.supervision.hearing import Hearing

KILLED_WITHIN_S = 0.5  # then a process that even SIGKILL does not end (its disk hangs) is left behind


@dataclass
class Process:
    """One supervised process and what became of it."""

    name: str
    command: Sequence[str]
    log: LogFile
    hearing: Hearing
    rank: int = 0  # the lower stop first: each reads what those before it wrote
    restarts: int = 0
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

    def spawn(self, environment: Mapping[str, str], now_s: float) -> None:
        """Start it. Raises OSError where the machine cannot."""
        self.child = popen(self.name, self.command, self.log, environment)
        self.hearing.begin(now_s)

    def ask(self, *, hung: bool = False) -> None:
        """Ask it to stop; a hung one is first asked for the stacks of its threads."""
        if self.child is not None and self.running:
            if hung:
                self.child.send_signal(STACKS_SIGNAL)
            self.child.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        if self.child is not None and self.running:
            self.child.kill()

    def bury(self) -> None:
        """Note how it ended; only once it has."""
        if self.child is not None:
            self.last_exit = self.child.poll()
            close_input(self.child)
            self.child = None

    def wait(self, deadline_s: float) -> bool:
        """Wait for its end, not beyond a monotonic time; false if it had to be killed."""
        if self.child is None:
            return True
        stopped = ended(self.child, deadline_s - time.monotonic())
        if not stopped:
            self.child.kill()
            ended(self.child, KILLED_WITHIN_S)
        self.bury()
        return stopped


def popen(name: str, command: Sequence[str], log: LogFile, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a command whose output goes to its log file. Raises OSError."""
    with contextlib.suppress(OSError):
        log.rotate()
    told = {**environment, PROCESS: name, LOG: log.told()}
    with log.path.open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=told, start_new_session=True
        )


def ended(child: "subprocess.Popen[bytes]", within_s: float) -> bool:
    """Whether a child ends in time."""
    try:
        child.wait(max(0.0, within_s))
    except subprocess.TimeoutExpired:
        return False
    return True


def close_input(child: "subprocess.Popen[bytes]") -> None:
    """Let go of the pipe that holds it alive."""
    if child.stdin is not None:
        child.stdin.close()
