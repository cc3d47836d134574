"""Ids that are texts, as the 63-bit numbers that rows hold.

FNV-1a of 64 bits (Fowler, Noll, Vo, http://www.isthe.com/chongo/tech/comp/fnv/) without the highest. That an id has the
number of one of 8192 others happens once in 1e15 ids.
"""

BASIS, PRIME = 0xCBF29CE484222325, 0x100000001B3
BITS_64, BITS_63 = (1 << 64) - 1, (1 << 63) - 1


def number_of(text: str) -> int:
    """The number of an opaque id, never negative.

    >>> number_of("20f43950-d8dd-5b31-9112-a178eb6023af")
    1413946391715938856
    """
    found = BASIS
    for byte in text.encode():
        found = (found ^ byte) * PRIME & BITS_64
    return found & BITS_63
