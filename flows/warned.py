"""Warnings that a process writes to its log, such as that an exchange cannot be reached: for the terminal.

A warning that only says again what the one before it said, because something is retried, is left out.
"""

from pathlib import Path

RETRY = "; retrying"  # from here on, a sentence differs from try to try
LEVEL = " WARNING "


class Warnings:
    """Follows one log file from its present end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = path.stat().st_size if path.exists() else 0
        self._last = ""

    def new(self) -> list[str]:
        """The sentences since the last call, each with the name of the part that said it."""
        return [sentence for line in self._lines() if (sentence := self._sentence(line))]

    def _lines(self) -> list[str]:
        if not self._path.exists() or self._path.stat().st_size <= self._read:
            return []
        with self._path.open("rb") as log:
            log.seek(self._read)
            whole, end, _unfinished = log.read().rpartition(b"\n")
        self._read += len(whole) + len(end)
        return whole.decode("utf-8", "replace").splitlines()

    def _sentence(self, line: str) -> str:
        _time, level, told = line.partition(LEVEL)
        told = " ".join(told.split())
        key = told.partition(RETRY)[0]
        if not level or key == self._last:
            return ""
        self._last = key
        return told
