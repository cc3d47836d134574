"""Run files: DATA/run/<name>.json says which process does a job now, since when, and on which port."""

import os
from pathlib import Path
from typing import Any

import msgspec

from market.clock import SystemClock


def read_run_file(data: Path, name: str) -> dict[str, Any]:
    """What the file says; empty where there is none."""
    try:
        return msgspec.json.decode((data / "run" / f"{name}.json").read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return {}


def write_run_file(data: Path, name: str, **facts: Any) -> None:
    """Say that this process does the job; replaces the file in one step, so that a reader never sees half of it."""
    path = data / "run" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(msgspec.json.encode({"pid": os.getpid(), "started_ns": SystemClock().now_ns(), **facts}))
    partial.replace(path)
