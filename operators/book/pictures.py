"""Books that come whole in every message, often as best bid and ask alone. Parts of kernels.

A picture needs no snapshot before it and continues nothing: the book becomes exactly what it says, and what its levels
grew and shrank by is told against the picture before. A side may be empty; a level of size 0 is none. A crossed picture
is what the venue says: it is kept and not shown, and the next sound one makes it good, without a request for help.
"""

from typing import Any

from operators.book.changes import crossed
from operators.book.ladders import NOTHING
from operators.book.overflow import find
from operators.book.rows import APPLIED, OVERLAP, SETTLED
from operators.book.window import next_key, put
from operators.kernel import part


@part
def after_picture(ladders: Any, book: Any, events: Any, first: int, end: int, shown: bool) -> int:
    """The verdict on a PICTURE message whose levels [first, end) are in the book; `shown`: as the book was before."""
    for side in range(2):
        take_out(ladders, book, side, events, first, end)
    if crossed(book):
        return OVERLAP
    return APPLIED if shown else SETTLED


@part
def take_out(ladders: Any, book: Any, side: int, events: Any, first: int, end: int) -> None:
    """Delete the levels of a side that the rows [first, end) do not name."""
    at, key = first, book["best"][side]
    while key != NOTHING:
        at = named(events, first, end, at, side, key)
        if at == end:
            book["removed"][side] -= put(ladders, book, side, key, 0.0)
            at = first
        key = next_key(ladders, book, side, key)
    row = book["high"][side] - 1
    while row >= book["low"][side]:
        key = ladders.levels[row]["key"]
        at = named(events, first, end, at, side, key)
        if at == end:
            book["removed"][side] -= put(ladders, book, side, key, 0.0)
            at = first
        row = find(ladders.levels, book["low"][side], book["high"][side], key) - 1


@part
def named(events: Any, first: int, end: int, start: int, side: int, key: int) -> int:
    """The row of [first, end) that names a key of a side; `end` where none does. Looked for from `start` on."""
    sign = 1 - 2 * side
    for i in range(start, end):
        if events[i]["side"] == sign and events[i]["price"] == sign * key:
            return i
    for i in range(first, start):
        if events[i]["side"] == sign and events[i]["price"] == sign * key:
            return i
    return end
