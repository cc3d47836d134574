"""Instruments: what is traded, in which steps of price and size, under which integer id."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple


class Instrument(NamedTuple):
    """One tradable thing on one venue."""

    venue: str
    symbol: str  # as the venue spells it, upper case: BTCUSDT
    tick_size: Decimal  # smallest price step, quote currency
    lot_size: Decimal  # smallest size step, base currency or contracts
    contract_size: Decimal = Decimal(1)  # base units per 1 of size; quote units for inverse contracts
    inverse: bool = False  # coin-margined: notional is size × contract_size, in quote currency
    price_decimals: int = -1  # of price texts on the wire, where a checksum depends on them; −1: as the tick size has
    size_decimals: int = -1  # the same of sizes; −1: as the lot size has


@dataclass(frozen=True)
class InstrumentTable:
    """The instruments of one shard; the id of an instrument is its row number and never changes.

    Frozen: `define` returns the next table, so a batch may keep the table it was decoded with.

    >>> table = InstrumentTable().define(Instrument("binance-usdm", "BTCUSDT", Decimal("0.1"), Decimal("0.001")))
    >>> table.id_of("BTCUSDT"), table[0].symbol
    (0, 'BTCUSDT')
    """

    rows: tuple[Instrument, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, instrument: int) -> Instrument:
        return self.rows[instrument]

    def __reduce__(self) -> tuple[type["InstrumentTable"], tuple[tuple[Instrument, ...]]]:
        """Pickle the rows alone: the rest is worked out of them."""
        return InstrumentTable, (self.rows,)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The symbols by id."""
        return tuple(row.symbol for row in self.rows)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {symbol: number for number, symbol in enumerate(self.symbols)}

    def id_of(self, symbol: str) -> int:
        """Row number of a symbol, −1 where it is not defined."""
        return self._ids.get(symbol, -1)

    def define(self, instrument: Instrument) -> "InstrumentTable":
        """The table with this instrument added, or its row replaced under the same id."""
        number = self.id_of(instrument.symbol)
        if number < 0:
            return InstrumentTable((*self.rows, instrument))
        return InstrumentTable((*self.rows[:number], instrument, *self.rows[number + 1 :]))


def tick_ratio(tick_size: Decimal) -> tuple[int, int]:
    """A step as numerator and power-of-ten denominator, so that `ticks * numerator / denominator` rounds once.

    >>> tick_ratio(Decimal("0.05")), tick_ratio(Decimal("10"))
    ((5, 100), (10, 1))
    """
    exponent = int(tick_size.normalize().as_tuple().exponent)
    if exponent >= 0:
        return int(tick_size), 1
    return int(tick_size.scaleb(-exponent)), int(10**-exponent)
