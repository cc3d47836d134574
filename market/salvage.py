"""`Salvage`: the whole rows of a journal file that SQLite cannot read any more, or not all of it.

Every page of the file and of its write-ahead log is looked at; a row counts when its checksum says that it is what was
written, so nothing wrong is ever found, and what was pruned or rolled back is left out. It reads the whole file once
(some 100 MB/s) and then keeps 16 bytes per row.
"""

import logging
import mmap
from array import array
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from market.journal import StoredRow
from market.journal_facts import CHECKED_AFTER, PRUNED_TO, are_whole, number
from market.sqlite_pages import Pages, Place

NO_END = (1 << 63) - 1

log = logging.getLogger("barograph.journal")


class Salvage:
    """The whole rows of the file at `path` as it is now. `only_log`: those that stand in its write-ahead log.

    Close it only after the last SQLite connection of this process to that file: a POSIX lock of SQLite's ends when any
    descriptor of the file is closed.
    """

    def __init__(self, path: Path, *, only_log: bool = False) -> None:
        if not only_log:
            log.warning("%s is damaged: looking for its whole rows page by page", path)
        self._files = [_opened(path.with_name(path.name + end)) for end in ("-wal", "")]
        self._maps = [_mapped(file) for file in self._files]  # the log first: it moves on
        self._pages = Pages(self._maps[1], self._maps[0])
        self._only_log = only_log
        self.meta = self._meta()  # what it says about itself, as far as that can be read
        self.checked_after = number(self.meta, CHECKED_AFTER, NO_END)
        self.pruned_to = number(self.meta, PRUNED_TO, 0)
        self.offsets, self._places = self._index()

    def after(self, offset: int, limit: int) -> list[StoredRow]:
        """Up to `limit` whole rows above an offset, in order."""
        first = int(np.searchsorted(self.offsets, offset, side="right"))
        rows = map(self._row, range(first, min(first + limit, len(self.offsets))))
        return [row for row in rows if row is not None]

    def before(self, offset: int) -> StoredRow | None:
        """The last whole row up to an offset."""
        found = int(np.searchsorted(self.offsets, offset, side="right")) - 1
        return self._row(found) if found >= 0 else None

    def close(self) -> None:
        """Let go of the files."""
        for mapped, file in zip(self._maps, self._files, strict=True):
            if isinstance(mapped, mmap.mmap):
                mapped.close()
            if file is not None:
                file.close()

    def _meta(self) -> dict[str, str]:
        """The newest facts that are whole, over all else that was noted."""
        pages = list(self._pages.texts())
        facts = [page for page in pages if are_whole(page)]
        return {key: value for page in (*pages, *facts) for key, value in page.items()}

    def _index(self) -> tuple[np.ndarray[Any, np.dtype[np.int64]], list[int]]:
        offsets, places = array("q"), array("q")
        for place in self._pages.places(only_log=self._only_log):
            row = self._read(place)
            if row is not None and not (row.source is None and row.offset <= self.pruned_to):
                offsets.append(row.offset)
                places.append(place.image << 17 | place.position)
        found, first = np.unique(np.array(offsets, np.int64), return_index=True)
        return found, np.array(places, np.int64)[first].tolist()

    def _row(self, found: int) -> StoredRow | None:
        """A row that was found; None where a writer has changed the file since."""
        packed = self._places[found]
        return self._read(Place(packed >> 17, packed & (1 << 17) - 1))

    def _read(self, place: Place) -> StoredRow | None:
        """The row that begins there, if it is whole."""
        for logged in (True, False):
            record = self._pages.record(place, logged=logged)
            if record is None or len(record[1]) not in (5, 6):
                continue
            offset, (_, *columns) = record
            row = StoredRow(offset, *columns, *([None] * (5 - len(columns))))
            if offset > 0 and row.is_whole(self.checked_after):
                return row
        return None


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _mapped(file: BinaryIO | None) -> Any:
    """A file's bytes; none where there is no file."""
    try:
        return b"" if file is None else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:  # an empty file cannot be mapped
        return b""
