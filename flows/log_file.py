"""A log file that never outgrows its bounds, owned by the process that writes it.

The supervisor gives each child an open file as standard output and error, and tells it the path and the bounds. When
the file is full, the child renames it and puts a new one under the same descriptors, so that everything is bounded and
lands in one place: log lines, tracebacks, panics of the engine, last words of a crash. There is no pipe between child
and supervisor, because a supervisor that stands still would block every child that logs.
"""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from flows.stop import LOG

DESCRIPTORS = (1, 2)


@dataclass(frozen=True)
class LogFile:
    """A path, the size in bytes at which a new file is begun, and how many older ones are kept beside it."""

    path: Path
    limit_bytes: int
    files: int

    def told(self) -> str:
        """As a child is told."""
        return f"{self.limit_bytes} {self.files} {self.path.absolute()}"

    def rotate(self) -> None:
        """Rename the file, and older ones on, if it is full. Raises OSError."""
        if not self.path.exists() or self.path.stat().st_size < self.limit_bytes:
            return
        for number in range(self.files, 0, -1):
            older = self._older(number - 1) if number > 1 else self.path
            if older.exists():
                older.replace(self._older(number))
        if self.files == 0:
            self.path.unlink()

    def _older(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


_turning = threading.Lock()
_own: list[LogFile] = []


def adopt() -> None:
    """Take care of the log that the supervisor gave this process, if it did."""
    words = os.environ.get(LOG, "").split(" ", 2)
    if len(words) == 3 and not _own:
        _own.append(LogFile(Path(words[2]), int(words[0]), int(words[1])))


def turn() -> None:
    """Begin a new file if the present one is full; where that cannot be done, go on with the full one."""
    if not _own or not _turning.acquire(blocking=False):
        return
    try:
        if os.fstat(DESCRIPTORS[-1]).st_size >= _own[0].limit_bytes:
            _own[0].rotate()
            _put(_own[0].path)
    except OSError:
        pass
    finally:
        _turning.release()


def _put(path: Path) -> None:
    fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        for descriptor in DESCRIPTORS:
            os.dup2(fresh, descriptor)
    finally:
        os.close(fresh)
