"""One message: its keys in any order, each once, each value in its form, to slots and level rows.

Strict: whatever a table does not say to the letter stops the scanner. Keys that no table knows are skipped in an
envelope, if their value is a scalar, and compared with each other, as a key that comes twice makes a frame
meaningless; without an envelope they stop it, as the frame may be about the connection.
"""

from typing import Any

from operators.kernel import part
from operators.scan.machine import inlined, load
from operators.scan.numbers import NO_STAMP, ZERO, decimal, nanoseconds, natural, number, price, signed
from operators.scan.symbols import MISSING, look_up
from operators.scan.words import COLON, COMMA, NONE, QUOTE, STOP, after_text, blank, byte, first, packed, past, short
from venues.keys import Form, Slot

MOST_STRANGERS = 8  # keys of one message that no table knows
OPEN, CLOSE, OPEN_ARRAY, CLOSE_ARRAY, MINUS = ord("{"), ord("}"), ord("["), ord("]"), ord("-")
NINE = ord("9")
TRUE, FALSE, NULL = packed("true")[0], packed("false")[0], packed("null")[0]
ANY, INTEGER, TIME, BOOLEAN = int(Form.ANY), int(Form.INTEGER), int(Form.TIME), int(Form.BOOLEAN)
TEXT, WORD, PRICE, DECIMAL = int(Form.TEXT), int(Form.WORD), int(Form.PRICE), int(Form.DECIMAL)
SIGNED, LEVELS = int(Form.SIGNED), int(Form.LEVELS)
SYMBOL, BIDS, ASKS = int(Slot.SYMBOL), int(Slot.BIDS), int(Slot.ASKS)


@inlined
def member(data: Any, at: int, end: int) -> tuple[int, Any, Any]:
    """The place of a member's value, and its key in two words."""
    at, key, rest = short(data, at)
    return past(data, at, end, COLON), key, rest


@inlined
def boolean(data: Any, at: int) -> tuple[int, int]:
    """The place after true or false, and which it was."""
    word = load(data, at)
    if first(word, 4) == TRUE:
        return at + 4, 1
    return at + 5 if first(word, 5) == FALSE else STOP, 0


@inlined
def after_scalar(data: Any, at: int, end: int) -> int:
    """The place after a string, a number or a literal; STOP at arrays, objects, exponents and long numbers."""
    sign = byte(data, at)
    if sign == QUOTE:
        return after_text(data, at, end)
    if sign == MINUS or ZERO <= sign <= NINE:
        return decimal(data, at + 1 if sign == MINUS else at)[0]
    if first(load(data, at), 4) == NULL:
        return at + 4
    return boolean(data, at)[0]


@part
def after_value(data: Any, at: int, end: int) -> int:
    """The place after any value; brackets are counted, not matched."""
    depth = 0
    while 0 <= at < end:
        sign = byte(data, at)
        if sign in (OPEN, OPEN_ARRAY):
            depth, at = depth + 1, at + 1
        elif sign in (CLOSE, CLOSE_ARRAY):
            depth, at = depth - 1, at + 1
        elif depth == 0:
            return after_scalar(data, at, end)
        else:
            at = after_text(data, at, end) if sign == QUOTE else at + 1
        if depth <= 0:
            return at
    return STOP


@part
def value_of(data: Any, at: int, end: int, key: Any, rest: Any) -> int:
    """Where the value of a key stands in the object whose first key is at a place; STOP where it has none."""
    while at != STOP:
        at, found, found_rest = member(data, at, end)
        if found == key and found_rest == rest:
            return at
        at = past(data, blank(data, after_value(data, at, end), end), end, COMMA)
    return STOP


@inlined
def expected(data: Any, at: int, end: int, field: Any) -> int:
    """The place of the value where a member begins with the key of a field, as it is mostly written; STOP elsewhere."""
    if load(data, at) & field["mask"] != field["pattern"]:
        return STOP
    return blank(data, at + field["width"], end)


@inlined
def field_of(fields: Any, message: Any, guess: int, key: Any, rest: Any) -> int:
    """The field of a key, looked for from the one on that should come next; MISSING where there is none."""
    row, behind = guess, message["first"] + message["count"]
    for _ in range(message["count"]):
        if row == behind:
            row = message["first"]
        if fields[row]["key"] == key and fields[row]["key_rest"] == rest:
            return row
        row += 1
    return MISSING


@part
def is_new(strangers: Any, count: int, key: Any, rest: Any) -> bool:
    """Note an unknown key; False where it came before, or where there is no more room to note it."""
    if count == MOST_STRANGERS:
        return False
    for row in range(count):
        if strangers[row, 0] == key and strangers[row, 1] == rest:
            return False
    strangers[count, 0], strangers[count, 1] = key, rest
    return True


