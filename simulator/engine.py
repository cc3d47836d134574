"""The matching engine: price-time priority on integer price levels, bounded arrays for all instruments.

A level is a row of a ladder of LEVELS ticks around the opening price and holds a first-in-first-out queue of orders
as a doubly linked list of slots. One array is both the list of live slots and the list of free ones: the first
`live` entries of `slots` are live. At ORDERS live orders the rest of a new order is refused and counted.

Orders from outside stand in the same queues. Their ids are given, below 0, so that they take none of the agents'.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import compiled

LEVELS = 65_536
ORDERS = 4_096
TOUCHED = 8_192  # levels that may change between two depth messages
NONE = -1
BUY = 1
SELL = -1
BID_BIT = 1
ASK_BIT = 2


LEVEL = np.dtype(
    [
        ("volume", np.int64),  # lots
        ("head", np.int32),  # slot of the oldest order
        ("tail", np.int32),  # slot of the youngest
        ("dirty", np.int64),  # sides touched since the last depth message
    ]
)
ORDER = np.dtype(
    [
        ("id", np.int64),  # below 0: from outside
        ("size", np.int64),  # lots left
        ("level", np.int32),
        ("side", np.int32),
        ("next", np.int32),  # the next younger order of the level
        ("previous", np.int32),
        ("place", np.int64),  # position in `slots`
    ]
)
TOP = np.dtype(
    [
        ("bid", np.int64),  # level of the best bid, NONE when there is none
        ("ask", np.int64),  # level of the best ask, LEVELS when there is none
        ("live", np.int64),  # orders in the book
        ("last_id", np.int64),  # of any order so far
        ("refused", np.int64),  # orders the full book did not take
        ("touched_count", np.int64),
        ("fill_count", np.int64),  # rows of `fills` made by the last order
    ]
)


class Book(NamedTuple):
    """The books of all instruments; the first axis is the instrument. Structured rows keep kernels quick to compile."""

    ladder: NDArray[np.void]  # LEVEL, by level
    orders: NDArray[np.void]  # ORDER, by slot
    tops: NDArray[np.void]  # TOP
    slots: NDArray[np.int32]
    touched: NDArray[np.int32]  # the dirty levels
    fills: NDArray[np.int64]  # of the last order: maker order id, level, lots (0: it was taken out of the way, see
    # outside_order); as many rows as a book has orders


def empty_book(instruments: int, orders: int = ORDERS) -> Book:
    """Books without orders."""
    slots = np.tile(np.arange(orders, dtype=np.int32), (instruments, 1))
    book = Book(
        ladder=np.zeros((instruments, LEVELS), LEVEL),
        orders=np.zeros((instruments, orders), ORDER),
        tops=np.zeros(instruments, TOP),
        slots=slots,
        touched=np.zeros((instruments, TOUCHED), np.int32),
        fills=np.zeros((orders, 3), np.int64),
    )
    book.ladder["head"] = book.ladder["tail"] = NONE
    book.orders["place"] = slots
    book.tops["bid"], book.tops["ask"] = NONE, LEVELS
    return book


@compiled
def limit_order(book: Book, i: int, side: int, level: int, size: int) -> int:
    """Match what crosses, rest the remainder; the slot it rests in, NONE where nothing rests. Fills in `book.fills`."""
    book.tops[i]["last_id"] += 1
    remaining = _match(book, i, side, level, size, False)
    if remaining == 0:
        return NONE
    if book.tops[i]["live"] == book.slots.shape[1]:
        book.tops[i]["refused"] += 1
        return NONE
    return _rest(book, i, side, level, remaining, book.tops[i]["last_id"])


@compiled
def outside_order(book: Book, i: int, number: int, side: int, level: int, size: int, rests: bool) -> int:
    """An order from outside, `number` below 0; the slot it rests in, NONE where nothing rests. Fills in `book.fills`.

    Outside orders never trade with each other: the one that rests is taken out of the way (as with the venue's
    self-trade prevention EXPIRE_MAKER) and is a row of `fills` with 0 lots.
    """
    remaining = _match(book, i, side, level, size, True)
    if remaining == 0 or not rests or book.tops[i]["live"] == book.slots.shape[1]:
        return NONE
    return _rest(book, i, side, level, remaining, number)


@compiled
def lots_ahead(book: Book, i: int, slot: int) -> int:
    """Lots that stand before a live order in its queue."""
    lots, before = 0, book.orders[i, slot]["previous"]
    while before != NONE:
        lots += book.orders[i, before]["size"]
        before = book.orders[i, before]["previous"]
    return int(lots)


@compiled
def lots_within(book: Book, i: int, side: int, level: int) -> int:
    """Lots of the agents that an order of this side and limit would meet."""
    lots, best = 0, best_level(book, i, -side)
    while 0 <= best < LEVELS and (best - level) * side <= 0:
        slot = book.ladder[i, best]["head"]
        while slot != NONE:
            lots += book.orders[i, slot]["size"] if book.orders[i, slot]["id"] > 0 else 0
            slot = book.orders[i, slot]["next"]
        best += side
    return int(lots)


@compiled
def market_order(book: Book, i: int, side: int, level: int, size: int) -> int:
    """Match at `level` or better, drop the remainder (immediate or cancel); the lots filled. Fills in `book.fills`."""
    book.tops[i]["last_id"] += 1
    return size - _match(book, i, side, level, size, False)


@compiled
def cancel_order(book: Book, i: int, slot: int) -> int:
    """Take a live order out of its queue; the lots it had left, 0 where the slot is not live."""
    if book.orders[i, slot]["place"] >= book.tops[i]["live"]:
        return 0
    size = book.orders[i, slot]["size"]
    _unlink(book, i, slot)
    return int(size)


@compiled
def best_level(book: Book, i: int, side: int) -> int:
    """The best level of a side; NONE or LEVELS where it is empty."""
    return int(book.tops[i]["bid"]) if side == BUY else int(book.tops[i]["ask"])


@compiled
def _match(book: Book, i: int, side: int, level: int, size: int, outside: bool) -> int:
    book.tops[i]["fill_count"] = 0
    while size > 0:
        best = best_level(book, i, -side)
        if best in (NONE, LEVELS) or (best - level) * side > 0:
            break
        slot = book.ladder[i, best]["head"]
        own = outside and book.orders[i, slot]["id"] < 0
        lots = 0 if own else min(size, book.orders[i, slot]["size"])
        row = book.tops[i]["fill_count"]
        book.fills[row, 0] = book.orders[i, slot]["id"]
        book.fills[row, 1] = best
        book.fills[row, 2] = lots
        book.tops[i]["fill_count"] = row + 1
        size -= lots
        _reduce(book, i, slot, book.orders[i, slot]["size"] if own else lots)
    return size


@compiled
def _reduce(book: Book, i: int, slot: int, lots: int) -> None:
    if lots == book.orders[i, slot]["size"]:
        _unlink(book, i, slot)
        return
    level = book.orders[i, slot]["level"]
    book.orders[i, slot]["size"] -= lots
    book.ladder[i, level]["volume"] -= lots
    _touch(book, i, level, book.orders[i, slot]["side"])


@compiled
def _rest(book: Book, i: int, side: int, level: int, size: int, number: int) -> int:
    slot = book.slots[i, book.tops[i]["live"]]
    book.tops[i]["live"] += 1
    book.orders[i, slot]["level"] = level
    book.orders[i, slot]["side"] = side
    book.orders[i, slot]["size"] = size
    book.orders[i, slot]["id"] = number
    last = book.ladder[i, level]["tail"]
    book.orders[i, slot]["previous"] = last
    book.orders[i, slot]["next"] = NONE
    if last == NONE:
        book.ladder[i, level]["head"] = slot
    else:
        book.orders[i, last]["next"] = slot
    book.ladder[i, level]["tail"] = slot
    book.ladder[i, level]["volume"] += size
    _touch(book, i, level, side)
    if side == BUY:
        book.tops[i]["bid"] = max(book.tops[i]["bid"], level)
    else:
        book.tops[i]["ask"] = min(book.tops[i]["ask"], level)
    return int(slot)


@compiled
def _unlink(book: Book, i: int, slot: int) -> None:
    level, side = book.orders[i, slot]["level"], book.orders[i, slot]["side"]
    before, after = book.orders[i, slot]["previous"], book.orders[i, slot]["next"]
    if before == NONE:
        book.ladder[i, level]["head"] = after
    else:
        book.orders[i, before]["next"] = after
    if after == NONE:
        book.ladder[i, level]["tail"] = before
    else:
        book.orders[i, after]["previous"] = before
    book.ladder[i, level]["volume"] -= book.orders[i, slot]["size"]
    _free(book, i, slot)
    _touch(book, i, level, side)
    if book.ladder[i, level]["head"] == NONE:
        _next_best(book, i, level, side)


@compiled
def _free(book: Book, i: int, slot: int) -> None:
    place = book.orders[i, slot]["place"]
    last_place = book.tops[i]["live"] - 1
    last = book.slots[i, last_place]
    book.slots[i, place] = last
    book.orders[i, last]["place"] = place
    book.slots[i, last_place] = slot
    book.orders[i, slot]["place"] = last_place
    book.tops[i]["live"] = last_place


@compiled
def _next_best(book: Book, i: int, level: int, side: int) -> None:
    top = book.tops[i]
    if level != best_level(book, i, side):
        return
    best = level - side
    while 0 <= best < LEVELS and book.ladder[i, best]["head"] == NONE:
        best -= side
    if side == BUY:  # the search runs out at −1 or at LEVELS, which are the marks of an empty side
        top["bid"] = best
    else:
        top["ask"] = best


@compiled
def _touch(book: Book, i: int, level: int, side: int) -> None:
    if book.ladder[i, level]["dirty"] == 0:
        book.touched[i, book.tops[i]["touched_count"]] = level
        book.tops[i]["touched_count"] += 1
    book.ladder[i, level]["dirty"] |= BID_BIT if side == BUY else ASK_BIT
