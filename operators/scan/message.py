"""The parts of reading one message: its keys, its levels, and what the kernel keeps while it reads.

Strict: whatever a table does not say to the letter stops the scanner. Keys that no table knows are skipped, if their
value is a scalar, and compared with each other, as a key that comes twice makes a frame meaningless; in the outermost
object of a frame they stop it, as the frame may be about the connection.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.scan.build import MOST_DEPTH
from operators.scan.choose import member, value_of
from operators.scan.machine import inlined, load, part
from operators.scan.numbers import EXACT, FLOATS, decimal, ticks
from operators.scan.symbols import MISSING, look_up
from operators.scan.tables import SLOTS
from operators.scan.words import (
    CLOSE_ARRAY,
    COMMA,
    OPEN_ARRAY,
    QUOTE,
    STOP,
    after_text,
    byte,
    first,
    packed,
    past,
    same,
)
from venues.keys import Slot

MOST_STRANGERS = 8  # keys of one message that no table knows
ASKS, BIDS, UPDATES = int(Slot.ASKS), int(Slot.BIDS), int(Slot.UPDATES)
PRICE, SIZE, SIDE = int(Slot.PRICE), int(Slot.SIZE), int(Slot.SIDE)
# Between price and size, and between levels, as it is mostly written.
EVERY = np.uint64(0xFFFFFFFFFFFFFFFF)
QUOTED_JOINT, JOINT, QUOTED_SEAM, SEAM = (packed(text)[0] for text in ('","', ",", '"],["', "],["))
# A row of the stack: an object around the one that is read, and where it goes on.
AROUND = np.dtype(
    [
        ("node", np.int64),
        ("guess", np.int64),  # the field that should come next
        ("seen", np.int64),  # bits of the fields that came
        ("start", np.int64),  # place of its first key
        ("known", np.int64),  # strangers of the objects around it
        ("field", np.int64),  # that holds what is read
        ("row", np.int64),  # of events, where that begins
    ]
)


class Work(NamedTuple):
    """What the kernel writes while it reads a message; nothing in it outlives the message."""

    integers: NDArray[np.int64]  # by slot; then the slots of what stands outside of the objects that write
    floats: NDArray[np.float64]  # by slot
    strangers: NDArray[np.uint64]  # keys, three words each
    stack: NDArray[np.void]  # rows of AROUND


def scratch() -> Work:
    """Room for one message."""
    strangers = np.empty((MOST_STRANGERS, 3), np.uint64)
    return Work(np.empty(2 * SLOTS, np.int64), np.empty(SLOTS), strangers, np.empty(MOST_DEPTH, AROUND))


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
def begun(data: Any, at: int, end: int, sign: int, quotes: int) -> int:
    """The place of a number after a sign and its quote, if it has one; STOP where something else stands there."""
    at = past(data, at, end, sign)
    if at == STOP or (quotes and byte(data, at) != QUOTE):
        return STOP
    return at + quotes


@part
def after_level(data: Any, at: int, end: int, quotes: int, unused: int) -> int:
    """The place after a level, from the end of its size's digits on."""
    if quotes and byte(data, at) != QUOTE:
        return STOP
    at += quotes
    for _ in range(unused):
        at = after_text(data, past(data, at, end, COMMA), end)
    return past(data, at, end, CLOSE_ARRAY)


@part
def size_of(data: Any, at: int, end: int, quotes: int) -> int:
    """The place of a level's size, from the end of its price's digits on."""
    return begun(data, at + quotes, end, COMMA, quotes) if not quotes or byte(data, at) == QUOTE else STOP


@part
def take_levels(
    data: Any, at: int, end: int, field: Any, symbol: Any, side: int, events: Any, row: int
) -> tuple[int, int]:
    """The place after an array of [price, size, …], and the row after those that they fill from `row` on."""
    at = past(data, at, end, OPEN_ARRAY)
    if byte(data, at) == CLOSE_ARRAY:
        return at + 1, row
    numerator, decimals, quotes, unused = symbol["numerator"], symbol["decimals"], field["quotes"], field["count"]
    joint, joint_mask = (QUOTED_JOINT, first(EVERY, 3)) if quotes else (JOINT, first(EVERY, 1))
    seam, seam_mask = (QUOTED_SEAM, first(EVERY, 5)) if quotes else (SEAM, first(EVERY, 3))
    at = begun(data, at, end, OPEN_ARRAY, quotes)
    while 0 <= at < end and row < len(events):
        at, value, places = decimal(data, at)
        price = ticks(value, places, numerator, decimals)
        if STOP in (at, price):
            break
        if load(data, at) & joint_mask == joint:
            at += 1 + 2 * quotes
        else:
            at = size_of(data, at, end, quotes)
        at, value, places = decimal(data, at)
        if at == STOP or value > EXACT:
            break
        level = events[row]
        level["price"], level["size"], level["side"] = price, float(value) / FLOATS[places], side
        row += 1
        if unused == 0 and load(data, at) & seam_mask == seam:
            at += 3 + 2 * quotes
            continue
        at = after_level(data, at, end, quotes, unused)
        if byte(data, at) == CLOSE_ARRAY:
            return at + 1, row
        at = begun(data, past(data, at, end, COMMA), end, OPEN_ARRAY, quotes)
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