@inlined
def take(data: Any, at: int, end: int, field: Any, symbols: Any, integers: Any, floats: Any) -> int:
    """The place after a value, which goes to its slot; STOP where it has not the field's form."""
    form, slot = field["form"], field["slot"]
    if form == PRICE:
        symbol = symbols[integers[SYMBOL]]
        at, integers[slot] = price(data, at, symbol["numerator"], symbol["decimals"])
    elif form == DECIMAL:
        at, floats[slot] = number(data, at)
    elif form == INTEGER:
        at, integers[slot] = natural(data, at)
    elif form == TIME:
        at, stamp = natural(data, at)
        integers[slot] = nanoseconds(stamp)
        at = at if integers[slot] != NO_STAMP else STOP
    elif slot == SYMBOL:
        at, integers[slot] = look_up(data, at, symbols)
    elif form in (WORD, TEXT):
        at, word, rest = short(data, at)
        integers[slot] = word == field["word"] and rest == field["word_rest"]
        at = at if form == TEXT or integers[slot] else STOP
    elif form == BOOLEAN:
        at, integers[slot] = boolean(data, at)
    elif form == SIGNED:
        at, floats[slot] = signed(data, at)
    else:
        at = after_scalar(data, at, end) if form == ANY else STOP
    return at


@inlined
def take_levels(data: Any, at: int, end: int, symbol: Any, side: int, events: Any, row: int) -> tuple[int, int]:
    """The place after an array of [price, size], and the row after those that they fill from `row` on."""
    at = past(data, at, end, OPEN_ARRAY)
    if byte(data, at) == CLOSE_ARRAY:
        return at + 1, row
    numerator, decimals = symbol["numerator"], symbol["decimals"]
    while 0 <= at < end and row < len(events):
        at, ticks = price(data, past(data, at, end, OPEN_ARRAY), numerator, decimals)
        at, size = number(data, past(data, at, end, COMMA))
        at = past(data, at, end, CLOSE_ARRAY)
        level = events[row]
        level["price"], level["size"], level["side"] = ticks, size, side
        row += 1
        if byte(data, at) == CLOSE_ARRAY:
            return at + 1, row
        at = past(data, at, end, COMMA)
    return STOP, row


@part
def turn(events: Any, low: int, high: int) -> None:
    """Level rows [low, high) in the other order."""
    high -= 1
    while low < high:
        one, other = events[low], events[high]
        one["price"], other["price"] = other["price"], one["price"]
        one["size"], other["size"] = other["size"], one["size"]
        one["side"], other["side"] = other["side"], one["side"]
        low, high = low + 1, high - 1


@part
def bids_first(events: Any, low: int, middle: int, high: int) -> None:
    """Exchange the asks [low, middle) and the bids [middle, high), each in their order."""
    turn(events, low, middle)
    turn(events, middle, high)
    turn(events, low, high)


@part
def symbol_of(data: Any, at: int, end: int, message: Any, symbols: Any) -> int:
    """Row in the hash table of the symbol that the object whose first key is at a place names; MISSING for none."""
    return look_up(data, value_of(data, at, end, message["symbol"], message["symbol_rest"]), symbols)[1]


@inlined
def read(
    data: Any, at: int, end: int, message: Any, fields: Any, symbols: Any, alone: bool, strangers: Any,
    integers: Any, floats: Any, events: Any, row: int,
) -> int:  # fmt: skip
    """The place after the message whose first key is at a place; its levels go to event rows from `row` on."""
    start, guess, seen, unknown, swapped = at, message["first"], 0, 0, False
    begun, behind = row, message["first"] + message["count"]
    integers[SYMBOL] = MISSING
    while 0 <= at < end:
        key, rest, value, chosen = NONE, NONE, expected(data, at, end, fields[guess]), guess
        if value == STOP:
            value, key, rest = member(data, at, end)
            chosen = field_of(fields, message, guess, key, rest)
        at = value
        if at == STOP:
            return STOP
        if chosen == MISSING:
            if alone or not is_new(strangers, unknown, key, rest):
                return STOP
            unknown += 1
            at = after_scalar(data, at, end)
        else:
            field, bit = fields[chosen], 1 << (chosen - message["first"])
            if seen & bit:
                return STOP
            seen |= bit
            guess = chosen + 1 if chosen + 1 < behind else message["first"]
            form, slot = field["form"], field["slot"]
            if form in (PRICE, LEVELS) and integers[SYMBOL] == MISSING:
                integers[SYMBOL] = symbol_of(data, start, end, message, symbols)
                if integers[SYMBOL] == MISSING:
                    return STOP
            if form == LEVELS:
                before = row
                at, row = take_levels(data, at, end, symbols[integers[SYMBOL]], 1 if slot == BIDS else -1, events, row)
                swapped = slot == BIDS and before > begun
                integers[slot] = row - before
            else:
                at = take(data, at, end, field, symbols, integers, floats)
        at = blank(data, at, end)
        if byte(data, at) == CLOSE:
            if swapped:
                bids_first(events, begun, begun + integers[ASKS], row)
            return at + 1 if seen & message["required"] == message["required"] else STOP
        at = past(data, at, end, COMMA)
    return STOP
