"""Copies of a flow's recovery store, and the way back to them.

What a flow computes is a function of its journal, and its sinks know what they have been given before. So it may go on
from any whole copy of its recovery store: the tables come out the same, only more is computed again.

Beside the store `recovery/market` lie `market.copies/000001` and up, the newest last; `market.damaged`, the last store
that was set aside; and `market.starts`, how often a start from the present store has failed before it got further.
"""

import hashlib
import json
import logging
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from flows.recovery_store import (
    Position,
    examine,
    examine_parts,
    forget_unfinished,
    opened_parts,
    part_files,
)
from market.errors import StateError
from market.journal import partitions
from sources.journal_reader import JournalReader

log = logging.getLogger("barograph.recovery")

SEAL = "seal.json"  # of a copy: its files' digests, and what wrote it
DEATHS = 2  # starts that fail without getting further, before an older copy is taken
TRIES = 5  # to find a moment at which the files of a store agree
CHUNK_BYTES = 1 << 20


class Copies(NamedTuple):
    """How often a store is copied, and what is kept."""

    every_s: float = 300.0
    keep: int = 3
    limit_bytes: int = 4 << 30  # of all copies together


USUAL = Copies()


def make_ready(recovery: Path, mark: str) -> bool:
    """Leave a whole store in `recovery`: the one that is there, or the newest whole copy. False: there is none.

    mark: of source and settings; copies of others cannot be used. To be called while nobody has the store open.
    """
    if not part_files(recovery) and not copies(recovery):
        return False
    try:
        position = examine(recovery)
    except StateError as error:
        return _fall_back(recovery, str(error), _usable(recovery, mark))
    if later := _usable(recovery, mark, after=position.epoch):
        return _fall_back(recovery, f"it has lost what came after epoch {position.epoch}", later)
    if _deaths(recovery, position) >= DEATHS and (earlier := _usable(recovery, mark, before=position.epoch)):
        _forget_after(recovery, earlier)
        return _fall_back(recovery, f"{DEATHS} starts from it failed before they got further", earlier)
    _begin_at(recovery, position)
    return True


def note_death(recovery: Path) -> None:
    """A start has failed, for no reason that can be named; whether it got further is seen at the next."""
    epoch, deaths = _starts(recovery)
    _note(recovery, epoch, deaths + 1)


def take_copy(recovery: Path, mark: str, keep: int, limit_bytes: int) -> Path | None:
    """Copy the store while a flow writes to it; the copy, or None where it alone would be over the limit of bytes.

    To be called in a process of its own. Raises StateError if what was copied is not whole: older copies stay.
    """
    folder = copies_folder(recovery)
    partial = folder / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    position = _copy_files(recovery, partial)
    files = {path.name: _digest(path) for path in part_files(partial)}
    size = sum(path.stat().st_size for path in part_files(partial))
    if size > limit_bytes:
        shutil.rmtree(partial)
        log.warning("no copy of %s was kept: %d bytes are over the limit of %d", recovery.name, size, limit_bytes)
        return None
    (partial / SEAL).write_text(json.dumps({"files": files, "mark": mark, "epoch": position.epoch, "bytes": size}))
    newest = max((int(path.name) for path in copies(recovery)), default=0)
    copy = folder / f"{newest + 1:06d}"
    _put(partial, copy)
    _forget_old(recovery, keep, limit_bytes)
    return copy


def copies(recovery: Path) -> list[Path]:
    """The copies of a store, newest first."""
    return sorted((path for path in copies_folder(recovery).glob("*") if path.name.isdecimal()), reverse=True)


def copies_folder(recovery: Path) -> Path:
    """Where they lie."""
    return recovery.with_name(f"{recovery.name}.copies")


def forget_copies(recovery: Path) -> None:
    """Remove all copies and notes: states of another source or other settings."""
    shutil.rmtree(copies_folder(recovery), ignore_errors=True)
    _starts_file(recovery).unlink(missing_ok=True)


def check_copy(copy: Path, mark: str) -> Position:
    """Where a copy stands; raises StateError with the reason if it cannot be used."""
    try:
        seal = json.loads((copy / SEAL).read_bytes())
        files = {path.name: _digest(path) for path in part_files(copy)}
        if seal["files"] != files or seal["mark"] != mark:
            raise StateError(f"the copy {copy} is damaged, or of other source or settings")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(f"the copy {copy} is damaged: {error}") from None
    return examine(copy)


def _usable(recovery: Path, mark: str, *, after: int = 0, before: int = sys.maxsize) -> Path | None:
    """The newest copy that is whole and stands between two epochs."""
    for copy in copies(recovery):
        try:
            if after < _told_epoch(copy) < before and after < check_copy(copy, mark).epoch < before:
                return copy
        except StateError as error:
            log.error("%s", error)
    return None


