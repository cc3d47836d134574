"""One value: in its form or not at all, to its slot."""

from typing import Any

from operators.scan.machine import inlined, load, part
from operators.scan.numbers import (
    EXACT,
    FLOATS,
    MINUS,
    NO_STAMP,
    ZERO,
    decimal,
    nanoseconds,
    natural,
    quoted,
    signed,
    signed_natural,
    ticks,
)  # fmt: skip
from operators.scan.tables import ABSENT
from operators.scan.times import timestamp
from operators.scan.words import (
    CLOSE_ARRAY,
    COMMA,
    NONE,
    OPEN_ARRAY,
    QUOTE,
    STOP,
    after_text,
    blank,
    byte,
    first,
    hashed_text,
    packed,
    past,
    same,
    short,
)  # fmt: skip
from venues.keys import Form, Slot

TRUE, FALSE, NULL = packed("true")[0], packed("false")[0], packed("null")[0]
NINE, SMALL_A, SMALL_Z = ord("9"), ord("a"), ord("z")
LONGEST_LITERAL = 7
ANY, SCALARS, TEXT, HASHED = int(Form.ANY), int(Form.SCALARS), int(Form.TEXT), int(Form.HASHED)
WORD, WORDS, LITERAL, LITERALS = int(Form.WORD), int(Form.WORDS), int(Form.LITERAL), int(Form.LITERALS)
PRICE, DECIMAL, SIGNED = int(Form.PRICE), int(Form.DECIMAL), int(Form.SIGNED)
INTEGER, TIME, TIMESTAMP = int(Form.TEXT_INTEGER), int(Form.TEXT_TIME), int(Form.RFC3339)
SIGNED_INTEGER = int(Form.SIGNED_INTEGER)
FLAGS = int(Slot.FLAGS)


@part
def after_scalar(data: Any, at: int, end: int) -> int:
    """The place after a string, a number or a literal; STOP at arrays, objects, exponents and long numbers."""
    sign = byte(data, at)
    if sign == QUOTE:
        return after_text(data, at, end)
    if sign == MINUS or ZERO <= sign <= NINE:
        return decimal(data, at + 1 if sign == MINUS else at)[0]
    word = load(data, at)
    if first(word, 5) == FALSE:
        return at + 5
    return at + 4 if first(word, 4) in (TRUE, NULL) else STOP


@part
def literal(data: Any, at: int) -> tuple[int, Any]:
    """The place after digits or small letters, and those in one word; STOP where there are none or too many."""
    count, sign = 0, byte(data, at)
    while count <= LONGEST_LITERAL and (ZERO <= sign <= NINE or SMALL_A <= sign <= SMALL_Z):
        count += 1
        sign = byte(data, at + count)
    if not 0 < count <= LONGEST_LITERAL:
        return STOP, NONE
    return at + count, first(load(data, at), count)


@inlined
def word_of(data: Any, at: int, field: Any, words: Any, literally: bool) -> tuple[int, int]:
    """The place after a word, and what it stands for; STOP where it is none of the field's."""
    two = three = NONE
    if literally:
        at, one = literal(data, at)
    else:
        at, one, two, three = short(data, at)
    if at != STOP:
        for row in range(field["first"], field["first"] + field["count"]):
            if same(words[row], one, two, three):
                return at, words[row]["value"]
    return (at if field["other"] != ABSENT else STOP), field["other"]


@part
def all_words(data: Any, at: int, end: int, field: Any, words: Any, literally: bool) -> tuple[int, int]:
    """The place after an array of words, and their values joined; STOP where that would mix what is no flag."""
    at, joined, count = past(data, at, end, OPEN_ARRAY), 0, 0
    if byte(data, at) == CLOSE_ARRAY:
        return at + 1, 0
    while 0 <= at < end:
        at, value = word_of(data, at, field, words, literally)
        joined, count = joined | value, count + 1
        at = blank(data, at, end)
        if byte(data, at) == CLOSE_ARRAY:
            return (at + 1 if count == 1 or field["slot"] == FLAGS else STOP), joined
        at = past(data, at, end, COMMA)
    return STOP, 0


@part
def after_scalars(data: Any, at: int, end: int) -> int:
    """The place after an array of strings, numbers and literals."""
    at = past(data, at, end, OPEN_ARRAY)
    if byte(data, at) == CLOSE_ARRAY:
        return at + 1
    while 0 <= at < end:
        at = blank(data, after_scalar(data, at, end), end)
        if byte(data, at) == CLOSE_ARRAY:
            return at + 1
        at = past(data, at, end, COMMA)
    return STOP


@part
def take_rare(data: Any, at: int, end: int, field: Any, words: Any, integers: Any, floats: Any) -> int:
    """As `take`, of the forms that are seldom or long anyway."""
    form, slot = field["form"], field["slot"]
    if form == TIMESTAMP:
        at, integers[slot] = timestamp(data, at)
    elif form == HASHED:
        at, integers[slot] = hashed_text(data, at, end)
    elif form == SIGNED:
        at, floats[slot] = signed(data, at)
    elif form == SIGNED_INTEGER:
        at, integers[slot] = signed_natural(data, at)
    elif form in (WORDS, LITERALS):
        at, integers[slot] = all_words(data, at, end, field, words, form == LITERALS)
    else:
        at = after_scalars(data, at, end) if form == SCALARS else STOP
    return at


@inlined
def take(data: Any, at: int, end: int, field: Any, words: Any, symbol: Any, integers: Any, floats: Any) -> int:
    """The place after a value, which goes to its slot; STOP where it has not the field's form."""
    form, slot, quotes = field["form"], field["slot"], field["quotes"]
    if form in (PRICE, DECIMAL):
        behind, value, places = decimal(data, at + quotes)
        if behind == STOP:
            return STOP
        if form == DECIMAL:
            if value > EXACT:
                return STOP
            floats[slot] = float(value) / FLOATS[places]
        else:
            found = ticks(value, places, symbol["numerator"], symbol["decimals"])
            if found == STOP:
                return STOP
            integers[slot] = found
        return quoted(data, at, behind, quotes)
    if form in (INTEGER, TIME):
        behind, value = natural(data, at + quotes)
        if behind == STOP:
            return STOP
        if form == TIME:
            value = nanoseconds(value)
            if value == NO_STAMP:
                return STOP
        integers[slot] = value
        return quoted(data, at, behind, quotes)
    if form == TEXT:
        return after_text(data, at, end)
    if form in (WORD, LITERAL):
        at, integers[slot] = word_of(data, at, field, words, form == LITERAL)
        return at
    if form == ANY:
        return after_scalar(data, at, end)
    return take_rare(data, at, end, field, words, integers, floats)
