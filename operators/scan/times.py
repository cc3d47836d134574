"""Times in text: `"2026-08-09T21:05:48.228568804Z"`, UTC, of the years 2000 to 2099.

In those a year of four is a leap year without exception. Another zone, a lower case letter, a 60th second and whatever
else RFC 3339 allows are left to the slow path.
"""

from typing import Any

import numpy as np

from market.clock import EARLIEST_NS, SECOND_NS
from operators.scan.machine import inlined, integer, load, part
from operators.scan.numbers import POINT, POWERS, ZERO, digits
from operators.scan.words import LOWEST, QUOTE, STOP, byte

DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)  # of every month
BEFORE = np.cumsum(DAYS) - DAYS  # days of the year before it
FEBRUARY, CENTURY, PLACES = 2, 20, 9
DASH, COLON, DIVIDER, ZONE = ord("-"), ord(":"), ord("T"), ord("Z")
NO_NUMBER = -1000


@inlined
def character(word: Any, number: int) -> int:
    """One of the bytes of a word."""
    found: int = integer((word >> np.uint64(8 * number)) & LOWEST)
    return found


@inlined
def pair(word: Any, number: int) -> int:
    """The value of two digits from a byte of a word on; negative where there are none."""
    tens, ones = character(word, number) - ZERO, character(word, number + 1) - ZERO
    return 10 * tens + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else NO_NUMBER


@inlined
def day_of(year: int, month: int, day: int) -> int:
    """Days since 2000 began; STOP where there is no such day."""
    if not (0 <= year <= 99 and 1 <= month <= 12):
        return STOP
    leap = 1 if year % 4 == 0 else 0
    if not 1 <= day <= DAYS[month - 1] + (leap if month == FEBRUARY else 0):
        return STOP
    days: int = 365 * year + (year + 3) // 4 + BEFORE[month - 1] + (leap if month > FEBRUARY else 0) + day - 1
    return days


@part
def timestamp(data: Any, at: int) -> tuple[int, int]:
    """The place after a time in quotes, and its ns since 1970."""
    date, clock = load(data, at + 1), load(data, at + 9)  # 2026-08- and 09T21:05
    rest = load(data, at + 17)  # :48.2285
    day = day_of(pair(date, 2), pair(date, 5), pair(clock, 0))
    hour, minute, second = pair(clock, 3), pair(clock, 6), pair(rest, 1)
    if day == STOP or not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return STOP, 0
    if byte(data, at) != QUOTE or pair(date, 0) != CENTURY or character(date, 4) != DASH or character(date, 7) != DASH:
        return STOP, 0
    if character(clock, 2) != DIVIDER or character(clock, 5) != COLON or character(rest, 0) != COLON:
        return STOP, 0
    at += 20
    fraction = 0
    if byte(data, at) == POINT:
        count, fraction = digits(data, at + 1)
        if not 1 <= count <= PLACES:
            return STOP, 0
        fraction *= POWERS[PLACES - count]
        at += 1 + count
    if byte(data, at) != ZONE or byte(data, at + 1) != QUOTE:
        return STOP, 0
    seconds = ((day * 24 + hour) * 60 + minute) * 60 + second
    return at + 2, EARLIEST_NS + seconds * SECOND_NS + fraction
