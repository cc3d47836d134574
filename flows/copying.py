"""Copies of a recovery store while its flow runs, made by a small process of their own.

Not by a thread: the flow's own SQLite library has the files open, and a second library in one process that closes them
would let go of its locks.

`python -m flows.copying RECOVERY MARK KEEP LIMIT_BYTES` makes one copy.
"""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.checkpoints import Copies, take_copy
from market.errors import StateError

log = logging.getLogger("barograph.recovery")

NICENESS = 10
LIMIT_S = 600.0  # a copy that takes longer is given up
STOP_S = 5.0  # a copy that is being made when the flow ends may go on for so long


@contextmanager
def copied(recovery: Path, mark: str, copies: Copies) -> Iterator[None]:
    """While the flow runs, copy its store every so often."""
    stop = threading.Event()
    command = [sys.executable, "-m", "flows.copying", str(recovery), mark, str(copies.keep), str(copies.limit_bytes)]
    thread = threading.Thread(
        target=_copy_often, args=(command, copies.every_s, stop), name="recovery copies", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(STOP_S)


def _copy_often(command: list[str], every_s: float, stop: threading.Event) -> None:
    while not stop.wait(every_s):
        try:
            done = subprocess.run(  # noqa: PLW1510 its answer is looked at
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=LIMIT_S
            )
            if done.returncode:
                said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
                log.error("no copy of the recovery store was made: %s", said)
        except (OSError, subprocess.SubprocessError) as error:
            log.error("no copy of the recovery store was made: %s", error)


def main(recovery: str, mark: str, keep: str, limit_bytes: str) -> None:
    """Make one copy; the reason as the last line of stderr and exit code 1 if that fails."""
    os.nice(NICENESS)
    try:
        take_copy(Path(recovery), mark, int(keep), int(limit_bytes))
    except (StateError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