def _told_epoch(copy: Path) -> int:
    """Where a copy says it stands: quick, to be checked before it is believed."""
    try:
        return int(json.loads((copy / SEAL).read_bytes())["epoch"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(f"the copy {copy} is damaged: {error}") from None


def _forget_after(recovery: Path, copy: Path) -> None:
    """Later copies are of the same failing state, and would pass for what the store has lost."""
    for later in copies(recovery):
        if later.name > copy.name:
            shutil.rmtree(later)


def _fall_back(recovery: Path, reason: str, copy: Path | None) -> bool:
    """Put a copy in the place of the store; False: there is none."""
    log.error("the recovery store of the %s flow cannot be gone on from: %s", recovery.name, reason)
    _set_aside(recovery)
    if copy is None:
        for sentence in _first_rows(recovery):
            log.error("there is no whole copy: the %s flow begins anew at %s", recovery.name, sentence)
        return False
    fresh = recovery.with_name(f"{recovery.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for path in part_files(copy):
        shutil.copyfile(path, fresh / path.name)
    _put(fresh, recovery)
    log.error("the %s flow goes on from the copy %s; what came after it is computed again", recovery.name, copy.name)
    _begin_at(recovery, examine(recovery))
    return True


def _first_rows(recovery: Path) -> Iterator[str]:
    """Where the journals of a flow begin, which is called like its topic."""
    for path in partitions(recovery.parent.parent, recovery.name):
        with JournalReader(path) as journal:
            first = next((row.offset for row in journal.rows(0, 1)), 1)
        lost = f"; what rows 1 to {first - 1} told of the market is not known to it" if first > 1 else ""
        yield f"row {first} of {path.stem}{lost}"


def _begin_at(recovery: Path, position: Position) -> None:
    forgotten = forget_unfinished(recovery, position)
    if forgotten:
        log.info("the last run of the %s flow left %d snapshots unfinished", recovery.name, forgotten)
    _note(recovery, position.epoch, _deaths(recovery, position))


def _set_aside(recovery: Path) -> None:
    """One damaged store is kept, for whoever wants to know."""
    aside = recovery.with_name(f"{recovery.name}.damaged")
    shutil.rmtree(aside, ignore_errors=True)
    recovery.rename(aside)
    recovery.mkdir()
    log.error("it was set aside as %s", aside)


def _copy_files(recovery: Path, target: Path) -> Position:
    """All files as they are at one moment, compacted; a moment between two writes of one epoch is tried again."""
    for attempt in range(TRIES):
        try:
            return _copied(recovery, target)
        except StateError:
            if attempt == TRIES - 1:
                raise
    raise AssertionError


def _copied(recovery: Path, target: Path) -> Position:
    paths = part_files(recovery)
    with opened_parts(recovery) as parts:
        for part in parts:
            part.execute("begin")
            part.execute("select count(*) from parts").fetchone()  # from here on it sees one moment
        for part, path in zip(parts, paths, strict=True):
            (target / path.name).unlink(missing_ok=True)
            with closing(sqlite3.connect(target / path.name)) as copy:
                part.backup(copy)
    with opened_parts(target) as parts:
        position = examine_parts(parts)
        for part in parts:
            part.execute("pragma journal_mode = delete")
            part.execute("vacuum")
    return position


def _forget_old(recovery: Path, keep: int, limit_bytes: int) -> None:
    """Keep so many of the newest, as long as they are within the limit of bytes together; one always."""
    total = 0
    for number, copy in enumerate(copies(recovery)):
        total += sum(path.stat().st_size for path in part_files(copy))
        if number and (number >= keep or total > limit_bytes):
            shutil.rmtree(copy)


def _put(partial: Path, place: Path) -> None:
    """Make a folder durable, and give it its name in one step."""
    for path in (*partial.iterdir(), partial):
        _sync(path)
    if place.exists():
        place.rmdir()
    partial.rename(place)
    _sync(place.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _starts_file(recovery: Path) -> Path:
    return recovery.with_name(f"{recovery.name}.starts")


def _deaths(recovery: Path, position: Position) -> int:
    """Failed starts since the store last got further."""
    epoch, deaths = _starts(recovery)
    return deaths if epoch == position.epoch else 0


def _starts(recovery: Path) -> tuple[int, int]:
    try:
        noted = json.loads(_starts_file(recovery).read_bytes())
        return int(noted["epoch"]), int(noted["deaths"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0


def _note(recovery: Path, epoch: int, deaths: int) -> None:
    path = _starts_file(recovery)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps({"epoch": epoch, "deaths": deaths}))
    partial.replace(path)
