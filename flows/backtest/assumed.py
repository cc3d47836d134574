"""Quotes where only bars exist: what a backtest on bars assumes, said in numbers. Nothing is free.

A bar that closed gives two quotes, both around prices that had been traded by then:
- at its close, around its close: what decisions are made on;
- `latency` after the next bar opened, around that bar's open: what fills the orders. An order that is not done by it
  expires, so one bar fills no more than what this quote displays.
Spread: the larger of `spread_bps` of the price and `spread_of_range` × range, the mean of (high − low) of the bars that
closed, halving every HALF_LIFE_BARS; at least one tick.
Displayed on each side: `depth_share` of the mean volume of the bars that closed (the same mean); where the file tells
no volume, `depth_notional` in quote currency. What an order pays beyond the touch is the paper venue's impact.
Not modelled: what happens within a bar (the kill switch sees its close, not its low), queues, other traders' answers.
"""

from dataclasses import dataclass
from math import ceil, floor, isfinite

import numpy as np
from numpy.typing import NDArray

from market.messages import Quote
from operators.execution.holding import whole_lots

HALF_LIFE_BARS = 20.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Assumed:
    """The model of quotes around bars."""

    spread_bps: float = 2.0  # least quoted spread
    spread_of_range: float = 0.05  # of the mean range of bars
    depth_share: float = 0.01  # of the mean volume of a bar, displayed on each side
    depth_notional: float = 50_000.0  # displayed on each side where volume is not known, quote currency

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be."""
        for name in ("spread_bps", "spread_of_range"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} must be finite and at least 0, got {getattr(self, name)}")
        if not 0 < self.depth_share <= 1:
            raise ValueError(f"depth_share must be above 0 and at most 1, got {self.depth_share}")
        if not (isfinite(self.depth_notional) and self.depth_notional > 0):
            raise ValueError(f"depth_notional must be finite and above 0, got {self.depth_notional}")

    def __str__(self) -> str:
        return (
            f"a spread of at least {self.spread_bps:g} bps and {self.spread_of_range:.0%} of a bar's mean range;"
            f" {self.depth_share:.1%} of its mean volume displayed, or {self.depth_notional:,.0f} where none is told"
        )


@dataclass(frozen=True)
class Steps:
    """What is fixed of an instrument, whatever its bars are."""

    venue: str
    instrument: str
    tick_size: float
    lot_size: float
    contract_size: float = 1.0
    inverse: bool = False


def faded(values: Floats) -> Floats:
    """Mean of each value and all before it, halving every HALF_LIFE_BARS; those that are no numbers are left out.

    >>> faded(np.array([2.0, np.nan, 2.0])).tolist()
    [2.0, 2.0, 2.0]
    """
    keep = 0.5 ** (1.0 / HALF_LIFE_BARS)
    total = weight = 0.0
    out = np.full(len(values), np.nan)
    for row, value in enumerate(values.tolist()):
        total, weight = total * keep, weight * keep
        if isfinite(value):
            total, weight = total + value, weight + 1.0
        if weight > 0.0:
            out[row] = total / weight
    return out


def quote(
    steps: Steps, assumed: Assumed, *, time_ns: int, price: float, mean_range: float, mean_volume: float
) -> Quote:
    """The quote around a price. mean_volume: in the instrument's sizes; NaN where it is not known.

    >>> steps = Steps("binance-usdm", "BTCUSDT", 0.5, 0.001)
    >>> made = quote(steps, Assumed(), time_ns=1, price=20_000.0, mean_range=40.0, mean_volume=50.0)
    >>> made.bid_price, made.ask_price, made.bid_size
    (19998.0, 20002.0, 0.5)
    """
    spread = max(price * assumed.spread_bps * 1e-4, mean_range * assumed.spread_of_range, steps.tick_size)
    bid = max(floor((price - spread / 2.0) / steps.tick_size + 1e-9), 1)
    ask = max(ceil((price + spread / 2.0) / steps.tick_size - 1e-9), bid + 1)
    worth = steps.contract_size if steps.inverse else steps.contract_size * price
    shown = assumed.depth_share * mean_volume if isfinite(mean_volume) else assumed.depth_notional / worth
    size = whole_lots(shown, steps.lot_size)
    return Quote(
        venue=steps.venue,
        instrument=steps.instrument,
        time_ns=time_ns,
        bid_price=round(bid * steps.tick_size, 12),
        bid_size=size,
        ask_price=round(ask * steps.tick_size, 12),
        ask_size=size,
        valid=True,
        tick_size=steps.tick_size,
        lot_size=steps.lot_size,
        contract_size=steps.contract_size,
        inverse=steps.inverse,
    )
