"""The single orders of every book of a shard, for feeds that name them (L3): a table of orders by id per instrument.

Open addressing with linear probing: an order is in the first slot from its `home` on that was free. What is removed
leaves no mark: later orders of the run shift back (Knuth, The Art of Computer Programming 3, 6.4, algorithm R), so a
table is as quick after a day as at the start. At most half of the slots are taken, which makes a search 1.5 slots on
average, 2.5 for an id that is not there.

Sizes are whole lots, so that a level of many orders is empty exactly when the last of them is gone.
The place in the queue of a level is not kept. Memory: 64 bytes per order that there is room for; room grows by
doubling, outside kernels, into new slots at the end of the array; old slots are not used again.
"""

from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from market.batch import Structs
from operators.kernel import int64, kernel, part, rows_type, state_type

# Orders at once in one book, powers of two; one more makes it invalid until the next snapshot, cause `limit`.
MIN_ORDERS, MAX_ORDERS = 1 << 10, 1 << 20
_MULTIPLIER = 1_640_531_527  # 2^32 / golden ratio², odd: Knuth's multiplicative hashing
_BITS = 31
_MASK = (1 << _BITS) - 1

ORDER = np.dtype(
    [
        ("order", np.int64),  # the venue's id
        ("key", np.int64),  # side × price in ticks
        ("lots", np.int64),  # what remains of it; 0: the slot is free
        ("side", np.int64),  # 0 bids, 1 asks
    ]
)
TABLE = np.dtype(
    [
        ("first", np.int64),  # first slot
        ("bits", np.int64),  # there are 2^bits slots; 0: none yet
        ("held", np.int64),  # orders
        ("lot", np.int64, (2,)),  # lot size as numerator, denominator
    ]
)


class Orders(NamedTuple):
    """The orders of all books of a shard; in use these are the last two fields of Ladders."""

    tables: Structs  # (I,) TABLE
    slots: Structs  # ORDER, all tables


Holder = TypeVar("Holder")  # Ladders or Orders


def empty(instruments: int) -> Orders:
    """Tables without room."""
    tables = np.zeros(instruments, TABLE)
    tables["lot"] = 1
    return Orders(tables, np.zeros(0, ORDER))


def room_for(orders: Holder, instrument: int, more: int) -> Holder | None:
    """The same orders, with room for that many more of one instrument; None beyond MAX_ORDERS."""
    table = cast(Any, orders).tables[instrument]
    if has_room(table, more):
        return orders
    wanted = max(int(table["held"]) + more, MIN_ORDERS)
    if wanted > MAX_ORDERS:
        return None
    moved = _moved(cast(Any, orders), instrument, (wanted - 1).bit_length() + 1)
    return cast(Holder, cast(Any, orders)._replace(slots=moved.slots))


def _moved(orders: Orders, instrument: int, bits: int) -> Orders:
    """The same orders, those of one instrument in 2^bits new slots."""
    tables, slots = orders.tables, orders.slots
    table, used = tables[instrument], tables["bits"] > 0
    end = int((used * (tables["first"] + (1 << tables["bits"]))).max())
    first, last = int(table["first"]), int(table["first"] + (used[instrument] << table["bits"]))
    if len(slots) < end + (1 << bits):
        slots = np.zeros(max(end + (1 << bits), 2 * len(slots)), ORDER)
        slots[: len(orders.slots)] = orders.slots
    table["first"], table["bits"] = end, bits
    moved = Orders(tables, slots)
    _enter(moved, instrument, orders.slots[first:last])
    return moved


STATE = state_type(empty(0))


@part
def home(table: Any, order: int) -> int:
    """Where the search for an id begins, counted from the table's first slot."""
    folded = (order ^ (order >> _BITS)) & _MASK
    return int(((folded * _MULTIPLIER) & _MASK) >> (_BITS - table["bits"]))


@part
def slot_of(orders: Any, table: Any, order: int) -> int:
    """The slot of an order, or the free one that it would take."""
    first, mask, at = table["first"], (1 << table["bits"]) - 1, home(table, order)
    while orders.slots[first + at]["lots"] != 0 and orders.slots[first + at]["order"] != order:
        at = (at + 1) & mask
    return int(first + at)


@part
def write_order(slot: Any, order: int, side: int, key: int, lots: int) -> None:
    """Fill a slot."""
    slot["order"], slot["side"], slot["key"], slot["lots"] = order, side, key, lots


@part
def remove(orders: Any, table: Any, slot: int) -> None:
    """Take an order out, and shift back those which a free slot there would hide."""
    first, mask = table["first"], (1 << table["bits"]) - 1
    hole = at = slot - first
    while True:
        at = (at + 1) & mask
        row = orders.slots[first + at]
        if row["lots"] == 0:
            break
        if (at - home(table, row["order"])) & mask >= (at - hole) & mask:
            write_order(orders.slots[first + hole], row["order"], row["side"], row["key"], row["lots"])
            hole = at
    orders.slots[first + hole]["lots"] = 0
    table["held"] -= 1


@part
def has_room(table: Any, more: int) -> bool:
    """Whether that many orders could be added."""
    return bool(table["bits"] > 0 and 2 * (table["held"] + more) <= 1 << table["bits"])


@part
def forget_orders(orders: Any, instrument: int) -> None:
    """Forget all orders of an instrument."""
    table = orders.tables[instrument]
    if table["held"] > 0:
        for slot in range(table["first"], table["first"] + (1 << table["bits"])):
            orders.slots[slot]["lots"] = 0
        table["held"] = 0


@kernel(STATE, int64, rows_type(ORDER))
def _enter(orders: Any, instrument: int, held: Any) -> None:
    """Put the orders of other slots into a table without any."""
    table = orders.tables[instrument]
    for row in held:
        if row["lots"] > 0:
            slot = slot_of(orders, table, row["order"])
            write_order(orders.slots[slot], row["order"], row["side"], row["key"], row["lots"])
