"""Decimal texts of prices and sizes, written as venues write them. Parts of kernels.

A number on the wire is a whole number of units, 10^−places each. Prices are integer ticks and so are exact. Sizes are
float64, the nearest to the venue's text, which `units_of` finds again:
- below 10^15 units only one text is nearest to a float64 (its 15 digits always survive), so the units are EXACT;
- above, they are EXACT where no neighbour is as near, up to 2^53; else the shortest of the texts that are as near is
  taken, the one that a venue writes most likely: a GUESS;
- a size that is no whole number of units at all, or has no shortest text of 16 digits, is UNWRITABLE.
"""

from typing import Any

import numpy as np

from operators.kernel import part

EXACT, GUESS, UNWRITABLE = 0, 1, 2
MOST_PLACES = 18
SAFE = 1e15
WHOLE = 1 << 53  # up to it every whole number is a float64
LARGEST = 9e18
TENS = np.array([10**power for power in range(MOST_PLACES + 1)], np.int64)
POWERS = np.array([float(10**power) for power in range(MOST_PLACES + 1)])  # exact: 5^18 < 2^53
ZERO, POINT = 48, 46  # characters


@part
def units_of(size: float, places: int) -> tuple[int, int]:
    """A size in units, and how sure that is."""
    scaled = size * POWERS[places]
    if not 0.0 <= scaled < LARGEST:
        return 0, UNWRITABLE
    units = int(np.rint(scaled))
    if scaled < SAFE:
        return (units, EXACT) if units / POWERS[places] == size else (0, UNWRITABLE)
    if scaled < WHOLE:
        as_near, found = 0, 0
        for near in range(units - 2, units + 3):  # the product is rounded too
            if near / POWERS[places] == size:
                as_near, found = as_near + 1, near
        if as_near == 1:
            return found, EXACT
    for zeros in range(MOST_PLACES, -1, -1):
        units = int(np.rint(scaled / POWERS[zeros]))
        if 0 < units <= WHOLE:
            back = units / POWERS[places - zeros] if zeros <= places else units * POWERS[zeros - places]
            if back == size:
                return units * TENS[zeros], GUESS
    return 0, UNWRITABLE


@part
def length_of(number: int) -> int:
    """Digits of a number that is not negative; 1 for 0."""
    length = 1
    while length <= MOST_PLACES and number >= TENS[length]:
        length += 1
    return length


@part
def write_digits(text: Any, at: int, number: int, length: int) -> int:
    """Write a number in so many digits, zeros in front; returns where the text goes on."""
    place = at + length - 2
    while place >= at:  # two at a time: each division waits for the one before
        rest = number // 100
        two = number - 100 * rest
        ten = (two * 103) >> 10
        text[place], text[place + 1] = ZERO + ten, ZERO + two - 10 * ten
        number = rest
        place -= 2
    if place == at - 1:
        text[at] = ZERO + number % 10
    return at + length


@part
def write_decimal(text: Any, at: int, units: int, places: int) -> int:
    """Write units as the shortest decimal text: 0.5, 30261, 0.00000001; returns where the text goes on."""
    while places > 0 and units % 10 == 0:
        units //= 10
        places -= 1
    at = write_digits(text, at, units // TENS[places], length_of(units // TENS[places]))
    if places == 0:
        return at
    text[at] = POINT
    return write_digits(text, at + 1, units % TENS[places], places)
