"""The venue's sequence rule: which depth messages a book may take. Parts of kernels, and of plain Python.

RANGE    snapshots over REST; a message names the update ids it covers (Binance spot)
CHAIN    snapshots over REST; a message names the one it continues (Binance futures)
STREAM   snapshots in band, and after one all that continues it; what was missed comes back with the next one only
"""

from market.schema import NO_SEQUENCE
from operators.book.rows import APPLIED, DUPLICATE, GAP, OLD, PENDING
from operators.kernel import part
from venues.venue import Capability

RANGE, CHAIN, STREAM = 0, 1, 2


def rule_of(capability: Capability) -> int:
    """The rule by which a venue's messages are judged."""
    if capability.snapshot == "stream":
        return STREAM
    return CHAIN if capability.detection == "chain" else RANGE


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


@part
def judge_stream(last: int, previous: int, sequence: int, late: bool) -> int:
    """The same under the rule STREAM. late: the exchange's own clock says that the message came before.

    What continues the book is the next message whatever its own id: OKX's ids stand still when nothing changed, and
    fall when the venue sets them back. So a smaller id alone is no sign of a message that came before: where the
    message that set the ids back was lost, all that follow have one. Without `previous` nothing tells of a loss here:
    a checksum does, or a counter of the connection (operators/connection.py), or nothing. Sources: OKX API v5, "Order
    book channel"; Bybit API v5, "Orderbook".
    """
    if last == NO_SEQUENCE:
        return PENDING
    if previous == NO_SEQUENCE:
        return DUPLICATE if late else APPLIED
    if previous == last:
        return APPLIED
    return DUPLICATE if sequence <= last and late else GAP
