"""Whether our book is the venue's: CRC32 of its best levels, as text, against what the message says. Parts of kernels.

Kraken (v1 and v2): ten best asks, best first, then ten best bids; of each level the digits of price and size, written
with all their places, without the point and without leading zeros. The depth in force cuts the book before.
OKX (until 2026-06): 25 ranks, best first, each its bid and then its ask, as far as there are any; "price:size" in the
shortest decimal text, all joined by ":".

Verdicts: MATCH; MISMATCH, where the text is beyond doubt; UNVERIFIABLE, where a size could have been written in more
ways than one (operators/book/digits.py) and the likeliest text does not match, or the places are not known. What
cannot be verified is counted and told, and is never taken for either.
Cost: 1.1–1.5 µs per message for Kraken, 4 µs for OKX, most of it for digits; as much again as the book itself.
Sources: docs.kraken.com, book-checksum-v2; OKX API v5, "Checksum", until 2026-06-23.
"""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from operators.book.crc32 import crc32
from operators.book.digits import (
    EXACT,
    MOST_PLACES,
    UNWRITABLE,
    length_of,
    units_of,
    write_decimal,
    write_digits,
)
from operators.book.ladders import NOTHING
from operators.book.window import level_below, size_at
from operators.kernel import part

SCHEMES = {"": 0, "kraken": 1, "okx": 2}  # by Capability.checksum
KRAKEN, OKX = SCHEMES["kraken"], SCHEMES["okx"]
KRAKEN_LEVELS, OKX_LEVELS = 10, 25
COLON = 58
# Room for OKX's text: 2 × 25 levels of 2 numbers of at most 20 characters, and a colon after each.
TEXT = 2 * OKX_LEVELS * 2 * (MOST_PLACES + 3)
NO_TEXT = np.empty(0, np.int64)


class Check(IntEnum):
    """What a checksum says."""

    MATCH = 0
    MISMATCH = 1
    UNVERIFIABLE = 2


MATCH, MISMATCH, UNVERIFIABLE = int(Check.MATCH), int(Check.MISMATCH), int(Check.UNVERIFIABLE)


@part
def check(ladders: Any, book: Any, scheme: int, said: int, text: Any) -> int:
    """Compare a book with the CRC32 that the venue gave of it, unsigned."""
    length, doubt = write_kraken(ladders, book, text) if scheme == KRAKEN else write_okx(ladders, book, text)
    if doubt != UNWRITABLE and crc32(text, length) == said:
        return MATCH
    return MISMATCH if doubt == EXACT else UNVERIFIABLE


@part
def units_of_level(ladders: Any, book: Any, side: int, key: int) -> tuple[int, int, int]:
    """Price and size of a level in units of the wire, and how sure they are."""
    price = (key if side == 0 else -key) * book["unit"]
    size, doubt = units_of(size_at(ladders, book, side, key), book["places"][1])
    return price, size, doubt if price > 0 else UNWRITABLE


@part
def write_kraken(ladders: Any, book: Any, text: Any) -> tuple[int, int]:
    """Asks, then bids; the length of the text and how sure it is."""
    at, worst = 0, EXACT
    for side in (1, 0):
        key, rank = book["best"][side], 0
        while key != NOTHING and rank < KRAKEN_LEVELS and worst != UNWRITABLE:
            price, size, doubt = units_of_level(ladders, book, side, key)
            worst = max(worst, doubt)
            at = write_digits(text, at, price, length_of(price))
            at = write_digits(text, at, size, length_of(size))
            key = level_below(ladders, book, side, key)
            rank += 1
    return at, worst


@part
def write_okx(ladders: Any, book: Any, text: Any) -> tuple[int, int]:
    """Bid and ask of each rank in turn; the length of the text and how sure it is."""
    at, worst = 0, EXACT
    bid, ask = book["best"][0], book["best"][1]
    for _ in range(OKX_LEVELS):
        for side in range(2):
            key = bid if side == 0 else ask
            if key == NOTHING or worst == UNWRITABLE:
                continue
            price, size, doubt = units_of_level(ladders, book, side, key)
            worst = max(worst, doubt)
            at = write_decimal(text, at, price, book["places"][0])
            text[at] = COLON
            at = write_decimal(text, at + 1, size, book["places"][1])
            text[at] = COLON
            at += 1
        bid, ask = level_below(ladders, book, 0, bid), level_below(ladders, book, 1, ask)
    return max(at - 1, 0), worst


def text_for(scheme: int) -> NDArray[np.int64]:
    """Room for the text of a book, a character each."""
    return np.empty(TEXT, np.int64) if scheme else NO_TEXT
