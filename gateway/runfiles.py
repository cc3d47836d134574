"""The run directory: which processes of this data directory live, and which connections capture holds.

`DATA/run/<process>.json` is written by each process when it is ready and names at least its `pid`; `capture.json` also
carries `connections`. A file outlives a killed process, so a pid that is gone means down.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gateway.rows import Time, time_text


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process of this data directory."""

    name: str
    state: str  # running, down
    pid: int | None = None
    restarts: int | None = None
    started: Time | None = None
    port: int | None = None


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One socket to a venue, as capture last reported it."""

    route: str
    state: str  # open, connecting, waiting, closed
    since: Time | None = None
    frames_per_s: float | None = None
    reason: str = ""


def processes(data: Path) -> tuple[Process, ...]:
    """The processes that left a file in DATA/run, by name; empty where nothing ever ran."""
    return tuple(_process(path.stem, facts) for path, facts in _files(data))


def connections(data: Path) -> tuple[Connection, ...]:
    """What capture said about its sockets; empty where it says nothing, closed where it is dead."""
    facts = _read(data / "run" / "capture.json")
    alive = _alive(facts.get("pid"))
    found = facts.get("connections") or ()
    listed = [{"route": route, **entry} for route, entry in found.items()] if isinstance(found, dict) else list(found)
    return tuple(_connection(entry, alive) for entry in listed if isinstance(entry, dict))


def store_port(data: Path) -> int | None:
    """Port of the embedded store that owns this data directory, None where none runs."""
    facts = _read(data / "run" / "store.json")
    return _number(facts.get("port")) if _alive(facts.get("pid")) else None


def _files(data: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((data / "run").glob("*.json")):
        facts = _read(path)
        if "pid" in facts:
            yield path, facts


def _read(path: Path) -> dict[str, Any]:
    """A file as it is now; half written, foreign or absent counts as empty."""
    try:
        facts = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _process(name: str, facts: dict[str, Any]) -> Process:
    return Process(
        name=name,
        state="running" if _alive(facts.get("pid")) else "down",
        pid=_number(facts.get("pid")),
        restarts=_number(facts.get("restarts")),
        started=_time(facts.get("started_ns")),
        port=_number(facts.get("port")),
    )


def _connection(entry: dict[str, Any], alive: bool) -> Connection:
    rate = entry.get("frames_per_s")
    return Connection(
        route=str(entry.get("route", "?")),
        state=str(entry.get("state", "?")) if alive else "closed",
        since=_time(entry.get("since_ns")),
        frames_per_s=float(rate) if isinstance(rate, int | float) and alive else None,
        reason=str(entry.get("reason") or "") if alive else "capture is not running",
    )


def _alive(pid: object) -> bool:
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
