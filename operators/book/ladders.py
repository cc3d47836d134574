"""The price levels of every book of a shard: a dense window around the touch, a sorted overflow for what lies far off.

key = side × price in ticks, so bids and asks are the same code, the best level has the largest key, and equal prices
are equal integers. Each side of a book has a window of `width` cells, which are the sizes at the keys base, base + 1,
… (0: no level), and an overflow of (key, size) for the keys below it, best last. Nothing is ever above the window, and
the best level is in its upper half while there is an overflow; operators/book/window.py slides it.

A cell's place is its key modulo the width, so sliding moves no cell. 16 cells are a block and 16 blocks a zone; each
has the total of its sizes, always the plain sum of its 16 parts: 0 where there is no level, so that empty ones are
skipped, and never with rounding left over from levels that are gone.

Memory: nothing until the first snapshot; then a side has 8.5 bytes a cell and 16 bytes an overflow row. Windows and
overflows grow by doubling, outside kernels, into new room at the end of the arrays; old room is not used again.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.batch import Structs
from market.schema import NO_SEQUENCE
from operators.book import orders

NOTHING = -(1 << 62)  # as a key: below every other
BLOCK, ZONE = 16, 256  # cells
MIN_WIDTH, MAX_WIDTH = 1_024, 65_536  # cells a side; powers of two
# Levels a side; a message that could lead beyond makes the book invalid until the next snapshot.
MIN_LEVELS, MAX_LEVELS = 1_024, 65_536

LADDER = np.dtype(
    [
        ("last", np.int64),  # update id of the state; NO_SEQUENCE: not synchronised
        ("seen", np.int64),  # newest update id that came, applied or not
        ("stood", np.int64),  # the larger of both before the message under way
        ("good_time", np.int64),  # receive time of the last message that left the book good, ns
        ("step", np.int64, (2,)),  # tick size as numerator, denominator
        ("next_step", np.int64, (2,)),  # the same from the next reset with Flag.TICK_CHANGED on
        # Of feeds that send their snapshots in band (operators/book/streams.py), and of checksums:
        ("time", np.int64),  # exchange time of the newest message taken, ns
        ("gist", np.float64),  # what it said, as one number
        ("sum", np.int64),  # the checksum it gave
        ("depth", np.int64),  # levels a side to which the venue's own copy is cut; 0: it is not
        ("unit", np.int64),  # a tick in units of price texts on the wire, 10^−places[0]; 0: it is no whole number
        ("next_unit", np.int64),  # the same of next_step
        ("places", np.int64, (2,)),  # behind the point of prices and sizes on the wire
        ("doubt", np.int64),  # 1: its newest checksum could not be verified
        ("checked", np.int64, (3,)),  # messages by operators/book/checksum.py Check
        ("cells", np.int64),  # first cell of the bids' window; the asks' follows it
        ("width", np.int64),  # cells of either window, a power of two; 0: no window yet
        ("rows", np.int64),  # first row of the bids' overflow; the asks' follows it
        ("room", np.int64),  # rows of either overflow, twice what either side may have of levels
        # By side: 0 bids, 1 asks.
        ("base", np.int64, (2,)),  # lowest key of the window, a multiple of ZONE
        ("best", np.int64, (2,)),  # key of the best level; NOTHING where there is none
        ("filled", np.int64, (2,)),  # levels
        ("low", np.int64, (2,)),  # first row of the overflow that is used
        ("high", np.int64, (2,)),  # the one after the last
        ("edge", np.int64, (2,)),  # lowest key that the snapshot told of; NOTHING if all
        ("near", np.int64, (2,)),  # a best key below this asks for a new snapshot; above all keys once one is asked for
        ("added", np.float64, (2,)),  # sum of what levels grew by with the last message
        ("removed", np.float64, (2,)),  # and of what they shrank by, not below 0
    ],
    align=True,
)
LEVEL = np.dtype([("key", np.int64), ("size", np.float64)])


class Ladders(NamedTuple):
    """All books of a shard."""

    books: Structs  # (I,) LADDER
    cells: NDArray[np.float64]  # sizes of all windows
    blocks: NDArray[np.float64]  # total of BLOCK cells each
    zones: NDArray[np.float64]  # total of ZONE cells each
    levels: Structs  # LEVEL, all overflows, ascending by key within a side
    tables: Structs  # (I,) TABLE, the single orders of books whose feed names them (operators/book/orders.py)
    slots: Structs  # ORDER, all tables


def empty(instruments: int) -> Ladders:
    """Books without a level and without room for any."""
    books = np.zeros(instruments, LADDER)
    for name in ("last", "seen"):
        books[name] = NO_SEQUENCE
    for name in ("base", "best", "edge", "near"):
        books[name] = NOTHING
    for name in ("step", "next_step", "unit", "next_unit"):
        books[name] = 1
    return Ladders(books, np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, LEVEL), *orders.empty(instruments))


def with_books(ladders: Ladders, instruments: int) -> Ladders:
    """The same books, and empty ones after them up to `instruments`."""
    more = empty(instruments - len(ladders.books))
    return ladders._replace(
        books=np.concatenate([ladders.books, more.books]), tables=np.concatenate([ladders.tables, more.tables])
    )


def with_width(ladders: Ladders, instrument: int, width: int) -> Ladders:
    """The same books, one of them emptied and with windows of that width."""
    book = ladders.books[instrument]
    book["cells"], book["width"] = int((ladders.books["cells"] + 2 * ladders.books["width"]).max()), width
    book["base"], book["best"], book["filled"] = NOTHING, NOTHING, 0
    book["low"] = book["high"] = _middles(book)
    needed = int(book["cells"]) + 2 * width
    return ladders._replace(
        cells=_lengthened(ladders.cells, needed),
        blocks=_lengthened(ladders.blocks, needed // BLOCK),
        zones=_lengthened(ladders.zones, needed // ZONE),
    )


def with_levels(ladders: Ladders, instrument: int, levels: int) -> Ladders:
    """The same books, one of them with room for that many levels a side, not fewer than it has."""
    book = ladders.books[instrument]
    low, high = book["low"].copy(), book["high"].copy()
    book["rows"], book["room"] = int((ladders.books["rows"] + 2 * ladders.books["room"]).max()), 2 * levels
    book["low"] = _middles(book) - (high - low) // 2
    book["high"] = book["low"] + high - low
    rows = _lengthened(ladders.levels, int(book["rows"] + 2 * book["room"]))
    for side in (0, 1):
        rows[book["low"][side] : book["high"][side]] = rows[low[side] : high[side]]
    return ladders._replace(levels=rows)


def _middles(book: np.void) -> NDArray[np.int64]:
    """The middle row of the room of either overflow, from which it grows to both ends."""
    return np.asarray(book["rows"] + book["room"] * np.arange(2) + book["room"] // 2)


def _lengthened(array: Any, length: int) -> Any:
    """An array of at least that length, zeros after what it held; at least doubled, so that it is copied seldom."""
    if len(array) >= length:
        return array
    longer = np.zeros(max(length, 2 * len(array)), array.dtype)
    longer[: len(array)] = array
    return longer
