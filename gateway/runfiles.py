"""The run directory: which processes of this data directory live, and which connections capture holds.

`DATA/run/<process>.json` is written by each process when it is ready and names at least its `pid`; `capture.json` also
carries `connections`. A file outlives a killed process, so a pid that is gone means down. Where a supervisor lives, its
`up.json` says more: restarts, and why a process does not work.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.alarms import PART, alarms, read, stopped_sinks
from gateway.beats import read_beat
from gateway.rows import Time, time_text

SUPERVISOR = "up"  # its own run and beat files, and its log


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process of this data directory."""

    name: str
    state: str  # running, down
    pid: int | None = None
    restarts: int | None = None
    started: Time | None = None
    port: int | None = None
    reason: str = ""  # why it does not work now, empty where it does or nobody knows


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One socket to a venue, as capture last reported it."""

    route: str
    state: str  # open, connecting, waiting, closed
    since: Time | None = None
    frames_per_s: float | None = None
    reason: str = ""


def processes(data: Path) -> tuple[Process, ...]:
    """The processes that left a file in DATA/run or that a living supervisor names; empty where nothing ever ran."""
    told = _supervised(data)
    found = {path.stem: facts for path, facts in _files(data) if PART not in path.stem}
    stopped = stopped_sinks(data)
    names = sorted(found.keys() | told.keys())
    return tuple(_process(data, name, found.get(name, {}), told.get(name, {}), stopped) for name in names)


def connections(data: Path) -> tuple[Connection, ...]:
    """What every capture said about its sockets; empty where it says nothing, closed where it is dead."""
    paths = sorted(path for path, _ in _files(data) if path.stem == "capture" or path.stem.startswith("capture-"))
    return tuple(one for path in paths for one in _connections(read(path)))


def _connections(facts: dict[str, Any]) -> tuple[Connection, ...]:
    running = alive(facts.get("pid"))
    found = facts.get("connections") or ()
    listed = [{"route": route, **entry} for route, entry in found.items()] if isinstance(found, dict) else list(found)
    return tuple(_connection(entry, running) for entry in listed if isinstance(entry, dict))


def store_port(data: Path) -> int | None:
    """Port of the embedded store that owns this data directory, None where none runs."""
    facts = read(data / "run" / "store.json")
    return _number(facts.get("port")) if alive(facts.get("pid")) else None


def _supervised(data: Path) -> dict[str, dict[str, Any]]:
    """What a living supervisor says of each process."""
    facts = read(data / "run" / f"{SUPERVISOR}.json")
    told = facts.get("processes") if alive(facts.get("pid")) else None
    listed = told if isinstance(told, list) else []
    return {str(one["name"]): one for one in listed if isinstance(one, dict) and "name" in one}


def _files(data: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((data / "run").glob("*.json")):
        facts = read(path)
        if "pid" in facts:
            yield path, facts


def _process(data: Path, name: str, facts: dict[str, Any], told: dict[str, Any], stopped: dict[str, str]) -> Process:
    pid = told.get("pid") or facts.get("pid")
    running = alive(pid)
    waits = str(told.get("reason") or "") or (_waits(data, name, pid) if running else "")
    flow = name.partition("-")[0]
    sinks = [f"{sink} {why}" for sink, why in stopped.items() if sink.startswith(f"{flow}{PART}")]
    return Process(
        name=name,
        state="running" if running else "down",
        pid=_number(pid),
        restarts=_number(told.get("restarts", facts.get("restarts"))),
        started=_time(facts.get("started_ns")),
        port=_number(facts.get("port")),
        reason="; ".join(filter(None, (waits, *(alarms(facts) if running else ()), *sinks))),
    )


def _waits(data: Path, name: str, pid: object) -> str:
    """What a process without a supervisor says of itself."""
    beat = read_beat(data, name)
    return f"waits for {beat.waits_for}" if beat is not None and beat.pid == pid and beat.waits_for else ""


def _connection(entry: dict[str, Any], running: bool) -> Connection:
    rate = entry.get("frames_per_s")
    return Connection(
        route=str(entry.get("route", "?")),
        state=str(entry.get("state", "?")) if running else "closed",
        since=_time(entry.get("since_ns")),
        frames_per_s=float(rate) if isinstance(rate, int | float) and running else None,
        reason=str(entry.get("reason") or "") if running else "capture is not running",
    )


def alive(pid: object) -> bool:
    """Whether a process of this number lives; a zombie does not."""
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return isinstance(pid, int) and pid < 1 << 31
    return not _zombie(pid)


def _zombie(pid: int) -> bool:
    """A killed child that nobody waited for yet is dead, though its pid still answers; known on Linux only."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(value: object) -> Time | None:
    number = _number(value)
    return time_text(number) if number and 0 < number < 1 << 63 else None
