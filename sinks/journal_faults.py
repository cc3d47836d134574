"""What a failed write to a journal means, by SQLite's word for it.

- The disk takes nothing now (full, read-only), or another writer holds the file: nothing was written, the same append
  may succeed later: HeldError.
- The device failed, or a flush did: what of the earlier writes is on the disk is not known any more, and asking again
  may get a false yes (https://wiki.postgresql.org/wiki/Fsync_Errors): DiskError. The writer is done with; a new start
  begins after the last row that is durable.
- The file is damaged: DiskError too; the next start repairs it.

After a DiskError a mark lies beside the file, because the next start must not count on its newest rows.
"""

import sqlite3
from pathlib import Path

from market.errors import DiskError, JournalError

DAMAGED, UNSURE = "damaged", "unsure"
_WAITS = {
    sqlite3.SQLITE_FULL: "there is no space left on its disk",
    sqlite3.SQLITE_READONLY: "its disk is read-only",
    sqlite3.SQLITE_BUSY: "another process keeps it locked",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked",
    sqlite3.SQLITE_IOERR_SHMSIZE: "there is no space left on its disk",  # for the index of the log
    sqlite3.SQLITE_NOMEM: "there is no memory left",
}
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


class HeldError(JournalError):
    """The journal takes nothing now; the same append may succeed later."""

    exit_code = 74  # EX_IOERR of sysexits.h

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} takes nothing now: {reason}; make it writable again, nothing else is needed")
        self.reason = reason


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is not what SQLite wrote."""
    return code_of(error) & 0xFF in _DAMAGE


def code_of(error: sqlite3.Error) -> int:
    """SQLite's extended code."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR))


def fault_of(path: Path, error: sqlite3.Error, *, marked: bool) -> JournalError:
    """What a failed write to the journal at `path` means; leaves the mark, if wanted, where it means DiskError."""
    code = code_of(error)
    reason = _WAITS.get(code, _WAITS.get(code & 0xFF))
    if reason is not None and code != sqlite3.SQLITE_READONLY_DBMOVED:
        return HeldError(path, reason)
    if marked:
        leave_mark(path, DAMAGED if is_damage(error) else UNSURE)
    said = getattr(error, "sqlite_errorname", type(error).__name__)
    return DiskError(f"the disk failed under {path} ({said}: {error}); it goes on after the last row that is durable")


def mark_of(path: Path) -> str:
    """What an earlier process left: DAMAGED, UNSURE or nothing."""
    try:
        found = _mark(path).read_text("utf-8", "replace").strip()
    except OSError:
        return ""
    return found if found == DAMAGED else UNSURE


def leave_mark(path: Path, reason: str) -> None:
    """As well as it goes: the disk has just failed. Without the mark, a changed boot still tells."""
    try:
        _mark(path).write_text(reason + "\n")
    except OSError:
        return


def remove_mark(path: Path) -> None:
    """What it asked for is done."""
    _mark(path).unlink(missing_ok=True)


def _mark(path: Path) -> Path:
    return path.with_suffix(".unsure")
