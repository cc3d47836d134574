"""`Disk`: what a spool asks of a file system, so that a test can have one that is full, slow or dies."""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

PARTIAL = ".partial"


class Disk(Protocol):
    """Files that are there whole or not at all."""

    def write(self, path: Path, data: Sequence[bytes]) -> None:
        """Put a file in its place, durable when this returns; one of that name is replaced. Raises OSError."""

    def read(self, path: Path) -> bytes:
        """All of a file; raises OSError."""

    def remove(self, path: Path) -> None:
        """Remove a file, there or not; raises OSError."""

    def rename(self, path: Path, name: str) -> None:
        """Give a file another name in its folder; raises OSError."""

    def sizes(self, folder: Path, suffix: str) -> dict[Path, int]:
        """Bytes of every file below a folder whose name ends so; empty where there is no folder."""

    def free_bytes(self, folder: Path) -> int:
        """What may still be written."""


class LocalDisk:
    """The machine's own."""

    def write(self, path: Path, data: Sequence[bytes]) -> None:
        """Written beside its place, flushed to the device, renamed, and the folder flushed too.

        After a failed flush nothing is known of the file that was written, so it is given up, not flushed again.
        """
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
            _flush(path.parent.parent)
        partial = path.with_name(path.name + PARTIAL)
        try:
            with partial.open("wb") as file:
                file.writelines(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            _flush(path.parent)
        except OSError:
            with suppress(OSError):  # of a disk that takes nothing; the next write of this name replaces it
                partial.unlink(missing_ok=True)
            raise

    def read(self, path: Path) -> bytes:
        """All of a file."""
        return path.read_bytes()

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink(missing_ok=True)

    def rename(self, path: Path, name: str) -> None:
        """Give a file another name."""
        path.rename(path.with_name(name))

    def sizes(self, folder: Path, suffix: str) -> dict[Path, int]:
        """Sorted by name."""
        return {path: path.stat().st_size for path in sorted(folder.rglob(f"*{suffix}"))}

    def free_bytes(self, folder: Path) -> int:
        """For us, not for the superuser."""
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free


def _flush(folder: Path) -> None:
    """A rename is durable when its folder is."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
