"""What the exchange lists: an instrument's opening price, its steps, and how the venue prints them."""

import math
from decimal import Decimal
from typing import NamedTuple
from zlib import crc32

MAKER_NOTIONAL = 4_000.0  # quote currency, median size of a quoted order
TAKER_NOTIONAL = 2_000.0  # median size of a taker's order


class Listing(NamedTuple):
    """One listed instrument."""

    symbol: str
    price: float  # at the opening, quote currency
    tick_size: str
    lot_size: str
    price_decimals: int  # as printed in frames; may be more than the tick needs
    size_decimals: int
    agitation: float = 1.0  # volatility relative to the table of regimes

    @property
    def tick_units(self) -> int:
        """One tick in units of the last printed decimal: 10 for a tick of 0.1 printed as 28145.10."""
        return int(Decimal(self.tick_size).scaleb(self.price_decimals))

    @property
    def lot_units(self) -> int:
        """One lot in units of the last printed decimal."""
        return int(Decimal(self.lot_size).scaleb(self.size_decimals))

    @property
    def opening_ticks(self) -> int:
        """The opening price in ticks."""
        return round(self.price / float(self.tick_size))

    def lots(self, notional: float) -> float:
        """How many lots a notional is at the opening price; at least 2, so that sizes vary."""
        return max(2.0, notional / self.price / float(self.lot_size))


KNOWN = {
    "BTCUSDT": Listing("BTCUSDT", 60_000.0, "0.1", "0.001", 2, 3),
    "ETHUSDT": Listing("ETHUSDT", 3_000.0, "0.01", "0.001", 2, 3, 1.2),
    "SOLUSDT": Listing("SOLUSDT", 150.0, "0.01", "0.01", 4, 2, 1.5),
}


def listing(symbol: str) -> Listing:
    """The listing of a symbol; an unknown one is invented from its name, always the same.

    Raises ValueError unless the symbol is upper-case letters, digits and underscores ending in a quote currency.

    >>> listing("BTCUSDT").tick_size, listing("DOGEUSDT") == listing("DOGEUSDT")
    ('0.1', True)
    """
    if not symbol.replace("_", "").isalnum() or symbol != symbol.upper() or not symbol.isascii():
        raise ValueError(f"{symbol!r} is not a symbol: use upper-case letters and digits, such as BTCUSDT")
    return KNOWN.get(symbol) or _invented(symbol)


def _invented(symbol: str) -> Listing:
    share = crc32(symbol.encode()) / 2**32
    price = float(f"{10.0 ** (3.5 * share - 1.0):.3g}")
    tick_decimals = 4 - math.floor(math.log10(price))  # so that a price is 10 000 to 100 000 ticks
    size_decimals = max(0, 2 - math.floor(math.log10(MAKER_NOTIONAL / price)))
    return Listing(
        symbol,
        price,
        _step(tick_decimals),
        _step(size_decimals),
        tick_decimals,
        size_decimals,
        agitation=1.0 + share,
    )


def _step(decimals: int) -> str:
    return f"{10.0**-decimals:.{decimals}f}"
