"""The parts of reading one message: its keys, its levels, and what the kernel keeps while it reads.

Strict: whatever a table does not say to the letter stops the scanner. Keys that no table knows are skipped, if their
value is a scalar, and compared with each other, as a key that comes twice makes a frame meaningless; in the outermost
object of a frame they stop it, as the frame may be about the connection.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from operators.kernel import float64, int64, output
from operators.scan.choose import member, value_of
from operators.scan.machine import inlined, part
from operators.scan.numbers import EXACT, FLOATS, decimal, ticks, unquoted
from operators.scan.symbols import MISSING, look_up
from operators.scan.tables import MOST_DEPTH, SLOTS
from operators.scan.words import CLOSE_ARRAY, COMMA, OPEN_ARRAY, STOP, after_text, byte, past, same
from venues.keys import Slot

MOST_STRANGERS = 8  # keys of one message that no table knows
ASKS, BIDS, UPDATES = int(Slot.ASKS), int(Slot.BIDS), int(Slot.UPDATES)
PRICE, SIZE, SIDE = int(Slot.PRICE), int(Slot.SIZE), int(Slot.SIDE)
# Columns of a row of the stack: an object around the one that is read, and where it goes on.
NODE, GUESS, SEEN, START, KNOWN, FIELD, ROW = range(7)


class Work(NamedTuple):
    """What the kernel writes while it reads a message; nothing in it outlives the message."""

    integers: NDArray[np.int64]  # by slot; then the slots of what stands outside of the objects that write
    floats: NDArray[np.float64]  # by slot
    strangers: NDArray[np.uint64]  # keys, three words each
    stack: NDArray[np.int64]


WORK = types.NamedTuple(
    [output(int64), output(float64), types.Array(types.uint64, 2, "C"), types.Array(types.int64, 2, "C")], Work
)


def scratch() -> Work:
    """Room for one message."""
    strangers = np.zeros((MOST_STRANGERS, 3), np.uint64)
    return Work(np.zeros(2 * SLOTS, np.int64), np.zeros(2 * SLOTS), strangers, np.zeros((MOST_DEPTH, 7), np.int64))


@part
def other_key(
    data: Any, at: int, end: int, fields: Any, node: Any, guess: int, strangers: Any, known: int, unknown: int
) -> tuple[int, int]:
    """The place of the value, and the field, of a key that is not the next one; MISSING and noted where none has it."""
    at, one, two, three = member(data, at, end)
    row, behind = guess, node["first"] + node["count"]
    for _ in range(node["count"]):
        if row == behind:
            row = node["first"]
        if same(fields[row], one, two, three):
            return at, row
        row += 1
    if unknown >= len(strangers):
        return STOP, MISSING
    for row in range(known, unknown):
        if strangers[row, 0] == one and strangers[row, 1] == two and strangers[row, 2] == three:
            return STOP, MISSING
    strangers[unknown, 0], strangers[unknown, 1], strangers[unknown, 2] = one, two, three
    return at, MISSING


@part
def symbol_of(data: Any, at: int, end: int, node: Any, symbols: Any) -> int:
    """Row in the hash table of the symbol that the object whose first key is at a place names; MISSING for none."""
    return look_up(data, value_of(data, at, end, node["one"], node["two"], node["three"], False), symbols)[1]


@inlined
def take_levels(
    data: Any, at: int, end: int, field: Any, symbol: Any, side: int, events: Any, row: int
) -> tuple[int, int]:
    """The place after an array of [price, size, …], and the row after those that they fill from `row` on."""
    at = past(data, at, end, OPEN_ARRAY)
    if byte(data, at) == CLOSE_ARRAY:
        return at + 1, row
    numerator, decimals, quoted, unused = symbol["numerator"], symbol["decimals"], field["quoted"], field["count"]
    while 0 <= at < end and row < len(events):
        at, value, places = decimal(data, unquoted(data, past(data, at, end, OPEN_ARRAY), quoted))
        price = ticks(value, places, numerator, decimals)
        at, value, places = decimal(data, unquoted(data, past(data, unquoted(data, at, quoted), end, COMMA), quoted))
        at = unquoted(data, at, quoted)
        if price == STOP or value > EXACT:
            return STOP, row
        for _ in range(unused):
            at = after_text(data, past(data, at, end, COMMA), end)
        at = past(data, at, end, CLOSE_ARRAY)
        level = events[row]
        level["price"], level["size"], level["side"] = price, float(value) / FLOATS[places], side
        row += 1
        if byte(data, at) == CLOSE_ARRAY:
            return at + 1, row
        at = past(data, at, end, COMMA)
    return STOP, row


@inlined
def add_level(events: Any, row: int, integers: Any, floats: Any, slot: int) -> int:
    """The row after that of a level; STOP where there is no room, or a bid comes after an ask."""
    if row >= len(events):
        return STOP
    level, side = events[row], integers[SIDE]
    if slot == UPDATES:
        if side == 1 and integers[ASKS] > 0:
            return STOP
        integers[BIDS if side == 1 else ASKS] += 1
    level["price"], level["size"], level["side"] = integers[PRICE], floats[SIZE], side
    return row + 1
