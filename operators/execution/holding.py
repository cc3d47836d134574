"""What is held of one instrument, and the profit on it. Pure arithmetic, right for linear and inverse contracts.

Linear: profit = size × contract_size × (price − average). The average is weighted by size.
Inverse (coin-margined): profit in coin = size × contract_size × (1 / average − 1 / price), so the average is harmonic.
It is told in quote currency at the price of the moment, size × contract_size × (price / average − 1): the coin is taken
to be changed at once, what the balance does as a coin holding is not in it.

A fill beyond zero closes what was held at its average and opens the rest at its own price.
"""

from decimal import Decimal
from functools import lru_cache
from math import copysign, isfinite
from typing import NamedTuple

from market.messages import Side


class Contract(NamedTuple):
    """What a size means, from the instrument."""

    lot_size: float
    contract_size: float = 1.0
    inverse: bool = False


class Holding(NamedTuple):
    """A position; money in quote currency."""

    size: float = 0.0  # signed
    average_price: float = 0.0  # 0 while nothing is held
    realised: float = 0.0  # before fees
    fees: float = 0.0


def filled(holding: Holding, contract: Contract, side: Side, price: float, size: float, fee: float) -> Holding:
    """The holding after a fill of a positive size.

    >>> held = filled(Holding(), Contract(0.1), Side.BUY, 100.0, 2.0, 0.5)
    >>> filled(held, Contract(0.1), Side.SELL, 110.0, 3.0, 0.5)
    Holding(size=-1.0, average_price=110.0, realised=20.0, fees=1.0)
    """
    before = holding.size
    after = snapped(before + side * size, contract.lot_size)
    fees = holding.fees + fee
    if before * side >= 0:
        return Holding(after, _average(holding, contract, price, size), holding.realised, fees)
    closed = copysign(min(size, abs(before)), before)
    realised = holding.realised + profit(contract, closed, holding.average_price, price)
    if after == 0.0:
        return Holding(0.0, 0.0, realised, fees)
    return Holding(after, price if after * before < 0 else holding.average_price, realised, fees)


def profit(contract: Contract, size: float, average_price: float, price: float) -> float:
    """What a signed size bought at an average is ahead at a price, quote currency."""
    if size == 0.0:
        return 0.0
    if contract.inverse:
        return size * contract.contract_size * (price / average_price - 1.0)
    return size * contract.contract_size * (price - average_price)


def _average(holding: Holding, contract: Contract, price: float, size: float) -> float:
    """Average price after adding to a position on its own side."""
    held = abs(holding.size)
    if held == 0.0:
        return price
    if contract.inverse:
        return (held + size) / (held / holding.average_price + size / price)
    return (held * holding.average_price + size * price) / (held + size)


def snapped(size: float, lot_size: float) -> float:
    """A size without the dust of floating point; one that is not whole lots (the venue changed them) stays what it is.

    >>> snapped(0.1 + 0.2 - 0.3, 0.1), snapped(0.25, 0.1)
    (0.0, 0.25)
    """
    whole = steps(round(size / lot_size), lot_size)
    return (whole if abs(size - whole) <= 1e-6 * lot_size else round(size, 12)) + 0.0


def whole_lots(size: float, lot_size: float) -> float:
    """A size rounded to lots towards zero; within a billionth of a whole lot counts as whole, beyond all floats as 0.

    >>> whole_lots(0.3, 0.1), whole_lots(-0.29, 0.1), whole_lots(0.05, 0.1)
    (0.3, -0.2, 0.0)
    """
    lots = size / lot_size
    return steps(int(lots + copysign(1e-9, size)), lot_size) if isfinite(lots) else 0.0


def steps(count: int, step: float) -> float:
    """So many ticks or lots as the float whose shortest decimal is their exact product: venues refuse dust in a price.

    >>> 600_237 * 0.1, steps(600_237, 0.1)
    (60023.700000000004, 60023.7)
    """
    return float(_decimal(step) * count) + 0.0


@lru_cache(maxsize=4096)
def _decimal(step: float) -> Decimal:
    return Decimal(repr(step))
