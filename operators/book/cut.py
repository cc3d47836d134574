"""The depth to which a venue cuts its own copy of a book, and we ours: it tells of no level that is pushed out.

The depth in force is not in the messages, so it is read off the snapshot: a subscription to d levels a side gives d, or
all there are if there are fewer. So it is at least the longer side, and the smallest depth on offer that is taken:
right wherever the longer side is full, and wherever the depth is the smallest on offer. A thin book of a deeper
subscription is cut too early: it loses levels far from the touch that the venue would still tell of. Where they come
back to the touch the checksum says so, and the next snapshot, of more levels, sets a larger depth.
What is cut counts as removed, so that added − removed is what the known book has grown by.
"""

from collections.abc import Iterable
from typing import Any

from market.batch import Events
from operators.book.window import first_key, put
from operators.kernel import part


def depth_of(snapshot: Events, depths: Iterable[int]) -> int:
    """The depth in force after a SNAPSHOT message (header and levels); 0 where the book is not cut."""
    bids = int((snapshot["side"][1:] > 0).sum())
    longer = max(bids, len(snapshot) - 1 - bids)
    return min((depth for depth in depths if depth >= longer), default=0)


@part
def cut(ladders: Any, book: Any) -> None:
    """Take the worst levels out until neither side has more than the depth in force."""
    for side in range(2):
        while book["filled"][side] > book["depth"]:
            row = book["low"][side]
            if row < book["high"][side]:
                book["removed"][side] += ladders.levels[row]["size"]
                book["low"][side] = row + 1
                book["filled"][side] -= 1
            else:
                book["removed"][side] -= put(ladders, book, side, first_key(ladders, book, side), 0.0)
