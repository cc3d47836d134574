"""Notes of what an endpoint missed, once part of it was queued after all: what was not queued stays noted."""

from collections.abc import Sequence
from typing import NamedTuple

from sinks.webhook.database import Database, transaction


class Left(NamedTuple):
    """Part of what a note tells of that cannot be queued, and is to be noted still."""

    reason: str
    first_sequence: int
    last_sequence: int
    events: int  # 0: nobody knows


def shorten(database: Database, number: int, until: int, events: int, left: Sequence[Left]) -> None:
    """Up to a sequence what a note tells of is queued, `events` of them, but for what is `left`, which is noted by
    itself; the note goes where nothing follows. One transaction; raises DatabaseError.
    """
    with transaction(database):
        for part in left:
            database.execute(
                "insert into missed (endpoint, reason, stream, first_sequence, last_sequence, events, first_ns,"
                " last_ns) select endpoint, ?, stream, ?, ?, ?, first_ns, last_ns from missed where number = ?",
                (*part, number),
            )
        shorter = "update missed set first_sequence = ?, events = max(events - ?, 0) where number = ?"
        database.execute(shorter, (until + 1, events + sum(part.events for part in left), number))
        database.execute("delete from missed where number = ? and first_sequence > last_sequence", (number,))
