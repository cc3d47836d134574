"""Which message it is: by the word that a key, or a part of its value, says."""

from typing import Any

import numpy as np

from operators.scan.machine import inlined, load, part
from operators.scan.tables import NO_NODE
from operators.scan.values import after_scalar
from operators.scan.words import (
    CLOSE,
    CLOSE_ARRAY,
    COLON,
    COMMA,
    LONGEST_TEXT,
    NONE,
    OPEN,
    OPEN_ARRAY,
    QUOTE,
    STOP,
    after_text,
    blank,
    byte,
    cut,
    past,
    same,
    short,
    until,
)  # fmt: skip

COMMA_LEAD, ANY_LEAD = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(0xFFFFFFFFFFFFFF00)


@part
def member(data: Any, at: int, end: int) -> tuple[int, Any, Any, Any]:
    """The place of a member's value, and its key in three words."""
    at, one, two, three = short(data, at)
    return past(data, at, end, COLON), one, two, three


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
def value_of(data: Any, at: int, end: int, one: Any, two: Any, three: Any, leads: bool) -> int:
    """Where the value of a key stands in the object whose first key is at a place; STOP where it has none.

    leads: it has none if it is not the first.
    """
    while at != STOP:
        at, key, more, most = member(data, at, end)
        if key == one and more == two and most == three:
            return at
        at = STOP if leads else past(data, blank(data, after_value(data, at, end), end), end, COMMA)
    return STOP


@inlined
def expected(data: Any, at: int, end: int, key: Any, lead: Any) -> int:
    """The place of the value where a comma and a key of a table follow, as they are mostly written; STOP elsewhere.

    lead: ANY_LEAD where any sign may stand in place of the comma, as before a first key; COMMA_LEAD.
    """
    if (load(data, at) ^ key["pattern"]) & key["mask"] & lead != NONE:
        return STOP
    width = key["width"]
    if width > 8 and not goes_on(data, at + 8, key, (width - 9) >> 3):
        return STOP
    return blank(data, at + width, end)


@inlined
def goes_on(data: Any, at: int, key: Any, last: int) -> bool:
    """Whether a key goes on as it should; `last` counts the words."""
    for number in range(last):
        if load(data, at + 8 * number) != key["rest"][number]:
            return False
    alike: bool = load(data, at + 8 * last) & key["last_mask"] == key["rest"][last]
    return alike


@inlined
def part_of(data: Any, at: int, end: int, separator: Any, number: int) -> tuple[int, int]:
    """Where a part of a text begins, and its bytes; all but the last part for -1."""
    begin, behind = at, until(data, at, end, separator)
    if number < 0:
        last = behind
        while last < end:
            behind, last = last, until(data, last + 1, end, separator)
        return begin, behind - begin
    for _ in range(number):
        begin = min(behind + 1, end)
        behind = until(data, begin, end, separator)
    return begin, behind - begin


@inlined
def named(data: Any, at: int, end: int, entrance: Any, words: Any) -> tuple[int, int]:
    """The node of the message that a value names, NO_NODE for none, and the place after the value."""
    after = after_text(data, at, end)
    begin, count = at + 1, after - at - 2
    if entrance["separator"] != NONE:
        begin, count = part_of(data, begin, after - 1, entrance["separator"], entrance["part"])
    if after == STOP or count > LONGEST_TEXT:
        return NO_NODE, STOP
    one, two, three = cut(data, begin, count)
    for row in range(entrance["first"], entrance["first"] + entrance["count"]):
        if same(words[row], one, two, three):
            return words[row]["value"], after
    return NO_NODE, STOP


@inlined
def choose(data: Any, at: int, end: int, entrances: Any, words: Any) -> tuple[int, int, int]:
    """The node of the message whose first key is at a place, NO_NODE where no entrance leads to one; the place before
    the key to read on from; and how many keys are read by then.
    """
    for row in range(len(entrances)):
        entrance = entrances[row]
        place, leads = at, entrance["leads"]
        if entrance["within"]:
            outer = entrance["outer"]
            place = past(data, value_of(data, at, end, outer[0], outer[1], outer[2], leads), end, OPEN)
        first = expected(data, place - 1, end, entrance, ANY_LEAD)
        value = first
        if first == STOP:
            value = value_of(data, place, end, entrance["one"], entrance["two"], entrance["three"], leads)
        if value != STOP:
            node, after = named(data, value, end, entrance, words)
            read = first != STOP and entrance["read"]
            return node, after if read else at - 1, 1 if read else 0
        if entrance["unnamed"] != NO_NODE:
            return entrance["unnamed"], at - 1, 0
    return NO_NODE, STOP, 0
