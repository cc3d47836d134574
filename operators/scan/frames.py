"""The kernel: a batch's bytes to EVENT rows and mark rows, up to the first frame that needs the slow path.

Cost: see operators/decode.py. A frame is read once from its first byte to its last (at most three times where the key
that names it, or its symbol, comes late); every loop ends with the frame, and rows are never written beyond the arrays
given.
"""

from typing import Any

from numba import types

from market.schema import EVENT, NO_SEQUENCE
from market.schema import MARK as MARK_ROW
from operators.kernel import column, float64, int32, int64, kernel, out_type, output, rows_type
from operators.scan.choose import ANY_LEAD, COMMA_LEAD, choose, expected
from operators.scan.machine import integer, unsigned
from operators.scan.message import (
    AROUND,
    ASKS,
    BIDS,
    SIDE,
    add_level,
    other_key,
    symbol_of,
    take_levels,
)  # fmt: skip
from operators.scan.rows import bids_first, forget, forget_outside, settle, settle_marks, turn, write, write_mark
from operators.scan.symbols import MISSING, look_up
from operators.scan.symbols import SYMBOL as SYMBOL_ROW
from operators.scan.tables import (
    ABSENT,
    ENTRANCE,
    FIELD,
    LEVEL,
    LEVELS,
    NEWEST_FIRST,
    NO_NODE,
    NODE,
    OBJECT,
    OUTSIDE,
    WORD,
)
from operators.scan.values import after_scalar, take
from operators.scan.words import CLOSE, CLOSE_ARRAY, COMMA, OPEN, OPEN_ARRAY, STOP, blank, byte, past
from venues.keys import MAX_FRAME_BYTES, Slot

NUMBER, SYMBOL = int(Slot.NUMBER), int(Slot.SYMBOL)
DONE = -1  # as a depth: the message is read


