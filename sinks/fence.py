"""`Fence`: one process at a time may record into a partition; a second one, started by accident, is refused.

A lock on a file beside the journal, which the system takes back when the process ends, however it ends. A process that
is stopped (SIGSTOP) keeps it.
"""

import fcntl
from pathlib import Path

from market.errors import JournalError


class Fence:
    """The right to record into the partition at `path`; raises JournalError where another process has it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = path.with_suffix(".lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise JournalError(f"another process records into {path}; stop it first") from None

    def close(self) -> None:
        """Let another have it."""
        self._lock.close()
