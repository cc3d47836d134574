"""Ending the executor by force, and knowing that none lives.

An executor takes its fence, then writes its run file, then looks for HALT. So once HALT is written: who has the fence
stands in the run file and is killed, or finds HALT and goes; and a fence that was free once proves that nobody sends
any more. SIGKILL ends a stopped process as well. A pid in the run file may by now be somebody else's; only a process
that has the fence open is killed. One that stands still between its fence and its run file is found in /proc/locks,
where there is such a file; so is, for an instant, another kill that looks, so it must have the fence for a while.
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
SURE = 20  # looks in a row at which one process has the fence


async def executor_ended(data: Path, within_s: float) -> bool:
    """Kill the executor of a data folder; whether none lives. HALT must be there, or a new one may come."""
    loop = asyncio.get_running_loop()
    until_s, holder, looks = loop.time() + within_s, 0, 0
    while not is_empty(data):
        _kill(data)
        before, holder = holder, _holder(_lock(data))
        looks = looks + 1 if holder == before else 0
        if looks >= SURE:
            _end(holder)
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


async def empty_soon(data: Path) -> bool:
    """Whether the fence is free, once in a few looks: other kills, and executors that go, have it for an instant."""
    for _ in range(SURE):
        if is_empty(data):
            return True
        await asyncio.sleep(LOOK_S)
    return False


def _kill(data: Path) -> None:
    pid = read_run_file(data, EXECUTE).get("pid")
    if isinstance(pid, int) and _has_open(pid, _lock(data)):
        _end(pid)


def _end(pid: int) -> None:
    if pid > 1 and pid != os.getpid():
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _lock(data: Path) -> Path:
    return data / "run" / f"{EXECUTE}.lock"


def _holder(path: Path) -> int:
    """The process that has a file locked, as the system tells; 0 where it does not.

    A line is `1: FLOCK  ADVISORY  WRITE 4711 fe:00:1234 0 EOF`: process, device in hexadecimal digits, inode.
    """
    with suppress(OSError, ValueError):
        found = os.stat(path)
        wanted = (os.major(found.st_dev), os.minor(found.st_dev), found.st_ino)
        for line in Path("/proc/locks").read_text().splitlines():
            kind, _, _, pid, place = line.split()[1:6]
            if kind == "FLOCK":
                major, minor, inode = place.split(":")
                if (int(major, 16), int(minor, 16), int(inode)) == wanted:
                    return int(pid)
    return 0


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
