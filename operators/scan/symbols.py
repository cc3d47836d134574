"""Symbols to instruments: an open hash table over the bytes of a symbol, with the tick size beside it.

A quarter full at most, so that a symbol is found where its hash says or close by, however many instruments there are.
Symbols that are not plain ASCII of at most LONGEST_TEXT bytes are not in it, nor are tick sizes beyond 64 bits: their
frames take the slow path.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.instrument import Instrument, InstrumentTable
from operators.scan.machine import inlined, integer, load
from operators.scan.numbers import MAX_DIGITS
from operators.scan.words import LONGEST_TEXT, STOP, same, short
from venues.decimals import MAX_TICKS

FEWEST_ROWS = 4
MISSING = -1
SYMBOL = np.dtype(
    [
        ("one", np.uint64),  # the symbol in three words
        ("two", np.uint64),
        ("three", np.uint64),
        ("instrument", np.int64),  # row in the instrument table; MISSING: nothing here
        ("numerator", np.int64),  # tick size = numerator / 10^decimals; numerator 0: not for the scanner
        ("decimals", np.int64),
    ]
)
FOLD, SCRAMBLE = np.uint64(32), np.uint64(0x9E3779B1)  # 2³² / golden ratio: Knuth, TAOCP 3, 6.4
LOWEST = np.uint64(0xFFFFFFFF)


@inlined
def home(one: Any, two: Any, three: Any, rows: int) -> int:
    """Where the search for a symbol begins."""
    mixed = one ^ (two << np.uint64(1)) ^ (three << np.uint64(2))
    scrambled = (((mixed ^ (mixed >> FOLD)) & LOWEST) * SCRAMBLE) & LOWEST
    row: int = integer((scrambled * np.uint64(rows)) >> FOLD)
    return row


@inlined
def find(symbols: Any, one: Any, two: Any, three: Any) -> int:
    """Row of a symbol in the hash table, MISSING where it is not there."""
    row = home(one, two, three, len(symbols))
    while symbols[row]["instrument"] != MISSING:
        if same(symbols[row], one, two, three):
            return row
        row = (row + 1) & (len(symbols) - 1)
    return MISSING


@inlined
def look_up(data: Any, at: int, symbols: Any) -> tuple[int, int]:
    """The place after a symbol in quotes, and its row in the hash table; STOP where it is not there."""
    after, one, two, three = short(data, at)
    if after == STOP:
        return STOP, MISSING
    row = find(symbols, one, two, three)
    return after if row != MISSING else STOP, row


def hashed(instruments: InstrumentTable) -> NDArray[np.void]:
    """The hash table of all instruments of a shard."""
    rows = max(FEWEST_ROWS, 1 << (4 * len(instruments) - 1).bit_length()) if len(instruments) else FEWEST_ROWS
    table = np.zeros(rows, SYMBOL)
    table["instrument"] = MISSING
    for number, instrument in enumerate(instruments.rows):
        raw = instrument.symbol.encode("utf-8", "surrogatepass")
        if len(raw) > LONGEST_TEXT or not all(0x20 <= code < 0x7F for code in raw):
            continue
        text = load(raw, 0), load(raw, 8), load(raw, 16)
        row = home(*text, rows)
        while table["instrument"][row] != MISSING:
            row = (row + 1) & (rows - 1)
        table[row] = *text, number, *step(instrument)
    return table


def step(instrument: Instrument) -> tuple[int, int]:
    """A tick size as numerator and decimals; numerator 0 where that does not fit."""
    _, digits, exponent = instrument.tick_size.normalize().as_tuple()
    numerator = int("".join(map(str, digits))) * 10 ** max(0, int(exponent))
    decimals = max(0, -int(exponent))
    return (numerator, decimals) if numerator <= MAX_TICKS and decimals <= MAX_DIGITS else (0, 0)


@dataclass
class Symbols:
    """The hash table of the instruments as they are now; made anew when they change, and not part of any state."""

    instruments: InstrumentTable | None = None
    rows: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, SYMBOL))

    def of(self, instruments: InstrumentTable) -> NDArray[np.void]:
        """The table; the same array until the instruments change."""
        if self.instruments is not instruments:
            self.instruments, self.rows = instruments, hashed(instruments)
        return self.rows

    def __reduce__(self) -> tuple[type["Symbols"], tuple[()]]:
        """Pickle nothing: it is only speed."""
        return Symbols, ()
