"""The journal's reader: micro-batches of one partition in offset order, also while another process appends to it.

What cannot be read is told, never skipped and never guessed: in the place of a row that is not what was written, or is
missing, stands one that holds a single `record.Torn`, with the receive time of the whole row before it. Where SQLite
cannot read on, or rows are missing, every page of the file is looked at (market/salvage.py), so only what was really
destroyed is lost. The same file always reads alike, however the reading is cut.
"""

import os
import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

from market.errors import JournalError
from market.history import HISTORY
from market.journal import (
    FIRST_RECEIVED,
    READABLE_SCHEMAS,
    SCHEMA_VERSION,
    SKIPPED_FROM,
    JournalBatch,
    StoredRow,
    unpack,
    unreadable,
)
from market.journal_facts import CHECKED_AFTER, PRUNED_TO, UNSEALED_SCHEMA, are_whole, number
from market.salvage import NO_END, Salvage
from sources.journal_row import Row, mark_of, torn_row, torn_rows

BUSY_TIMEOUT_S = 10
BELIEVED_OFFSETS = 1 << 48  # a torn row at the end that claims to be further away than this is not counted

_NEW_COLUMNS = "offset, received_ns, frames, source, source_offset, checksum"
_OLD_COLUMNS = "offset, received_ns, frames, source, source_offset, null"
_DAMAGE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class JournalReader:
    """Reads one partition; never writes, never blocks its writer.

    Raises JournalError when there is no journal, or the file is of another schema or nothing of it can be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            raise JournalError(f"there is no journal at {path}; `barograph capture` or `barograph import` makes one")
        self._salvage: Salvage | None = None
        self._end_told = False
        self._open()
        try:
            self._learn()
        except JournalError:
            self.close()
            raise

    def read(self, after: int, limit: int) -> list[JournalBatch]:
        """Up to `limit` micro-batches with offsets above `after`, in order; empty where there are none yet."""
        return [unpack(row.offset, row.frames) for row in self.rows(after, limit)]

    def rows(self, after: int, limit: int) -> list[Row]:
        """As `read`, but with the frames still packed; what is told of missing rows comes on top of the limit."""
        try:
            found = self._select("where offset > ? order by offset limit ?", after, limit)
        except sqlite3.DatabaseError as error:
            self._refuse_but_damage(error)
            if self._follow_replaced(after):
                return self.rows(after, limit)
            return self._told(after, self._mended(after, limit, [])) or self._told_of_the_end(after)
        if not found:
            self._follow_replaced(after)
        elif not self._in_order(after, found):
            self._learn()
            if not self._in_order(after, found):
                rows = found if self._is_gone(after, found) else self._mended(after, limit, found)
                return self._told(after, rows, {row.offset for row in found})
        return [Row(row.offset, row.received_ns, row.frames, row.source or "") for row in found]

    def meta(self) -> dict[str, str]:
        """What the journal says about itself: schema, venue, shard, block_ns, and notes."""
        notes = self._texts("meta")
        if are_whole(notes):
            return notes
        facts = self._texts("facts")
        if not are_whole(facts):
            if notes.get("schema", UNSEALED_SCHEMA) not in READABLE_SCHEMAS:
                return notes
            facts = self._pages().meta
        if not are_whole(facts):
            raise unreadable(self._path, ValueError("it does not say what it is"))
        return notes | facts

    def last_offset(self) -> int:
        """Offset of the newest row, 0 where there is none."""
        try:
            return int(self._database.execute("select coalesce(max(offset), 0) from batches").fetchone()[0])
        except sqlite3.DatabaseError as error:
            self._refuse_but_damage(error)
            return int(max(self._pages().offsets, default=0))

    def received_ns(self, offset: int) -> int:
        """Receive time of a row, 0 where there is no such row."""
        row = self._whole_before(offset)
        return row.received_ns if row is not None and row.offset == offset else 0

    def mark(self, offset: int) -> int | None:
        """By what a row is known again, None where there is no whole row."""
        row = self._whole_before(offset)
        return mark_of(row.frames) if row is not None and row.offset == offset else None

    def goes_on(self, offset: int, mark: int | None) -> bool:
        """Whether reading may go on after a row that was read, and had this mark (None: not known). False: there is no
        such row yet, nor a note that it was left out.

        Raises JournalError where another row stands in its place: then this journal was begun anew.
        """
        found = self.mark(offset) if offset and mark is not None else None
        if found is not None and found != mark:
            raise another_journal(self._path, f"its row {offset} is another one")
        left_out = any(offset in gap for gap in self._left_out)
        return offset <= self.last_offset() or left_out or self.is_damaged

    def is_history(self) -> bool:
        """Whether all its rows are history."""
        try:
            statement = "select 1 from batches where source is null or source != ? limit 1"
            return not self._database.execute(statement, (HISTORY,)).fetchall()
        except sqlite3.DatabaseError as error:
            self._refuse_but_damage(error)
            return all(row.source == HISTORY for row in self._pages().after(0, 1))

    @property
    def is_damaged(self) -> bool:
        """Whether something that was read so far could not be had from SQLite."""
        return self._salvage is not None

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
        if self._salvage is not None:
            self._salvage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        try:
            self._database = sqlite3.connect(
                uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False
            )
            self._database.text_factory = lambda text: text.decode("utf-8", "replace")
            self._file = os.stat(self._path).st_ino
        except (sqlite3.DatabaseError, OSError) as error:
            raise unreadable(self._path, error) from error

    def _learn(self) -> None:
        """What the file says about itself now."""
        facts = self.meta()
        if facts.get("schema") not in READABLE_SCHEMAS:
            raise JournalError(
                f"{self._path} has journal schema {facts.get('schema')}, this Barograph reads {SCHEMA_VERSION};"
                " use its own version"
            )
        self._columns = _OLD_COLUMNS if facts["schema"] == UNSEALED_SCHEMA else _NEW_COLUMNS
        self._checked_after = number(facts, CHECKED_AFTER, NO_END)
        self._pruned_to = number(facts, PRUNED_TO, -1)
        if self._pruned_to < 0:
            self._pruned_to = self._first_received() - 1
        noted = ((key.removeprefix(SKIPPED_FROM), last) for key, last in facts.items() if key.startswith(SKIPPED_FROM))
        self._left_out = [
            range(int(first), int(last) + 1) for first, last in noted if first.isdecimal() and last.isdecimal()
        ]

    def _first_received(self) -> int:
        """The first row that was received and not imported; before it, schema 1 may have pruned."""
        try:
            return int(self._database.execute(FIRST_RECEIVED).fetchone()[0])
        except sqlite3.DatabaseError as error:
            self._refuse_but_damage(error)
            return 1

    def _follow_replaced(self, after: int) -> bool:
        """Open the file again where another, such as a repaired one, is in its place; whether there was."""
        try:
            replaced = os.stat(self._path).st_ino != self._file
        except OSError:
            return False  # gone; what is open stays readable
        if replaced:
            mark = self.mark(after) if after else None
            self.close()
            self._salvage = None
            self._open()
            self._learn()
            if not self.goes_on(after, mark):
                raise another_journal(self._path, f"it ends before row {after}")
        return replaced

    def _select(self, condition: str, *values: int) -> list[StoredRow]:
        rows = self._database.execute(f"select {self._columns} from batches {condition}", values)
        return [StoredRow(*row) for row in rows]

    def _in_order(self, after: int, rows: list[StoredRow]) -> bool:
        """Whether every row is whole and none is missing but by pruning before anybody read it."""
        for row in rows:
            if row.offset != after + 1 and not self._was_pruned(after, row.offset):
                return False
            if not row.is_whole(self._checked_after):
                return False
            after = row.offset
        return True

    def _was_pruned(self, after: int, offset: int) -> bool:
        """Whether what is missing between two offsets is missed by nobody: pruned, and its reader had not begun."""
        return after < offset <= self._pruned_to + 1 and (after == 0 or self.received_ns(after) != 0)

    def _is_gone(self, after: int, rows: list[StoredRow]) -> bool:
        """Whether all rows are whole and what is missing was pruned or left out on purpose: nothing is to be found."""
        for row in rows:
            if not row.is_whole(self._checked_after) or row.offset <= after:
                return False
            lacks = max(after, self._pruned_to) + 1
            while lacks < row.offset:
                gap = next((gap for gap in self._left_out if lacks in gap), None)
                if gap is None:
                    return False
                lacks = gap.stop
            after = row.offset
        return True

    def _mended(self, after: int, limit: int, found: list[StoredRow]) -> list[StoredRow]:
        """The first rows above `after`, with those that only the pages still have; a torn one only at the end."""
        pages, whole = self._pages(), {row.offset: row for row in found if row.is_whole(self._checked_after)}
        whole |= {row.offset: row for row in pages.after(after, limit)}
        rows = [whole[offset] for offset in sorted(whole) if offset > after][:limit]
        last = rows[-1].offset if rows else after
        torn = [row for row in found if row.offset > last and row.offset - last < BELIEVED_OFFSETS]
        return rows + torn[-1:] if len(found) < limit or not rows else rows

    def _told(self, after: int, rows: list[StoredRow], seen: Collection[int] = ()) -> list[Row]:
        """The rows, and one that tells of it wherever there should be another. `seen`: offsets that stand in the file,
        whole or not.
        """
        told: list[Row] = []
        before = self._whole_before(after)
        time_ns = before.received_ns if before is not None else 0
        for row in rows:
            whole = row.is_whole(self._checked_after)
            next_ns = time_ns or (row.received_ns if whole else 0)
            missing: Sequence[int] = range(after + 1, row.offset + (0 if whole else 1))
            if self._was_pruned(after, row.offset):
                missing = [offset for offset in sorted(seen) if offset in missing]
            told += torn_rows(missing, self._path.name, next_ns)
            if whole:
                told.append(Row(row.offset, row.received_ns, row.frames, row.source or ""))
                time_ns = row.received_ns
            after = row.offset
        return told

    def _told_of_the_end(self, after: int) -> list[Row]:
        """That there may have been more, once: where nothing whole follows, nothing says how much is lost."""
        if self._end_told:
            return []
        self._end_told = True
        before = self._whole_before(after)
        reason = f"rows from {after + 1} of {self._path.name} on cannot be read"
        return [torn_row(after + 1, before.received_ns if before is not None else 0, reason)]

    def _whole_before(self, offset: int) -> StoredRow | None:
        """The last whole row up to an offset."""
        try:
            found = self._select("where offset <= ? order by offset desc limit 16", offset)
        except sqlite3.DatabaseError as error:
            self._refuse_but_damage(error)
            found = []
        if found and found[0].is_whole(self._checked_after):
            return found[0]
        return self._pages().before(offset) if found or self._salvage is not None else None

    def _pages(self) -> Salvage:
        """What lies in the pages of the file, looked at once."""
        if self._salvage is None:
            self._salvage = Salvage(self._path)
        return self._salvage

    def _texts(self, table: str) -> dict[str, str]:
        """A table of keys and values, empty where it cannot be read."""
        try:
            found = self._database.execute(f"select key, value from {table}").fetchall()
        except sqlite3.DatabaseError as error:
            self._refuse_but_damage(error)
            return {}
        return {key: value for key, value in found if isinstance(key, str) and isinstance(value, str)}

    def _refuse_but_damage(self, error: sqlite3.DatabaseError) -> None:
        """Raise what reading the pages one by one cannot help."""
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _DAMAGE:
            raise unreadable(self._path, error) from error


def another_journal(path: Path, reason: str) -> JournalError:
    """What to tell where a flow cannot go on with the journal that it finds: it would miss rows unseen."""
    return JournalError(
        f"{path} is not the journal that was read: {reason}; restore it from a copy, or use another data folder"
    )
