"""What order would bring a position nearer to its target. An intention is no order yet: the gate has the next word.

The wanted size is the target's notional at the mid of the moment the target is first seen with a usable quote, in
whole lots towards zero; it then stands until the next target, so that a moving price alone never trades.

An order never crosses zero (first flat, then the other side) and is at most what the gate lets through; the rest
follows when it is done. Its limit price is `slippage_bps` beyond the touch, rounded to the tick
towards the touch. Smaller than `min_notional`: no order, unless it closes the position (venues let the last rest go).
"""

from dataclasses import dataclass, field
from math import ceil, floor, isfinite
from typing import NamedTuple

from market.messages import Quote, Side
from operators.execution.holding import steps, whole_lots
from operators.execution.pace import Schedule
from operators.risk.quotes import mid_price, notional


@dataclass(frozen=True)
class Manner:
    """How orders are made."""

    min_notional: float = 10.0  # quote currency
    slippage_bps: float = 10.0  # how far beyond the touch an order may fill
    retry_s: float = 1.0  # data time between two attempts at one target; doubles with every refusal
    max_retry_s: float = 64.0
    schedule: Schedule = field(default_factory=Schedule)  # how a target is spread over time

    def __post_init__(self) -> None:
        for name in ("min_notional", "slippage_bps", "retry_s", "max_retry_s"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} must be finite and at least 0, got {getattr(self, name)}")


class Step(NamedTuple):
    """What an order is about."""

    side: Side
    size: float  # 0: no order
    limit_price: float


def wanted_size(target_notional: float, quote: Quote) -> float:
    """Signed size, in whole lots, of a target at this quote; 0 for a target that is not finite.

    >>> btc = Quote(venue="v", instrument="i", time_ns=0, bid_price=99.0, bid_size=1.0, ask_price=101.0, ask_size=1.0,
    ...             valid=True, tick_size=1.0, lot_size=0.1)
    >>> wanted_size(-257.0, btc)
    -2.5
    """
    if not isfinite(target_notional):
        return 0.0
    return whole_lots(target_notional / notional(quote, 1.0, mid_price(quote)), quote.lot_size)


def limit_price(side: Side, quote: Quote, slippage_bps: float) -> float:
    """The worst price accepted, a multiple of the tick, never on our side of the touch."""
    if side == Side.BUY:
        ticks = floor(quote.ask_price * (1.0 + slippage_bps * 1e-4) / quote.tick_size + 1e-9)
        return max(steps(ticks, quote.tick_size), quote.ask_price)
    ticks = ceil(quote.bid_price * (1.0 - slippage_bps * 1e-4) / quote.tick_size - 1e-9)
    return min(max(steps(ticks, quote.tick_size), quote.tick_size), quote.bid_price)


def next_step(wanted: float, position: float, quote: Quote, manner: Manner, max_notional: float) -> Step:
    """The next order from a position towards what is wanted."""
    if position * wanted < 0:
        wanted = 0.0
    side = Side.BUY if wanted > position else Side.SELL
    price = limit_price(side, quote, manner.slippage_bps)
    dearest = max(price, mid_price(quote))
    most = max_notional / notional(quote, 1.0, dearest)
    size = whole_lots(min(abs(wanted - position), most), quote.lot_size)
    closes = wanted == 0.0 and size == abs(position)
    return Step(side, size if closes or notional(quote, size, price) >= manner.min_notional else 0.0, price)
