"""The venue's sequence rule: which depth messages a book may take. A part of kernels, and of plain Python."""

from market.schema import NO_SEQUENCE
from operators.book.rows import APPLIED, DUPLICATE, GAP, OLD, PENDING
from operators.kernel import part


@part
def judge(last: int, seen: int, previous: int, sequence: int, chained: bool) -> int:
    """What a depth message that continues `previous` and ends at `sequence` means, as a Verdict.

    last: update id of the book, seen: of the newest message that came; NO_SEQUENCE for none. `chained` venues (futures)
    name the message they continue, the others (spot) only the range they cover. Source: venue_protocols 1.5 and 2.4.
    """
    if seen != NO_SEQUENCE:
        if sequence <= seen:
            return DUPLICATE
        if previous > seen or (chained and previous != seen):
            return GAP
    if last == NO_SEQUENCE:
        return PENDING
    if sequence <= last:
        return OLD
    return APPLIED if previous <= last else GAP
