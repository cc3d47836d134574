"""Bytes eight at a time: a word is the eight bytes from a place on, the first of them lowest.

What is asked of bytes (is it a digit, a quote?) is asked of all eight at once, without a branch, and answered in the
high bit of each. No sum here carries from one byte to the next and none leaves 64 bits, so the same lines run compiled
and interpreted. Every part that takes a place gives STOP for STOP.
Mycroft (1987), comp.arch: zero bytes of a word. Lemire and Langdale (2019), "Parsing gigabytes of JSON per second".
"""

from typing import Any

import numpy as np

from operators.scan.machine import inlined, integer, load, zeros


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
TAB, LINE_FEED, RETURN = ord("\t"), ord("\n"), ord("\r")
LONGEST_WORD = 15  # bytes of a key, and of the word that tells what a message is


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
def cut(data: Any, at: int, count: int) -> tuple[Any, Any]:
    """At most LONGEST_WORD bytes in two words."""
    low = load(data, at)
    return (first(low, count), NONE) if count < 8 else (low, first(load(data, at + 8), count - 8))


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
def short(data: Any, at: int) -> tuple[int, Any, Any]:
    """The place after a string, and the string in two words; STOP beyond LONGEST_WORD bytes."""
    if byte(data, at) != QUOTE:
        return STOP, NONE, NONE
    at += 1
    count = plain(load(data, at))
    if count == 8:
        count += plain(load(data, at + 8))
    if count > LONGEST_WORD or byte(data, at + count) != QUOTE:
        return STOP, NONE, NONE
    low, high = cut(data, at, count)
    return at + count + 1, low, high


@inlined
def blank(data: Any, at: int, end: int) -> int:
    """The next place that is not blank."""
    while at < end and byte(data, at) <= SPACE and byte(data, at) in (SPACE, TAB, LINE_FEED, RETURN):
        at += 1
    return at


@inlined
def past(data: Any, at: int, end: int, sign: int) -> int:
    """The place after a sign and the blanks around it; STOP where something else stands there.

    Mostly there are no blanks: one word shows the sign and what follows it, a tenth of the scan less than byte by byte.
    """
    word = load(data, at)
    if integer(word & LOWEST) == sign and integer((word >> EIGHT) & LOWEST) > SPACE:
        return at + 1
    at = blank(data, at, end)
    return blank(data, at + 1, end) if byte(data, at) == sign else STOP


def packed(text: str) -> tuple[np.uint64, np.uint64]:
    """A key or word of at most LONGEST_WORD bytes as two words.

    >>> packed("e")
    (np.uint64(101), np.uint64(0))
    """
    raw = text.encode("ascii")
    if len(raw) > LONGEST_WORD:
        raise ValueError(f"{text!r} is longer than {LONGEST_WORD} bytes")
    return load(raw, 0), load(raw, 8)
