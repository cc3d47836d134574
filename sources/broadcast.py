"""The broadcast journal's reader: rows after a sequence, for whoever passes events on.

A row that is not there any more is never passed over in silence: `GoneError` says from where on rows can be had.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from market import record
from market.broadcast import STREAM, GoneError, broadcast_path
from market.errors import JournalError
from market.journal import JournalBatch
from sources.journal_reader import JournalReader

ROWS_PER_READ = 64
POLL_S = 0.02


class Told(NamedTuple):
    """One row: the events of one batch. No frames: what stood there was destroyed on the disk."""

    sequence: int
    frames: tuple[bytes, ...]


class Span(NamedTuple):
    """What can be had. stream: "" where there is no journal yet; newest: 0 where nothing was ever told."""

    stream: str
    oldest: int
    newest: int


class Stop(Protocol):
    """What a follower asks whether it should end, and waits by; a threading.Event is one."""

    def is_set(self) -> bool:
        """True from the moment it should end."""

    def wait(self, timeout: float) -> object:
        """Wait so many seconds, or until it should end."""


class Broadcast:
    """Reads the journal of a data folder, which need not be there yet. Not for two threads at once."""

    def __init__(self, data: Path) -> None:
        self._path = broadcast_path(data)
        self._reader: JournalReader | None = None
        self._stream, self._file = "", 0
        self._read = 0  # sequence of the last row that was read

    def span(self) -> Span:
        """What can be had now."""
        reader = self._opened()
        if reader is None:
            return Span("", 0, 0)
        first = reader.rows(0, 1)
        return Span(self._stream, first[0].offset if first else 0, reader.last_offset())

    def read(self, after: int, *, limit: int = ROWS_PER_READ, stream: str = "") -> list[Told]:
        """Up to `limit` rows above a sequence, in order; empty where there are none yet.

        Raises GoneError where rows above it are no longer kept, where it was never given, and where the journal is not
        the one named by `stream` ("": any).
        """
        reader = self._opened()
        if reader is None:
            if stream or after:
                raise GoneError("there is no stream yet", stream="", oldest=0, newest=0)
            return []
        try:
            rows = reader.read(after, limit)
        except JournalError:
            self.close()  # another journal is in its place
            raise GoneError("the stream was begun anew", **self.span()._asdict()) from None
        if stream not in ("", self._stream):
            raise GoneError(f"{stream} is another stream", **self.span()._asdict())
        if after != self._read or (rows and (rows[0].offset != after + 1 or any(map(_is_torn, rows)))):
            self._check(after)
        self._read = rows[-1].offset if rows else after
        return [Told(row.offset, () if _is_torn(row) else tuple(row.frames)) for row in rows]

    def close(self) -> None:
        """Let go of the file; the next look opens it again."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _opened(self) -> JournalReader | None:
        """The reader, None while there is no journal that has its name. Of another file in its place, a new one."""
        try:
            file = os.stat(self._path).st_ino
        except FileNotFoundError:
            return self._reader
        if self._reader is not None and file != self._file:
            self.close()
        if self._reader is None:
            reader = JournalReader(self._path)
            self._file = file
            self._stream = reader.meta().get(STREAM, "")
            if self._stream:
                self._reader = reader
            else:
                reader.close()
        return self._reader

    def _check(self, after: int) -> None:
        """Raise where what follows a sequence is not all there."""
        span = self.span()
        if after + 1 < span.oldest:
            raise GoneError(f"what follows {after} is no longer kept", **span._asdict())
        if after > span.newest:
            raise GoneError(f"{after} was not given yet", **span._asdict())


def follow(
    data: Path,
    *,
    after: int | None,
    stream: str = "",
    stop: Stop,
    poll_s: float = POLL_S,
    wait: Callable[[float], object] | None = None,
) -> Iterator[Told]:
    """Rows above a sequence as they come, None for those from now on; ends when `stop` is set. Raises GoneError."""
    reader, pause = Broadcast(data), wait or stop.wait
    try:
        last = reader.span().newest if after is None else after
        while not stop.is_set():
            rows = reader.read(last, stream=stream)
            for told in rows:
                yield told
                last = told.sequence
            if not rows:
                pause(poll_s)
    finally:
        reader.close()


def _is_torn(row: JournalBatch) -> bool:
    """Whether a row stands for one that was destroyed."""
    return any(map(record.is_record, row.frames))
