"""Crash points: the calls of a process that leave a trace outside it, counted, and death before any one of them.

`crash.c` does it, from below Python, SQLite, chDB and Bytewax's own recovery store alike. Without a C compiler (or on
another system than Linux) there is nothing to count with, and the tests that need it are skipped.
"""

import mmap
import os
import shutil
import struct
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

SOURCE = Path(__file__).with_name("crash.c")


@cache
def library() -> Path:
    """The compiled library, in a temporary folder that goes with this process."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("crash points need Linux and a C compiler")
    made = Path(_home().name) / "crash.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return made


@cache
def _home() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="barograph-crash-")


class Points:
    """The numbers that a process under `environment` shares with us."""

    def __init__(self, file: Path, below: Path) -> None:
        file.write_bytes(bytes(16))
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), 16)
        shared = {"BAROGRAPH_CRASH_FILE": str(file), "BAROGRAPH_CRASH_FOLDER": str(below)}
        self.environment = {**os.environ, **shared, "LD_PRELOAD": str(library())}

    def arm(self, at: int) -> None:
        """Count anew, and die before that call; 0: never."""
        self._shared[:16] = struct.pack("qq", 0, at)

    @property
    def count(self) -> int:
        """Calls since it was armed."""
        return int(struct.unpack_from("q", self._shared, 0)[0])


def chosen(count: int, how_many: int | None) -> list[int]:
    """So many of the points 1 to count, evenly; all where None."""
    if how_many is None or how_many >= count:
        return list(range(1, count + 1))
    return sorted({1 + round(number * (count - 1) / max(1, how_many - 1)) for number in range(how_many)})
