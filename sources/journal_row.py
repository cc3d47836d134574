"""`Row`: a micro-batch as it is read, and what stands in the place of one that is lost."""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

from market import record
from market.journal import pack

TOLD_ONE_BY_ONE = 64  # more rows than these, missing in one place, are told of by one row


class Row(NamedTuple):
    """One micro-batch, still packed."""

    offset: int
    received_ns: int  # of its last frame
    frames: bytes
    source: str  # that the row names, as history does; empty: none


def mark_of(frames: bytes) -> int:
    """By what a row is known again: a checksum of its frames."""
    return zlib.crc32(frames)


def torn_rows(missing: Sequence[int], name: str, received_ns: int) -> list[Row]:
    """Rows that stand for missing ones: one for each, or one for very many."""
    if len(missing) > TOLD_ONE_BY_ONE:
        missing = missing[-1:]
        reason = f"rows up to {missing[0]} of {name} are missing"
        return [torn_row(missing[0], received_ns, reason)]
    return [torn_row(offset, received_ns, f"row {offset} of {name} cannot be read") for offset in missing]


def torn_row(offset: int, received_ns: int, reason: str) -> Row:
    """The row that stands for one that is lost."""
    return Row(offset, received_ns, bytes(pack([received_ns], [record.encode(record.Torn(reason))])), "")
