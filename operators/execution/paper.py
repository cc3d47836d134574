"""The paper venue: what happens to a working order when the next quote comes. A function of data alone, no luck.

- An order or a cancellation reaches the venue `latency_ms` of data time after it was sent; the first quote at or
  after that moment decides. An order never meets the quote it was made from.
- A buy fills at the ask, a sell at the bid, if the touch is within its limit price and the quote is usable.
- Conservative: at most the displayed size. What was taken from a level stays taken until its price or displayed size
  changes, so a standing quote cannot be consumed twice. The rest of the order keeps working.
- A cancellation that has arrived wins over a fill by the same quote. After `time_in_force_s` the order expires.
- `impact`: a fill is worse than the touch by impact × spread × √(size / displayed size), never worse than the limit
  price: the square-root law, with the spread in place of the volatility and the displayed size in place of the volume.
- Not modelled: what our impact leaves behind, queues (orders only take), outages. The order of a silent instrument
  waits.
"""

from dataclasses import dataclass, field
from math import isfinite, sqrt
from typing import NamedTuple

from msgspec.structs import replace

from market.clock import MILLISECOND_NS, SECOND_NS
from market.fees import Fees
from market.messages import Fill, OrderState, Quote, Side
from operators.execution.holding import snapped, whole_lots
from operators.execution.orders import WorkingOrder, moved
from operators.risk.quotes import notional, usable


@dataclass(frozen=True)
class Venue:
    """Terms of the paper venue."""

    fees: Fees = field(default_factory=Fees)
    latency_ms: float = 50.0  # data time
    time_in_force_s: float = 10.0  # data time
    impact: float = 0.0  # of a fill as large as the displayed size, in spreads

    def __post_init__(self) -> None:
        for name in ("latency_ms", "time_in_force_s", "impact"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} must be finite and at least 0, got {getattr(self, name)}")


class Level(NamedTuple):
    """A best price as we last took from it."""

    price: float = 0.0
    size: float = 0.0  # displayed
    taken: float = 0.0


class Outcome(NamedTuple):
    """What a quote did to an order."""

    working: WorkingOrder
    states: tuple[OrderState, ...]  # entered, in order
    fill: Fill | None
    level: Level


def settle(working: WorkingOrder, quote: Quote, level: Level, venue: Venue) -> Outcome:
    """The order after a quote of its instrument; `level` is the touch as it was last taken from on the order's side."""
    latency_ns = round(venue.latency_ms * MILLISECOND_NS)
    if quote.time_ns < working.submitted_ns + latency_ns:
        return Outcome(working, (), None, level)
    states: tuple[OrderState, ...] = ()
    if working.state is OrderState.SUBMITTED:
        working, states = moved(working, OrderState.ACCEPTED), (OrderState.ACCEPTED,)
    end = _end(working, quote.time_ns, latency_ns, venue)
    if end is not None:
        return Outcome(moved(working, end), (*states, end), None, level)
    level = _current(level, working.order.side, quote)
    size = _available(working, quote, level)
    if size <= 0:
        return Outcome(working, states, None, level)
    fill = _fill(working, quote, _price(working, quote, level, size, venue), size, venue)
    total = snapped(working.filled + size, quote.lot_size)
    entered = OrderState.FILLED if total >= working.order.size else OrderState.PARTIALLY_FILLED
    working = replace(moved(working, entered), filled=total, fills=working.fills + 1)
    return Outcome(working, (*states, entered), fill, level._replace(taken=level.taken + size))


def _end(working: WorkingOrder, time_ns: int, latency_ns: int, venue: Venue) -> OrderState | None:
    """The end that has come for an order without a fill."""
    if working.cancel_ns is not None and time_ns >= working.cancel_ns + latency_ns:
        return OrderState.CANCELLED
    expired = time_ns >= working.submitted_ns + latency_ns + round(venue.time_in_force_s * SECOND_NS)
    return OrderState.EXPIRED if expired else None


def _current(level: Level, side: Side, quote: Quote) -> Level:
    """The level an order of this side meets; fresh unless it stands as it was."""
    price, size = (quote.ask_price, quote.ask_size) if side == Side.BUY else (quote.bid_price, quote.bid_size)
    return level if (level.price, level.size) == (price, size) else Level(price, size)


def _available(working: WorkingOrder, quote: Quote, level: Level) -> float:
    """Size that fills now, in whole lots."""
    beyond = working.order.side * (level.price - working.order.limit_price) > 0
    if not usable(quote) or beyond:
        return 0.0
    return whole_lots(min(working.order.size - working.filled, level.size - level.taken), quote.lot_size)


def _price(working: WorkingOrder, quote: Quote, level: Level, size: float, venue: Venue) -> float:
    """What a size pays, quote currency."""
    if venue.impact == 0.0:
        return level.price
    order = working.order
    worse = venue.impact * (quote.ask_price - quote.bid_price) * sqrt(size / level.size)
    price = round(level.price + order.side * worse, 12)
    return order.side * min(order.side * price, order.side * order.limit_price)


def _fill(working: WorkingOrder, quote: Quote, price: float, size: float, venue: Venue) -> Fill:
    order = working.order
    return Fill(
        venue=order.venue,
        instrument=order.instrument,
        time_ns=quote.time_ns,
        fill_id=f"{order.client_order_id}-{working.fills + 1}",
        client_order_id=order.client_order_id,
        side=order.side,
        price=price,
        size=size,
        fee=notional(quote, size, price) * venue.fees.at(quote.venue) * 1e-4,
    )
