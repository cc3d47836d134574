"""What the gate judges by: the fixed limits of an account, and how the account stands when an order is made."""

from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from market.messages import Quote
from operators.risk.switch import SwitchState


@dataclass(frozen=True)
class Limits:
    """What the gate lets through; money in quote currency."""

    max_order_notional: float = 25_000.0
    max_position_notional: float = 30_000.0  # per instrument, working orders included
    max_gross_notional: float = 100_000.0  # all instruments, working orders included
    price_band_bps: float = 50.0  # distance of the limit price from the mid
    max_quote_age_s: float = 5.0  # data time
    max_drawdown: float = 0.05  # share of peak equity (operators/risk/switch.py)
    max_order_age_s: float = 5.0  # data time since the order was intended
    max_depth_share: float = 0.25  # of the notional displayed (Depth) on the side it takes, working orders included
    max_typical_multiple: float = 10.0  # of the typical order's notional
    max_orders_per_s: float = 50.0  # orders within one second of data time, this one included
    max_leverage: float = 2.0  # gross over equity, working orders included
    max_var_share: float = 0.05  # value at risk after the order, share of equity
    max_risk_age_s: float = 900.0  # data time since the risk of the book was measured
    max_daily_loss: float = 0.03  # share of the equity at the day's beginning

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be finite and above 0, got {getattr(self, name)}")


class Depth(NamedTuple):
    """Notional displayed, quote currency; trading is told that of the best prices alone."""

    time_ns: int  # data time of the book
    bid_notional: float
    ask_notional: float


class BookRisk(NamedTuple):
    """The book's variance and how one instrument would change it; of returns over the horizon of the VaR limit.

    The book: what is held, and of what works elsewhere that which makes it worse.
    """

    time_ns: int  # data time it was measured
    variance: float  # of the book's profit, quote currency squared
    covariance: float  # of that profit with the instrument's return, quote currency
    own_variance: float  # of the instrument's return
    multiple: float  # value at risk per standard deviation, of the most careful method


class Standing(NamedTuple):
    """What the gate must know of the account when it judges an order."""

    time_ns: int  # data time of the decision
    state: SwitchState
    equity: float  # quote currency
    quote: Quote | None  # newest of the order's instrument
    position: float  # signed size held of it
    working_buy: float  # size still open on each side
    working_sell: float
    other_gross: float  # absolute notional of all other instruments, their working orders included
    link_up: bool = True  # orders can be sent and are heard of (market.messages.Link)
    halted: bool = False  # the venue has halted the instrument, or a halt of the house stands
    recent_orders: int = 0  # orders of the second of data time before this one (operators/risk/order_rate.py)
    day_loss: float = 0.0  # share of the equity at the day's beginning; negative: a gain
    cash: float | None = None  # quote currency that may be spent; None: margin account, leverage alone counts
    typical_notional: float | None = None  # of the account's orders in the instrument; None: too few yet
    own_bid: float | None = None  # highest price of own orders that buy; None: there are none
    own_ask: float | None = None  # lowest price of own orders that sell
    depth: Depth | None = None  # None: no depth feed
    risk: BookRisk | None = None  # None: no returns to measure it by yet