@kernel(
    column(types.uint8), column(int32), column(int64), int64,
    rows_type(ENTRANCE), rows_type(NODE), rows_type(FIELD), rows_type(WORD), rows_type(SYMBOL_ROW),
    out_type(EVENT), int64, out_type(MARK_ROW), int64, output(int64),
    output(int64), output(float64), types.Array(types.uint64, 2, "C"), out_type(AROUND),
    counted=False,
)  # fmt: skip
def scan(
    data: Any, offsets: Any, receive_times: Any, frame: int,
    entrances: Any, nodes: Any, fields: Any, words: Any, symbols: Any,
    events: Any, first_row: int, marks: Any, first_mark: int, numbers: Any,
    integers: Any, floats: Any, strangers: Any, stack: Any,
) -> tuple[int, int, int]:  # fmt: skip
    """Read frames from `frame` on into event rows from `first_row` and mark rows from `first_mark` on; returns all
    three as far as it got. Stops before a frame that it does not understand and at the end, where frame = number of
    frames.

    numbers: one for each frame; what its connection counts goes there.
    """
    array = entrances[0]["array"]
    while frame < len(offsets) - 1:
        at, end = integer(offsets[frame]), integer(offsets[frame + 1])
        received, row, marked, more = receive_times[frame], first_row, first_mark, True
        if end - at > MAX_FRAME_BYTES:
            break
        if array:
            at = past(data, at, end, OPEN_ARRAY)
        while more and 0 <= at < end:  # one message
            at = past(data, at, end, OPEN)
            number, at, done = choose(data, at, end, entrances, words)
            if number == NO_NODE:
                at = STOP
                break
            begun, begun_mark, header = row, marked, row
            forget_outside(integers)
            node, depth, opening, symbol, swapped = nodes[unsigned(number)], 0, True, MISSING, False
            lead, start, guess, seen, known, unknown = COMMA_LEAD, at, 0, 0, 0, 0
            while 0 <= at < end:  # one key and its value, from the sign before the key on
                if opening:
                    node, opening = nodes[unsigned(number)], False
                    start, guess, seen, known = at + 1, node["first"] + done, done, unknown
                    lead, done = COMMA_LEAD if done else ANY_LEAD, 0
                    if node["opens"]:
                        header, row, swapped = row, row + 1, False
                        symbol = MISSING if node["names"] else symbol
                        forget(integers, floats, node)
                        if row > len(events):
                            break
                field, chosen = fields[unsigned(guess)], guess
                value = expected(data, at, end, field, lead)
                if value == STOP:
                    if lead == COMMA_LEAD:
                        at = blank(data, at, end)
                        if byte(data, at) == CLOSE:  # the object ends
                            at, unknown = at + 1, known
                            if seen & node["required"] != node["required"]:
                                break
                            if node["opens"]:
                                if symbol == MISSING:
                                    break
                                if swapped:
                                    bids_first(events, header + 1, header + 1 + integers[ASKS], row)
                                instrument = symbols[unsigned(symbol)]["instrument"]
                                if node["marks"]:
                                    marked = write_mark(marks, marked, instrument, integers, floats)
                                row = write(events, header, row, node, instrument, integers, floats)
                            if depth == 0:
                                depth = DONE
                                break
                            around = stack[unsigned(depth - 1)]
                            field = fields[unsigned(around["field"])]
                            form, slot, before = field["form"], field["slot"], around["row"]
                            if node["manner"] == LEVEL:
                                row = add_level(events, row, integers, floats, slot)
                            if STOP in (row, marked):
                                break
                            if form != OBJECT:
                                at = blank(data, at, end)
                                if byte(data, at) == COMMA:
                                    at, opening = past(data, past(data, at, end, COMMA), end, OPEN) - 1, True
                                    continue
                                at = past(data, at, end, CLOSE_ARRAY)
                                if slot in (BIDS, ASKS):
                                    integers[slot] = row - before
                                    swapped = swapped or (slot == BIDS and before > header + 1)
                                elif form == NEWEST_FIRST:
                                    turn(events, before, row)
                            depth -= 1
                            number, guess, seen = around["node"], around["guess"], around["seen"]
                            start, known, node = around["start"], around["known"], nodes[unsigned(number)]
                            continue
                        at = past(data, at, end, COMMA) - 1
                    value, chosen = other_key(data, at + 1, end, fields, node, guess, strangers, known, unknown)
                    if chosen == MISSING:
                        if depth == 0 and not array:
                            break
                        at, lead, unknown = after_scalar(data, value, end), COMMA_LEAD, unknown + 1
                        continue
                    field = fields[unsigned(chosen)]
                at, lead = value, COMMA_LEAD
                form, slot = field["form"], field["slot"]
                if seen & field["bit"]:
                    break
                seen |= field["bit"]
                guess = field["next"]
                if field["needs_symbol"] and symbol == MISSING:
                    if node["names"]:
                        symbol = symbol_of(data, start, end, node, symbols)
                    if symbol == MISSING:
                        break
                if slot == SYMBOL:
                    at, symbol = look_up(data, at, symbols)
                    if at == STOP:
                        break
                elif form < OBJECT:
                    at = take(data, at, end, field, words, symbols[unsigned(max(symbol, 0))], integers, floats)
                    if at == STOP:
                        break
                elif form == LEVELS:
                    before, side = row, 1 if slot == BIDS else -1
                    at, row = take_levels(data, at, end, field, symbols[unsigned(symbol)], side, events, row)
                    swapped = swapped or (slot == BIDS and before > header + 1)
                    integers[slot] = row - before
                else:
                    at = past(data, at, end, OPEN if form == OBJECT else OPEN_ARRAY)
                    if form != OBJECT and byte(data, at) == CLOSE_ARRAY:
                        at += 1
                        continue
                    if depth == len(stack):
                        break
                    around = stack[unsigned(depth)]
                    around["node"], around["guess"], around["seen"] = number, guess, seen
                    around["start"], around["known"] = start, known
                    around["field"], around["row"] = chosen, row
                    if slot in (BIDS, ASKS):
                        integers[SIDE] = 1 if slot == BIDS else -1
                    depth, number, opening = depth + 1, field["node"], True
                    at = (at if form == OBJECT else past(data, at, end, OPEN)) - 1
            if depth != DONE or STOP in (row, marked):
                at = STOP
                break
            settle(events, begun, row, frame, received, integers)
            settle_marks(marks, begun_mark, marked, frame, received, integers)
            at = blank(data, at, end)
            more = bool(array) and byte(data, at) == COMMA
            if more:
                at = past(data, at, end, COMMA)
            elif array:
                at = blank(data, past(data, at, end, CLOSE_ARRAY), end)
        if at != end or more:
            break
        counted = integers[OUTSIDE + NUMBER]
        numbers[frame] = counted if counted != ABSENT else NO_SEQUENCE
        first_row, first_mark, frame = row, marked, frame + 1
    return frame, first_row, first_mark
