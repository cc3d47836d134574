"""Numbers in text: integers and decimal numbers, in quotes or not, exactly or not at all.

A decimal number is digits as one integer and how many of them stand after the point. Its ticks follow in integers; its
float is one division of two floats that are exact, which IEEE 754 rounds as it rounds the text itself. What does not
fit (more than MAX_DIGITS digits, an integer near 2⁶³, an exponent, a leading zero, 2⁵³ and more for a float) is left to
the slow path.
Clinger (1990), "How to read floating point numbers accurately", the fast case.
"""

from typing import Any

import numpy as np

from market.clock import EARLIEST_NS, LATEST_NS, MICROSECOND_NS, MILLISECOND_NS
from operators.scan.machine import inlined, integer, load, part, zeros
from operators.scan.words import HIGH, LOW, QUOTE, STOP, byte, every
from venues.decimals import MAX_TICKS

MAX_DIGITS, MOST_DIGITS = 18, 19  # of a decimal number, of an integer
LARGEST = np.iinfo(np.int64).max // 1000 - 1  # sixteen digits that take three more
EXACT = 1 << 53  # integers up to here are floats exactly
POWERS = np.array([10**n for n in range(MAX_DIGITS + 1)], np.int64)
FLOATS = np.array([10.0**n for n in range(MAX_DIGITS + 1)])  # exact up to 10²²
LIMITS = np.array([MAX_TICKS // 10**n for n in range(MAX_DIGITS + 1)], np.int64)
LATEST_MS = LATEST_NS // MILLISECOND_NS
EARLIEST_US, LATEST_US = EARLIEST_NS // MICROSECOND_NS, LATEST_NS // MICROSECOND_NS
NO_STAMP = -1
ZERO, POINT, MINUS = ord("0"), ord("."), ord("-")
ZEROS, TO_TEN = every(ZERO), every(0x80 - 10)
PAIRS, QUADS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
TEN, HUNDRED, MYRIAD = np.uint64(10), np.uint64(100), np.uint64(10_000)
LOWEST = np.uint64(0xFFFFFFFF)
EIGHT, SIXTEEN, HALF = np.uint64(8), np.uint64(16), np.uint64(32)


@inlined
def eight(word: Any) -> tuple[int, int]:
    """How many digits a word begins with, and their value: pairs of digits, then of pairs, then of those."""
    digits = word ^ ZEROS
    count = zeros((((digits & LOW) + TO_TEN) | digits) & HIGH) >> 3
    if count == 0:
        return 0, 0
    digits = digits << np.uint64(8 * (8 - count))
    pairs = (digits * TEN + (digits >> EIGHT)) & PAIRS
    quads = (pairs * HUNDRED + (pairs >> SIXTEEN)) & QUADS
    return count, integer((quads * MYRIAD + (quads >> HALF)) & LOWEST)


@part
def sixteen(data: Any, at: int, value: int) -> tuple[int, int]:
    """As `digits`, where the first sixteen are known already."""
    more, low = eight(load(data, at + 16))
    if more > MOST_DIGITS - 16 or (more == MOST_DIGITS - 16 and value > LARGEST):
        return MOST_DIGITS + 1, 0
    return 16 + more, value * POWERS[more] + low


@inlined
def digits(data: Any, at: int) -> tuple[int, int]:
    """How many digits stand from a place on, and their value; more than MOST_DIGITS of them have none."""
    count, value = eight(load(data, at))
    if count < 8:
        return count, value
    more, low = eight(load(data, at + 8))
    value = value * POWERS[more] + low
    return (8 + more, value) if more < 8 else sixteen(data, at, value)


@inlined
def natural(data: Any, at: int) -> tuple[int, int]:
    """The place after a natural number, and its value."""
    count, value = digits(data, at)
    if count == 0 or count > MOST_DIGITS or (count > 1 and byte(data, at) == ZERO):
        return STOP, 0
    return at + count, value


@part
def signed_natural(data: Any, at: int) -> tuple[int, int]:
    """As `natural`, but it may be negative."""
    negative = byte(data, at) == MINUS
    at, value = natural(data, at + 1 if negative else at)
    return (at, -value if negative else value) if value or not negative else (STOP, 0)


@inlined
def decimal(data: Any, at: int) -> tuple[int, int, int]:
    """The place after a decimal number without a sign, its digits as an integer, and how many are behind the point."""
    count, value = digits(data, at)
    if count == 0 or count > MAX_DIGITS or (count > 1 and byte(data, at) == ZERO):
        return STOP, 0, 0
    at += count
    if byte(data, at) != POINT:
        return at, value, 0
    places, fraction = digits(data, at + 1)
    if places == 0 or count + places > MAX_DIGITS:
        return STOP, 0, 0
    return at + 1 + places, value * POWERS[places] + fraction, places


@inlined
def ticks(value: int, places: int, numerator: int, decimals: int) -> int:
    """A decimal number in steps of numerator / 10^decimals; STOP where it is no multiple or too large."""
    if decimals >= places:
        if value > LIMITS[decimals - places]:
            return STOP
        value *= POWERS[decimals - places]
        step = numerator
    else:
        if numerator > LIMITS[places - decimals]:
            return STOP
        step = numerator * POWERS[places - decimals]
    if step <= 1:
        return value if step == 1 else STOP
    found = np.uint64(value) // np.uint64(step)
    return integer(found) if found * np.uint64(step) == np.uint64(value) else STOP


@inlined
def quoted(data: Any, at: int, behind: int, quotes: int) -> int:
    """The place behind a number and its quotes, if it has any; STOP where one is missing."""
    if quotes and (byte(data, at) != QUOTE or byte(data, behind) != QUOTE):
        return STOP
    return behind + quotes


@part
def signed(data: Any, at: int) -> tuple[int, float]:
    """The place after a decimal number in quotes that may be negative, and its float; NaN for nothing in the quotes."""
    if byte(data, at) != QUOTE:
        return STOP, np.nan
    if byte(data, at + 1) == QUOTE:
        return at + 2, np.nan
    negative = byte(data, at + 1) == MINUS
    at, value, places = decimal(data, at + 2 if negative else at + 1)
    if byte(data, at) != QUOTE or value > EXACT:
        return STOP, np.nan
    found = float(value) / FLOATS[places]
    return at + 1, -found if negative else found


@inlined
def nanoseconds(stamp: int) -> int:
    """A stamp in ms, µs or ns as ns, as the venues of this project tell them apart; NO_STAMP for no time."""
    if stamp < LATEST_MS:
        return stamp * MILLISECOND_NS
    if EARLIEST_US <= stamp < LATEST_US:
        return stamp * MICROSECOND_NS
    return stamp if EARLIEST_NS <= stamp < LATEST_NS else NO_STAMP
