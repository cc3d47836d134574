"""What is given up when the journal or its disk fills up, and in which order.

1. Rows that have been on record for longer than `retention_hours` go, oldest first; so do the oldest rows while the
   journal holds more than `retention_bytes`.
2. When less than `min_free_bytes` is left on the disk (the free pages inside the file count as left), that is an alarm,
   and the oldest rows go however young they are.
3. Rows that are in no table yet stay in both cases, unless `prune_unstored` says otherwise; when no others are left to
   go, that is an alarm. Where nothing tells how far the tables are, only step 1 prunes.
4. When the disk is full, the writer holds what it has and tries again every second (sinks/journal_sink.py). Meanwhile
   the queue from the sockets sheds depth at half its limit, quotes and marks at three quarters; when it is full of
   trades the sockets are not read, so that trades wait at the venue, by TCP back-pressure, as long as the venue has
   patience (sources/frame_queue.py).
5. With space again all of it goes on by itself. `Shed` records, and `Connected` where a venue lost patience, say in the
   journal what is missing.

What a person imported, and the newest row, never go.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

HOUR_NS = 3600 * 1_000_000_000
NO_ROW = 0
STAYING = "journal"  # the alarm: rows should go and are in no table yet


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much a journal may hold; None: no bound."""

    retention_hours: float | None = None
    retention_bytes: int | None = None
    min_free_bytes: int = 0
    prune_unstored: bool = False

    @property
    def retention_ns(self) -> int | None:
        """As nanoseconds."""
        return None if self.retention_hours is None else int(self.retention_hours * HOUR_NS)


class Room(NamedTuple):
    """How full things are."""

    used_bytes: int  # of the journal
    inside_bytes: int  # free in its file
    disk_bytes: int  # free on its disk


class Duty(NamedTuple):
    """What is to be done now."""

    prune_to: int  # rows up to this offset may go, oldest first; NO_ROW: none
    alarms: dict[str, str]  # reason by name
    most_bytes: int | None = None  # no more than these need go; None: all of those rows


def duty(bounds: Bounds, room: Room, *, expired_to: int, newest: int, stored: int | None) -> Duty:
    """What the bounds ask for. `expired_to`: rows up to it are older than the hours; `stored`: rows up to it are in the
    tables, None where nobody tells.
    """
    alarms: dict[str, str] = {}
    left = room.disk_bytes + room.inside_bytes
    too_little = left < bounds.min_free_bytes
    if too_little:
        alarms["disk space"] = f"{left:,} bytes are left for the journal, fewer than {bounds.min_free_bytes:,}"
    over_bytes = 0 if bounds.retention_bytes is None else max(0, room.used_bytes - bounds.retention_bytes)
    if too_little and (stored is not None or bounds.prune_unstored):
        over_bytes = max(over_bytes, bounds.min_free_bytes - left)
    wanted, most_bytes = (newest, over_bytes) if over_bytes else (expired_to, None)
    if stored is None or bounds.prune_unstored or wanted <= stored:
        return Duty(wanted, alarms, most_bytes)
    alarms[STAYING] = (
        f"rows {stored + 1} to {wanted} should be pruned and are in no table yet; the journal holds"
        f" {room.used_bytes:,} bytes"
    )
    return Duty(stored, alarms, most_bytes)


def room_of(path: Path, used_bytes: int, inside_bytes: int) -> Room:
    """Room of the journal at `path`."""
    return Room(used_bytes, inside_bytes, shutil.disk_usage(path.parent).free)
