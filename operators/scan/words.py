"""Bytes eight at a time: a word is the eight bytes from a place on, the first of them lowest.

What is asked of bytes (is it a digit, a quote?) is asked of all eight at once, without a branch, and answered in the
high bit of each. No sum here carries from one byte to the next and none leaves 64 bits, so the same lines run compiled
and interpreted. Every part that takes a place gives STOP for STOP.
Mycroft (1987), comp.arch: zero bytes of a word. Lemire and Langdale (2019), "Parsing gigabytes of JSON per second".
"""

from typing import Any

import numpy as np

from operators.scan.machine import inlined, integer, load, part, zeros


def every(byte: int) -> np.uint64:
    """The word of eight times the same byte."""
    return np.uint64(0x0101010101010101 * byte)


STOP = -1  # a position: the scanner does not go on
HIGH, LOW = every(0x80), every(0x7F)
QUOTES, BACKSLASHES = every(ord('"')), every(ord("\\"))
TO_SPACE = every(0x80 - ord(" "))  # added to a byte below 0x80, it sets the high bit of blanks and all above
NONE, ONE = np.uint64(0), np.uint64(1)
LOWEST, EIGHT = np.uint64(0xFF), np.uint64(8)
QUOTE, COMMA, COLON, SPACE = ord('"'), ord(","), ord(":"), ord(" ")
OPEN, CLOSE, OPEN_ARRAY, CLOSE_ARRAY = ord("{"), ord("}"), ord("["), ord("]")
TAB, LINE_FEED, RETURN = ord("\t"), ord("\n"), ord("\r")
LONGEST_TEXT = 23  # bytes of a key, a symbol, a word that is known: they stand in three words
# FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/. The prime is 2⁴⁰ + 0x1B3.
BASIS_HIGH, BASIS_LOW, PRIME_LOW = np.uint64(0xCBF29CE4), np.uint64(0x84222325), np.uint64(0x1B3)
HALF, HALF_BITS, SIGN_LESS = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(0x7FFFFFFF)


@inlined
def byte(data: Any, at: int) -> int:
    """The byte at a place; zero beyond the data."""
    return integer(data[at]) if 0 <= at < len(data) else 0


@inlined
def equal(word: Any, pattern: Any) -> Any:
    """High bits of the bytes that are as in the pattern."""
    other = word ^ pattern
    return ~(((other & LOW) + LOW) | other) & HIGH


@inlined
def plain(word: Any) -> int:
    """How many bytes at a word's beginning are text that stands for itself: ASCII, no quote, no escape, no control."""
    control = ~((word & LOW) + TO_SPACE)
    return zeros((equal(word, QUOTES) | equal(word, BACKSLASHES) | control | word) & HIGH) >> 3


@inlined
def first(word: Any, count: int) -> Any:
    """The first `count` bytes of a word, fewer than eight; zeros behind them."""
    return word & ((ONE << np.uint64(8 * count)) - ONE)


@inlined
def cut(data: Any, at: int, count: int) -> tuple[Any, Any, Any]:
    """At most LONGEST_TEXT bytes in three words."""
    one = load(data, at)
    if count < 8:
        return first(one, count), NONE, NONE
    two = load(data, at + 8)
    if count < 16:
        return one, first(two, count - 8), NONE
    return one, two, first(load(data, at + 16), count - 16)


@inlined
def same(row: Any, one: Any, two: Any, three: Any) -> bool:
    """Whether the text of a row of a table is this one."""
    found: bool = row["one"] == one and row["two"] == two and row["three"] == three
    return found


@inlined
def until(data: Any, at: int, end: int, pattern: Any) -> int:
    """The next place of the byte that fills a pattern; `end` where there is none before."""
    while at < end:
        found = equal(load(data, at), pattern)
        if found != NONE:
            return min(at + (zeros(found) >> 3), end)
        at += 8
    return end


@inlined
def after_text(data: Any, at: int, end: int) -> int:
    """The place after a string; STOP where there is none or it is not plain."""
    if byte(data, at) != QUOTE:
        return STOP
    at += 1
    while at < end:
        count = plain(load(data, at))
        at += count
        if count < 8:
            return at + 1 if byte(data, at) == QUOTE else STOP
    return STOP


@inlined
def short(data: Any, at: int) -> tuple[int, Any, Any, Any]:
    """The place after a string, and the string in three words; STOP beyond LONGEST_TEXT bytes."""
    if byte(data, at) != QUOTE:
        return STOP, NONE, NONE, NONE
    at += 1
    count = plain(load(data, at))
    if count == 8:
        count += plain(load(data, at + 8))
        if count == 16:
            count += plain(load(data, at + 16))
    if count > LONGEST_TEXT or byte(data, at + count) != QUOTE:
        return STOP, NONE, NONE, NONE
    one, two, three = cut(data, at, count)
    return at + count + 1, one, two, three


@part
def hashed_text(data: Any, at: int, end: int) -> tuple[int, int]:
    """The place after a string, and its FNV-1a hash without the sign bit; in halves, so that none leaves 64 bits."""
    after = after_text(data, at, end)
    high, low = BASIS_HIGH, BASIS_LOW
    for place in range(at + 1, after - 1):
        low = low ^ np.uint64(data[place])
        product = low * PRIME_LOW
        high = (high * PRIME_LOW + (low << EIGHT) + (product >> HALF_BITS)) & HALF
        low = product & HALF
    return after, integer(((high & SIGN_LESS) << HALF_BITS) | low)


@part
def after_blanks(data: Any, at: int, end: int) -> int:
    """The next place that is not blank."""
    while at < end and byte(data, at) in (SPACE, TAB, LINE_FEED, RETURN):
        at += 1
    return at


@inlined
def blank(data: Any, at: int, end: int) -> int:
    """The next place that is not blank: mostly this one."""
    return after_blanks(data, at, end) if byte(data, at) <= SPACE else at


@part
def past_blanks(data: Any, at: int, end: int, sign: int) -> int:
    """As `past`, where there may be blanks."""
    at = after_blanks(data, at, end)
    return after_blanks(data, at + 1, end) if byte(data, at) == sign else STOP


@inlined
def past(data: Any, at: int, end: int, sign: int) -> int:
    """The place after a sign and the blanks around it; STOP where something else stands there.

    Mostly there are no blanks: one word shows the sign and what follows it, a tenth of the scan less than byte by byte.
    """
    word = load(data, at)
    if integer(word & LOWEST) == sign and integer((word >> EIGHT) & LOWEST) > SPACE:
        return at + 1
    return past_blanks(data, at, end, sign)


def packed(text: str) -> tuple[np.uint64, np.uint64, np.uint64]:
    """A key, a word or a symbol of at most LONGEST_TEXT bytes as three words.

    >>> packed("e")
    (np.uint64(101), np.uint64(0), np.uint64(0))
    """
    raw = text.encode("ascii")
    if len(raw) > LONGEST_TEXT:
        raise ValueError(f"{text!r} is longer than {LONGEST_TEXT} bytes")
    return load(raw, 0), load(raw, 8), load(raw, 16)
