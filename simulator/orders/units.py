"""Prices, sizes and money as whole numbers, and how the venue prints and reads them."""

import re
from typing import NamedTuple

from simulator.listing import Listing
from simulator.orders.rules import MONEY, MONEY_DECIMALS

DECIMAL = re.compile(r"\d{1,12}(?:\.\d{1,12})?")


class Units(NamedTuple):
    """What a tick and a lot of an instrument are."""

    symbol: str
    base_ticks: int  # price of the ladder's level 0
    tick: int  # in units of the last printed decimal of a price
    price_decimals: int
    lot: int  # … of a size
    size_decimals: int
    worth: int  # units of money in one tick × one lot

    def price(self, ticks: int) -> str:
        """As the venue prints it."""
        return text(ticks * self.tick, self.price_decimals)

    def size(self, lots: int) -> str:
        """As the venue prints it."""
        return text(lots * self.lot, self.size_decimals)

    def average(self, value: int, lots: int) -> str:
        """The average price of lots that cost `value` ticks × lots."""
        return text(_rounded(value * self.tick * 10 ** (MONEY_DECIMALS - self.price_decimals), lots), MONEY_DECIMALS)

    def entry_price(self, cost: int, lots: int) -> str:
        """The average price of lots that cost so many units of money, both signed."""
        return text(_rounded(cost * 10**self.size_decimals, lots * self.lot), MONEY_DECIMALS)


def units(row: Listing, base_ticks: int) -> Units:
    """Raises ValueError where a tick of a lot is worth no whole unit of money."""
    spare = MONEY_DECIMALS - row.price_decimals - row.size_decimals
    if spare < 0:
        raise ValueError(f"one tick of one lot of {row.symbol} is no whole 1/{MONEY} of the quote currency")
    worth = row.tick_units * row.lot_units * 10**spare
    return Units(
        row.symbol, base_ticks, row.tick_units, row.price_decimals, row.lot_units, row.size_decimals, worth
    )  # fmt: skip


def _rounded(number: int, by: int) -> int:
    return (2 * number + by) // (2 * by) if by else 0


def text(value: int, decimals: int) -> str:
    """A whole number of the last decimal, printed.

    >>> text(-1234, 3), text(5, 0)
    ('-1.234', '5')
    """
    if decimals == 0:
        return str(value)
    whole, rest = divmod(abs(value), 10**decimals)
    return f"{'-' if value < 0 else ''}{whole}.{rest:0{decimals}d}"


def money(value: int) -> str:
    """Units of money, printed."""
    return text(value, MONEY_DECIMALS)


def parsed(word: str, decimals: int) -> int | None:
    """A decimal text in units of the last printed decimal; None where it is finer than that; ValueError for others.

    >>> parsed("1.50", 1), parsed("1.55", 1)
    (15, None)
    """
    if DECIMAL.fullmatch(word) is None:
        raise ValueError(f"{word[:40]!r} is no decimal number")
    whole, _, rest = word.partition(".")
    kept, beyond = rest[:decimals], rest[decimals:]
    return None if beyond.strip("0") else int(whole + kept.ljust(decimals, "0"))
