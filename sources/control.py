"""What the market flow asks of capture: symbols and causes in `Resync` messages of the control journal, from now on."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import msgspec

from market.errors import JournalError
from market.journal import partition_path
from market.messages import Resync, decode
from sources.journal_reader import JournalReader

SHARD = "control/0"
ROWS_PER_READ = 64


class Wish(NamedTuple):
    """A full book that somebody misses."""

    symbol: str
    cause: str = ""  # why the one there is not good: sequence, checksum, …


class ControlTail:
    """Requests for some symbols of one venue, None for all. Those that were there before this began are too old to
    answer.
    """

    def __init__(self, data: Path, *, venue: str, symbols: Collection[str] | None = None) -> None:
        self._path, self._venue, self._symbols = partition_path(data, "control", SHARD), venue, symbols
        self._reader: JournalReader | None = None
        reader = self._opened()
        self._after = reader.last_offset() if reader else 0

    def wishes(self) -> list[Wish]:
        """What was asked for since the last call."""
        reader = self._opened()
        rows = [] if reader is None else reader.read(self._after, ROWS_PER_READ)
        if rows:
            self._after = rows[-1].offset
        return [wish for row in rows for frame in row.frames if (wish := self._wish(frame)) is not None]

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader.close()

    def _opened(self) -> JournalReader | None:
        """The journal, None while there is none: the market flow makes it, maybe later."""
        if self._reader is None and self._path.exists():
            try:
                self._reader = JournalReader(self._path)
            except JournalError:
                return None
        return self._reader

    def _wish(self, frame: bytes) -> Wish | None:
        try:
            message = decode(frame)
        except msgspec.MsgspecError:
            return None
        if not isinstance(message, Resync) or message.venue != self._venue:
            return None
        if self._symbols is not None and message.instrument not in self._symbols:
            return None
        return Wish(message.instrument, message.cause)
