"""What rows about single orders do to a book: each becomes a signed change of one price level, or of two.

A row holds the order's id (EVENT `previous`), side, price and size:
    ORDER_ADD      the order stands at this price with this size from now on; an id that is known moves there
    ORDER_REDUCE   it is smaller by this size: a part was cancelled
    ORDER_EXECUTE  it is smaller by this size: a part was executed
    ORDER_DELETE   it is gone
Of a known order the price, the side and, when it is deleted, the size are those of the table. An id that is not known
was there before the recording began: its row's own price, side and size are taken off the level, as a book that starts
from levels needs (LOBSTER). Where a snapshot told of a part of the book only, levels beyond its edge never go below 0.

A book is not sound after a size that cannot be: no lots, more than the order has, more than its level has, more than
MOST_LOTS of an order or a level.
Cost per row: two searches of a table and one level.
"""

from typing import Any

from market.schema import Kind
from operators.book.orders import has_room, remove, slot_of, write_order
from operators.book.window import put, size_at
from operators.kernel import part

LEVEL, ADD, DELETE = int(Kind.LEVEL), int(Kind.ORDER_ADD), int(Kind.ORDER_DELETE)
MOST_LOTS = 1 << 53  # up to it every number of lots is a float64 too


@part
def lots_of(size: float, lot: Any) -> int:
    """A size in whole lots; −1 for what can be none."""
    lots = size * lot[1] / lot[0]
    return round(lots) if 0.0 <= lots <= MOST_LOTS else -1


@part
def change_level(ladders: Any, book: Any, lot: Any, side: int, key: int, lots: int) -> bool:
    """Add signed lots to a level, and to what its side has won or lost by this message; whether that can be."""
    after = round(size_at(ladders, book, side, key) * lot[1] / lot[0]) + lots
    change = put(ladders, book, side, key, max(after, 0) * lot[0] / lot[1])
    book["added"][side] += max(change, 0.0)
    book["removed"][side] -= min(change, 0.0)
    return bool(0 <= after <= MOST_LOTS or (after < 0 and key < book["edge"][side]))


@part
def change_order(ladders: Any, book: Any, row: Any) -> bool:
    """Apply one row; whether the book is sound after it; not where there is no room."""
    table = ladders.tables[row["instrument"]]
    lot = table["lot"]
    if not has_room(table, row["kind"] == ADD):
        return False
    side, lots = 0 if row["side"] > 0 else 1, lots_of(row["size"], lot)
    key = row["price"] if side == 0 else -row["price"]
    slot = slot_of(ladders, table, row["previous"])
    order = ladders.slots[slot]
    sound = lots > 0 or (lots == 0 and row["kind"] == DELETE)
    if row["kind"] == ADD and sound:
        if order["lots"] == 0:
            table["held"] += 1
        else:
            sound = change_level(ladders, book, lot, order["side"], order["key"], -order["lots"])
        write_order(order, row["previous"], side, key, lots)
        return change_level(ladders, book, lot, side, key, lots) and sound
    if order["lots"] > 0:
        side, key = order["side"], order["key"]
        if row["kind"] == DELETE:
            lots = order["lots"]
        sound = sound and lots <= order["lots"]
        if lots >= order["lots"]:
            remove(ladders, table, slot)
        else:
            order["lots"] -= lots
    return sound and change_level(ladders, book, lot, side, key, -lots)


@part
def lacks_slots(ladders: Any, events: Any, low: int, high: int) -> bool:
    """Whether the rows [low, high), all of levels or all of orders, need more room for orders than there is."""
    if low == high or events[low]["kind"] == LEVEL:
        return False
    more = 0
    for i in range(low, high):
        more += events[i]["kind"] == ADD
    return not has_room(ladders.tables[events[low]["instrument"]], more)
