"""Work that the supervisor has done again and again by a short child, such as the hourly proof that nothing is missing.

One run at a time, none longer than its deadline; a run that fails is an alarm and the next one is tried as usual.
"""

import logging
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flows.log_file import LogFile
from flows.supervision.child import KILLED_WITHIN_S, close_input, ended, popen
from flows.supervision.exits import exit_words

log = logging.getLogger("barograph.supervise")


@dataclass
class Chore:
    """Times are monotonic seconds."""

    name: str
    command: Sequence[str]
    log: LogFile
    every_s: float
    deadline_s: float
    environment: Mapping[str, str] = field(repr=False)
    due_s: float = 0.0
    runs: int = 0
    failures: int = 0  # in a row
    trouble: str = ""  # of the last run
    child: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _started_s: float = 0.0

    def tick(self, now_s: float) -> None:
        """Begin a run that is due; end one that is over or takes too long."""
        if self.child is None:
            if now_s >= self.due_s:
                self._begin(now_s)
        elif self.child.poll() is not None:
            self._done(exit_words(self.child.returncode) if self.child.returncode else "")
        elif now_s - self._started_s > self.deadline_s:
            self.child.kill()
            ended(self.child, KILLED_WITHIN_S)
            self._done(f"no end within {self.deadline_s:.0f} s")

    def stop(self) -> None:
        """Give up a run under way: it writes nothing that half of it could spoil, or begins anew."""
        if self.child is not None:
            self.child.kill()
            ended(self.child, KILLED_WITHIN_S)
            close_input(self.child)
            self.child = None

    def _begin(self, now_s: float) -> None:
        self.due_s, self._started_s = now_s + self.every_s, now_s
        try:
            self.child = popen(self.name, self.command, self.log, self.environment)
        except OSError as error:
            self._done(f"it cannot be started: {error}")

    def _done(self, trouble: str) -> None:
        if self.child is not None:
            close_input(self.child)
            self.child = None
        self.runs += 1
        self.trouble = trouble
        self.failures = self.failures + 1 if trouble else 0
        if trouble:
            log.error("%s failed: %s (see %s)", self.name, trouble, self.log.path)
