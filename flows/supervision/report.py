"""What the supervisor says of its processes: served over HTTP, and kept in DATA/run/up.json for other commands."""

from collections.abc import Mapping
from typing import Any

import msgspec

READY = "ready"


class ProcessReport(msgspec.Struct, frozen=True):
    """One process. `state`: starting, ready, waiting, silent, stopping, down, or braked; `reason` where not ready."""

    name: str
    state: str
    reason: str
    pid: int | None
    restarts: int
    last_exit: str | None  # in words


class ChoreReport(msgspec.Struct, frozen=True):
    """Work done again and again; `trouble` of its last run."""

    name: str
    runs: int
    failures: int  # in a row
    trouble: str


class Report(msgspec.Struct, frozen=True):
    """Of all of them at one moment."""

    processes: tuple[ProcessReport, ...] = ()
    chores: tuple[ChoreReport, ...] = ()
    sinks: dict[str, str] = {}  # why one writes no rows, by its name
    alarms: tuple[str, ...] = ()  # of processes that work all the same
    beginning: str = ""  # why not all processes are started yet

    def reasons(self) -> list[str]:
        """Why not everything is ready, a sentence each; an alarm or a chore that fails is told beside."""
        if not self.processes:
            return ["nothing was started yet"]
        unready = [f"{one.name}: {one.reason or one.state}" for one in self.processes if one.state != READY]
        unready += [self.beginning] if self.beginning else []
        return unready + [f"{name}: {why}" for name, why in self.sinks.items()]

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def read_report(facts: Mapping[str, Any]) -> Report:
    """What a run file holds; empty where it makes no sense."""
    try:
        return msgspec.convert({name: facts[name] for name in Report.__struct_fields__ if name in facts}, Report)
    except msgspec.ValidationError:
        return Report()
