"""What earlier runs left under DATA/run, removed when `up` begins, so that the folder does not grow with every kill.

Removed: half-written files of processes that are gone, where they told their numbers, what members of an earlier number
of shards or workers said, and the state of sinks, which every flow tells anew when it starts. What a process without a
number said stays: it shows that it is down.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from flows.measured import SUFFIX as NUMBERS
from gateway.alarms import PART, read
from gateway.beats import read_beat
from gateway.runfiles import alive

_PARTIAL = re.compile(r"\.(\d+)\.partial$")
_MEMBER = re.compile(r"^[a-z]+-\d+$")


def remove_leftovers(data: Path) -> list[str]:
    """Remove them; their names. What cannot be removed stays."""
    removed = []
    for path in sorted(_leftovers(data)):
        with suppress(OSError):
            path.unlink()
            removed.append(path.name)
    return removed


def _leftovers(data: Path) -> Iterator[Path]:
    for path in (data / "run").glob("*"):
        partial = _PARTIAL.search(path.name)
        if partial is not None:
            if not alive(int(partial[1])):
                yield path
        elif path.suffix == NUMBERS:
            if not alive(read(path).get("pid")):
                yield path
        elif path.suffix == ".json" and PART in path.stem:
            yield path
        elif _MEMBER.match(path.stem) and path.suffix in (".json", ".beat"):
            beat = read_beat(data, path.stem)
            if not alive(read(path.with_suffix(".json")).get("pid")) and not (beat and alive(beat.pid)):
                yield path
