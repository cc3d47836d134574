"""From a row of a table back to the bytes that a venue sent: shard, row of the shard's journal, frame in that row."""

import base64
import sqlite3
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel, Field

from gateway.limits import MAX_RAW_BYTES
from gateway.rows import time_text
from market.errors import JournalError
from market.journal import partition_path
from sources.journal_reader import JournalReader

TRADING = "trading/0"


class Origin(BaseModel):
    """The frame that a row was derived from, as the venue sent it; `trouble` says why it is not there."""

    shard: str
    offset: int = Field(description="row of the shard's journal")
    frame: int = Field(description="position in that row")
    receive_time: str | None = Field(None, description="when it was received, UTC")
    text: str | None = Field(None, description="the frame, where it is text")
    base64: str | None = Field(None, description="the frame, where it is not")
    cut: bool = Field(False, description="whether the frame is longer than what is shown")
    trouble: str = ""


def origin(data: Path, shard: str, offset: int, frame: int) -> Origin:
    """The frame behind a row; never raises for a journal that is pruned, damaged or elsewhere."""
    known = Origin(shard=shard, offset=offset, frame=frame)
    try:
        with JournalReader(partition_path(data, "market", shard)) as journal:
            rows = [row for row in journal.read(offset - 1, 1) if row.offset == offset]
    except JournalError:
        return known.model_copy(update={"trouble": "the journal of this shard is not here, or cannot be read"})
    if not rows:
        return known.model_copy(update={"trouble": "the journal does not hold this row any more"})
    frames = rows[0].frames
    if not 0 <= frame < len(frames):
        return known.model_copy(update={"trouble": "this row came of no frame: time itself closed the bar"})
    raw = bytes(frames[frame])
    shown = raw[:MAX_RAW_BYTES]
    told = {"receive_time": time_text(int(rows[0].received_ns[frame])), "cut": len(raw) > len(shown)}
    return known.model_copy(update=told | _as_text(shown))


def trading_row(data: Path, shard: str, offset: int) -> int | None:
    """Which row of the trading journal carries what a row of a shard's journal said; None where it is not there."""
    path = partition_path(data, "trading", TRADING)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as journal:
            asked = "select offset from batches where source = ? and source_offset = ?"
            found = journal.execute(asked, (shard, offset)).fetchone()
    except sqlite3.Error:
        return None
    return int(found[0]) if found else None


def _as_text(raw: bytes) -> dict[str, str]:
    try:
        return {"text": raw.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}
