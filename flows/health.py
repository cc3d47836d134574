"""`barograph health`: whether a process, or all that `up` runs, does its work; for systemd, containers and probes.

Reads run and beat files only, so that it is quick and works while everything else does not.
"""

from collections.abc import Iterator
from pathlib import Path

from flows.runfile import read_run_file
from flows.supervision.report import read_report
from gateway.beats import SILENT_AFTER_S, read_beat
from gateway.runfiles import SUPERVISOR, alive
from market.clock import Clock, SystemClock


def health(data: Path, name: str | None = None, *, clock: Clock | None = None) -> list[str]:
    """Why it does not work, a sentence each; empty where all is well.

    Without a name: all processes of the supervisor, where one runs, else all processes that live.
    """
    now_ns = (clock or SystemClock()).monotonic_ns()
    if name not in (None, SUPERVISOR):
        return _troubles(data, name, now_ns)
    if alive(read_run_file(data, SUPERVISOR).get("pid")):
        own = _troubles(data, SUPERVISOR, now_ns)
        return own or read_report(read_run_file(data, SUPERVISOR)).reasons()
    if name == SUPERVISOR:
        return [f"{SUPERVISOR}: down"]
    living = list(_living(data))
    if not living:
        return [f"nothing runs on {data}"]
    return [trouble for one in living for trouble in _troubles(data, one, now_ns)]


def _troubles(data: Path, name: str, now_ns: int) -> list[str]:
    beat = read_beat(data, name)
    if beat is None or not alive(beat.pid):
        return [f"{name}: down"]
    if not -1.0 < beat.age_s(now_ns) < SILENT_AFTER_S:
        return [f"{name}: no sign of life for {abs(beat.age_s(now_ns)):.0f} s"]
    if beat.waits_for:
        return [f"{name}: waits for {beat.waits_for}"]
    return [] if beat.worked else [f"{name}: starting"]


def _living(data: Path) -> Iterator[str]:
    for path in sorted((data / "run").glob("*.beat")):
        beat = read_beat(data, path.stem)
        if beat is not None and alive(beat.pid):
            yield path.stem
