"""Warnings that processes write to their logs, such as that an exchange cannot be reached: for the terminal.

A warning that only says again what the one before it said, because something is retried, is left out.
"""

from pathlib import Path

import msgspec

RETRY = "; retrying"  # from here on, a sentence differs from try to try
ALARMS = frozenset({"error", "critical"})
WARNINGS = ALARMS | {"warning"}
READ_BYTES = 1 << 20  # of a log at one look; what was written beyond is left out


class Line(msgspec.Struct):
    """What is needed of a log line."""

    level: str
    part: str
    message: str


class Warnings:
    """Follows one log file from its present end, also into the file that follows when it is full."""

    def __init__(self, path: Path, levels: frozenset[str] = WARNINGS) -> None:
        self._path, self._levels = path, levels
        self._file, self._read = _known(path)
        self._half = b""  # of a line that is still being written
        self._last = ""

    def new(self) -> list[str]:
        """The sentences since the last call, each with the name of the part that said it."""
        return [sentence for line in self._lines() if (sentence := self._sentence(line))]

    def _lines(self) -> list[bytes]:
        text = self._half
        file, length = _known(self._path)
        if file != self._file:
            aside = self._path.with_name(f"{self._path.name}.1")
            if self._file and _known(aside)[0] == self._file:
                text += _text(aside, self._read)
            self._file, self._read = file, 0
        if length > self._read:
            added = _text(self._path, self._read)
            self._read = self._read + len(added) if len(added) < READ_BYTES else length
            text += added
        whole, end, unfinished = text.rpartition(b"\n")
        self._half = unfinished[:READ_BYTES]
        return whole.split(b"\n") if end else []

    def _sentence(self, line: bytes) -> str:
        try:
            told = msgspec.json.decode(line, type=Line)
        except msgspec.DecodeError:
            return ""  # a traceback of the engine, a word of a library: kept in the file
        message = " ".join("".join(map(_printable, told.message)).split())
        key = message.partition(RETRY)[0]
        if told.level not in self._levels or key == self._last:
            return ""
        self._last = key
        return f"{told.part}: {message}"


def _known(path: Path) -> tuple[int, int]:
    """Which file is at a path, 0 for none, and how long it is."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_size


def _text(path: Path, start: int) -> bytes:
    try:
        with path.open("rb") as log:
            log.seek(start)
            return log.read(READ_BYTES)
    except OSError:
        return b""


def _printable(character: str) -> str:
    return character if character.isprintable() else " "
