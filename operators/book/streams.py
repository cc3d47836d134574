"""Books of venues that send their snapshots in band: what one message of theirs means. Parts of kernels.

A snapshot replaces whatever there was; after it the messages that continue it apply (operators/book/sequence.py,
`judge_stream`), and none is kept. A checksum is of the book after its message, cut to the depth in force; one that
does not match loses the book, as a gap does.
A crossed or locked book in an unbroken feed is what the venue says, as in an auction or before the open: it is kept
and not shown, no level of it is deleted, and it is shown again when it is sound.

Where messages have a checksum and no sequence, the exchange's own clock tells the ones that came before: an older time
than the book's, or the same time, checksum and levels as the message before.
"""

from typing import Any

from market.schema import NO_CHECKSUM, NO_SEQUENCE, NO_TIME, Kind
from operators.book.changes import crossed
from operators.book.checksum import MATCH, MISMATCH, UNVERIFIABLE, check
from operators.book.cut import cut
from operators.book.rows import APPLIED, CHECKSUM, OVERLAP, SOUND
from operators.kernel import part

SNAPSHOT = int(Kind.SNAPSHOT)


@part
def after_stream(ladders: Any, book: Any, events: Any, position: int, shown: bool, scheme: int, text: Any) -> int:
    """The verdict on a SNAPSHOT or DEPTH message whose levels are in the book; `shown`: as the book was before."""
    event = events[position]
    book["time"], book["sum"], book["gist"] = event["exchange_time"], event["price"], gist_of(events, position)
    if book["depth"] > 0:
        cut(ladders, book)
    if scheme > 0 and verify(ladders, book, event, scheme, text) == MISMATCH:
        return CHECKSUM
    if crossed(book):
        return OVERLAP
    return APPLIED if shown else SOUND


@part
def verify(ladders: Any, book: Any, event: Any, scheme: int, text: Any) -> int:
    """Compare with the message's checksum, and count what came of it; MATCH where the message needs none."""
    if event["price"] != NO_CHECKSUM:
        found = check(ladders, book, scheme, event["price"], text)
    elif event["previous"] != NO_SEQUENCE or event["levels"] == 0 or event["kind"] == SNAPSHOT:
        return MATCH
    else:
        found = UNVERIFIABLE  # nothing else could tell of a loss
    book["checked"][found] += 1
    book["doubt"] = int(found == UNVERIFIABLE)
    return found


@part
def is_summed(event: Any) -> bool:
    """Whether a checksum is all that a message has to be judged by."""
    return bool(event["previous"] == NO_SEQUENCE and event["price"] != NO_CHECKSUM)


@part
def came_before(book: Any, events: Any, position: int) -> bool:
    """Whether a message is one that came before, by the exchange's own clock."""
    event = events[position]
    time = event["exchange_time"]
    if event["previous"] != NO_SEQUENCE:
        return bool(time <= book["time"])
    if event["price"] == NO_CHECKSUM or time == NO_TIME or time > book["time"]:
        return False
    return bool(time < book["time"] or (event["price"] == book["sum"] and gist_of(events, position) == book["gist"]))


@part
def gist_of(events: Any, position: int) -> float:
    """A number that two messages of different levels have in common only by the rarest chance."""
    gist = 1.0
    for i in range(position + 1, position + 1 + events[position]["levels"]):
        level = events[i]
        gist = gist * 0.7548776662466927 + level["side"] * level["price"] + level["size"] * 0.5698402909980532
    return gist
