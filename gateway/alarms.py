"""What is wrong though the processes live: alarms that capture tells, and sinks that the store refuses for good."""

from pathlib import Path
from typing import Any

import msgspec

from gateway.beats import printable

PART = "-sink"  # run files with this in their name tell of a part of a process
STOPPED = "stopped"  # of a sink
MOST = 64  # that are told


def stopped_sinks(data: Path) -> dict[str, str]:
    """Why a sink writes no more, by the name of its run file, such as market-sink-simulated-0."""
    files = {path.stem: read(path) for path in sorted((data / "run").glob(f"*{PART}*.json"))[:MOST]}
    return {
        name: f"writes no rows: {printable(str(facts.get('reason') or 'the store refuses them'))}"
        for name, facts in files.items()
        if facts.get("state") == STOPPED
    }


def alarms(facts: dict[str, Any]) -> list[str]:
    """What a process tells in its run file, a sentence each."""
    told = facts.get("alarms")
    listed = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return [printable(str(one.get("reason") or one.get("name") or "an alarm")) for one in listed[:MOST]]


def read(path: Path) -> dict[str, Any]:
    """A run file as it is now; half written, foreign or absent counts as empty."""
    try:
        facts = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return facts if isinstance(facts, dict) else {}
