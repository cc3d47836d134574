"""What the commands kill, guard and release do with the settings at hand."""

import asyncio
import os
import sys
import threading
from functools import partial
from pathlib import Path

from flows.heart import Heart
from flows.kill.door import check, door
from flows.kill.guard import Guard
from flows.kill.kill import Kill
from flows.kill.release import release
from flows.kill.target import find_target, folder_of
from flows.kill.terms import Terms
from flows.runfile import write_run_file
from market.clock import SystemClock

GUARD = "guard"
TOKEN = "BAROGRAPH_KILL_TOKEN"  # noqa: S105 its name


def run_kill(data: Path | None, config: Path | None, *, reason: str, flatten: bool, wait: bool) -> bool:
    """Pull the switch and tell a person how it goes; whether it is acknowledged. Raises SettingsError where there is
    no such data folder.
    """
    folder, terms = folder_of(data, config), Terms()
    find, say = partial(find_target, folder, config), partial(print, flush=True)
    kill = Kill(folder, find, terms, SystemClock(), reason=reason, flatten=flatten, say=say)
    outcome = asyncio.run(kill.run(wait=wait))
    if not outcome.acknowledged:
        for problem in outcome.problems:
            print(f"NOT done: {problem}", file=sys.stderr)
        print(f"NOT acknowledged within {terms.within_s:g} s; run it again with --wait", file=sys.stderr)
    return outcome.acknowledged


def run_guard(data: Path | None, config: Path | None, stop: threading.Event, *, host: str, port: int) -> None:
    """Watch for triggers until stopped. Raises SettingsError where it may not listen."""
    folder, terms, token = folder_of(data, config), Terms(), os.environ.get(TOKEN, "")
    check(host, token)
    guard = Guard(folder, partial(find_target, folder, config), terms, SystemClock())
    with door(host, port, token, partial(guard.ask, within_s=terms.within_s + 5.0)) as listening:
        write_run_file(folder, GUARD, port=listening)
        guard.run(stop.is_set, Heart(folder, GUARD))


def run_release(data: Path | None, config: Path | None, *, reason: str) -> None:
    """End a halt; raises SettingsError."""
    folder = folder_of(data, config)
    target = find_target(folder, config)
    aside = asyncio.run(release(folder, target, SystemClock(), reason=reason))
    print(f"released; the halt is kept as {aside}")
    print(f"it trades again after `barograph account resume --account {target.account} --reason …`")
