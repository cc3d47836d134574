"""DATA/HALT: while this file is there, no order leaves this machine. That it exists is all that counts.

Its lines say who halted, when and why: one JSON object each, or the words of a person (`echo who and why > DATA/HALT`).
Several halts add to one another. It is only ever taken away by a person (`barograph release`), who puts it aside into
DATA/halts.
"""

import errno
import os
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

NAME = "HALT"
ASIDE = "halts"
MOST_BYTES = 1 << 20  # of the file that are read: the last ones
MOST_WORDS = 1_000  # characters of a line that a person wrote
FLATTEN = "flatten"  # as the first word of a line


class HaltLine(NamedTuple):
    """What one line says, and a key by which another line can name it."""

    key: str
    facts: dict[str, Any]


def halt_path(data: Path) -> Path:
    """Where it lies."""
    return data / NAME


def is_halted(data: Path) -> bool:
    """Whether it is there; a folder that cannot be looked into counts as halted."""
    try:
        os.lstat(f"{data}/{NAME}")
    except FileNotFoundError:
        return not os.path.isdir(data)
    except OSError:
        return True
    return True


def write_halt(data: Path, **facts: Any) -> str:
    """Halt, or add a line to why; on the disk when this returns. The key of the line. Raises OSError; the file may be
    there all the same.
    """
    data.mkdir(parents=True, exist_ok=True)
    number = os.open(halt_path(data), os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        flush(data)
        size = os.fstat(number).st_size
        cut = size and os.pread(number, 1, size - 1) != b"\n"
        words = msgspec.json.encode(facts)
        line = (b"\n" if cut else b"") + words + b"\n"
        if os.write(number, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(number)
        return _key(words)
    finally:
        os.close(number)


def read_halt(data: Path) -> list[dict[str, Any]]:
    """What its lines say, the oldest first; empty where nothing is halted, nothing said, or it cannot be read."""
    try:
        return [line.facts for line in halt_lines(data)]
    except OSError:
        return []


def halt_lines(data: Path) -> list[HaltLine]:
    """Its lines, the oldest first. Raises OSError, FileNotFoundError where nothing is halted."""
    with halt_path(data).open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - MOST_BYTES))
        lines = file.read(MOST_BYTES).splitlines()
    return [HaltLine(_key(words), _read(words)) for line in lines if (words := line.strip())]


def put_aside(data: Path, now_ns: int) -> Path:
    """End the halt: the file goes to DATA/halts; where it is now. Raises OSError."""
    aside = data / ASIDE / f"{NAME}.{now_ns}"
    aside.parent.mkdir(exist_ok=True)
    os.rename(halt_path(data), aside)
    flush(aside.parent)
    flush(data)
    return aside


def flush(folder: Path) -> None:
    """Make what is in a folder, and what is not any more, survive the loss of power."""
    number = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _key(line: bytes) -> str:
    return f"{zlib.crc32(line):08x}"


def _read(line: bytes) -> dict[str, Any]:
    """What is no JSON object is what a person wrote."""
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        words = line.decode("utf-8", "replace")[:MOST_WORDS]
    first, _, rest = words.partition(" ")
    flatten = first.lower() == FLATTEN
    return {"action": "kill", "reason": rest.strip() if flatten else words, "flatten": flatten}
