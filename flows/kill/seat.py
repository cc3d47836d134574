"""Ending the executor by force, and knowing that none lives.

An executor takes its fence, then writes its run file, then looks for HALT. So once HALT is written: who has the fence
stands in the run file and is killed, or finds HALT and goes; and a fence that was free once proves that nobody sends
any more. SIGKILL ends a stopped process as well. A pid in the run file may by now be somebody else's; only a process
that has the fence open is killed.
"""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from flows.execute import EXECUTE
from flows.runfile import read_run_file
from market.errors import JournalError
from sinks.fence import Fence

LOOK_S = 0.01


async def executor_ended(data: Path, within_s: float) -> bool:
    """Kill the executor of a data folder; whether none lives. HALT must be there, or a new one may come."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + within_s
    while not is_empty(data):
        _kill(data)
        if loop.time() > until_s:
            return False
        await asyncio.sleep(LOOK_S)
    return True


def is_empty(data: Path) -> bool:
    """Whether nobody has the fence just now. Raises OSError where it cannot be looked at."""
    try:
        Fence(data / "run" / EXECUTE).close()
    except JournalError:
        return False
    return True


def _kill(data: Path) -> None:
    pid = read_run_file(data, EXECUTE).get("pid")
    if isinstance(pid, int) and pid > 1 and pid != os.getpid() and _has_open(pid, data / "run" / f"{EXECUTE}.lock"):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open; where the system has no /proc, the run file is believed."""
    if not Path("/proc/self/fd").exists():
        return True
    try:
        wanted, open_now = os.stat(path), os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    for number in open_now:
        with suppress(OSError):
            if os.path.samestat(os.stat(f"/proc/{pid}/fd/{number}"), wanted):
                return True
    return False
