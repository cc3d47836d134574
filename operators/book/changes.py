"""What every message does to its book, whatever rule it came under: levels change, or all are forgotten. Parts of
kernels.
"""

from typing import Any

import numpy as np

from market.schema import NO_SEQUENCE, Kind
from operators.book.ladders import NOTHING
from operators.book.order_rows import change_order
from operators.book.orders import forget_orders
from operators.book.window import clear, put
from operators.kernel import part

LEVEL = int(Kind.LEVEL)


@part
def patch(ladders: Any, book: Any, events: Any, low: int, high: int) -> bool:
    """Apply the rows [low, high) of levels or orders in their order; whether all of them can be."""
    sound = True
    for side in range(2):
        book["added"][side], book["removed"][side] = 0.0, 0.0
    for i in range(low, high):
        level = events[i]
        if level["kind"] != LEVEL:
            sound &= change_order(ladders, book, level)
            continue
        sound &= 0.0 <= level["size"] < np.inf
        side = 0 if level["side"] > 0 else 1
        change = put(ladders, book, side, level["price"] if side == 0 else -level["price"], level["size"])
        if change > 0.0:
            book["added"][side] += change
        else:
            book["removed"][side] -= change
    return sound


@part
def crossed(book: Any) -> bool:
    """Whether the best bid is at or above the best ask; NOTHING is below every ask."""
    return bool(book["best"][0] >= -book["best"][1])


@part
def has_touch(book: Any) -> bool:
    """Whether a synchronised book has both sides, and they do not cross."""
    known = book["last"] != NO_SEQUENCE and book["filled"][0] > 0 and book["filled"][1] > 0
    return bool(known and not crossed(book))


@part
def lose(ladders: Any, book: Any, instrument: int) -> None:
    """Forget the levels of a book that must not be trusted."""
    for side in range(2):
        clear(ladders, book, side)
        book["edge"][side], book["near"][side] = NOTHING, NOTHING
    forget_orders(ladders, instrument)
    book["last"], book["time"], book["sum"], book["doubt"] = NO_SEQUENCE, 0, 0, 0
