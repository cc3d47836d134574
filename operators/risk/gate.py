"""The gate: an order goes in, an Approved or a Refused comes out. The only place where Approved orders are made.

Every check measures one number and passes where it is at most its limit. NaN is never at most anything, so whatever
is missing or not finite refuses. Checks run in the order of CHECKS and the first that fails gives the reason.
Measured values travel with the verdict; one that is not finite is left out, its name is the reason.

An order that only reduces (against the position, together with what is already working on its side at most down to 0)
adds nothing to position and gross: it passes them however large they have grown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, nan
from typing import NamedTuple

from market.clock import SECOND_NS
from market.messages import Approved, Order, Quote, Refused, Side
from operators.risk.quotes import mid_price, notional, usable
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

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be finite and above 0, got {getattr(self, name)}")


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


class Check(NamedTuple):
    """One question to an order."""

    name: str
    measure: Callable[[Order, Standing], float]
    limit: str | None  # name in Limits; None: the measure must be 0


def assess(order: Order, standing: Standing, limits: Limits) -> Approved | Refused:
    """The verdict on an order."""
    measured: dict[str, float] = {}
    for check in CHECKS:
        value = check.measure(order, standing)
        if isfinite(value):
            measured[check.name] = value
        if not value <= (getattr(limits, check.limit) if check.limit else 0.0):
            return Refused(
                venue=order.venue, instrument=order.instrument, time_ns=standing.time_ns, order=order,
                reason=check.name, checks=measured,
            )  # fmt: skip
    return Approved(
        venue=order.venue, instrument=order.instrument, time_ns=standing.time_ns, order=order, checks=measured
    )


def reduces(order: Order, standing: Standing) -> bool:
    """Whether the order can only bring the position nearer to 0."""
    if order.side == Side.BUY:
        return standing.working_buy + order.size <= -standing.position
    return standing.working_sell + order.size <= standing.position


def _malformed(order: Order, _: Standing) -> float:
    sound = isfinite(order.size) and isfinite(order.limit_price) and order.size > 0 and order.limit_price > 0
    return 0.0 if sound and order.side in (Side.BUY, Side.SELL) and order.client_order_id else 1.0


def _switched_off(order: Order, standing: Standing) -> float:
    if standing.state is SwitchState.REDUCING:
        return 0.0 if reduces(order, standing) else 1.0
    return 0.0 if standing.state is SwitchState.ACTIVE else 1.0


def _equity_missing(order: Order, standing: Standing) -> float:
    if not isfinite(standing.equity):
        return 1.0
    return 0.0 if standing.equity > 0 or reduces(order, standing) else 1.0


def _quote_invalid(order: Order, standing: Standing) -> float:
    quote = standing.quote
    named = quote is not None and (quote.venue, quote.instrument) == (order.venue, order.instrument)
    return 0.0 if named and usable(quote) else 1.0


def _quote_age_s(_: Order, standing: Standing) -> float:
    age_ns = standing.time_ns - _quote(standing).time_ns
    return age_ns / SECOND_NS if age_ns >= 0 else nan


def _price_band_bps(order: Order, standing: Standing) -> float:
    return abs(order.limit_price / mid_price(_quote(standing)) - 1.0) * 1e4


def _order_notional(order: Order, standing: Standing) -> float:
    return notional(_quote(standing), order.size, _dearest(order, standing))


def _position_notional(order: Order, standing: Standing) -> float:
    if reduces(order, standing):
        return 0.0
    working = standing.working_buy if order.side == Side.BUY else standing.working_sell
    after = abs(standing.position + order.side * (working + order.size))
    return notional(_quote(standing), max(after, abs(standing.position)), _dearest(order, standing))


def _gross_notional(order: Order, standing: Standing) -> float:
    if reduces(order, standing):
        return 0.0
    return standing.other_gross + _position_notional(order, standing)


def _dearest(order: Order, standing: Standing) -> float:
    """The highest price at which the order counts: its limit or the mid."""
    return max(order.limit_price, mid_price(_quote(standing)))


def _quote(standing: Standing) -> Quote:
    """The quote, which an earlier check has made sure of."""
    assert standing.quote is not None
    return standing.quote


CHECKS = (
    Check("malformed", _malformed, None),
    Check("kill_switch", _switched_off, None),
    Check("equity_missing", _equity_missing, None),
    Check("quote_invalid", _quote_invalid, None),
    Check("quote_age_s", _quote_age_s, "max_quote_age_s"),
    Check("price_band_bps", _price_band_bps, "price_band_bps"),
    Check("order_notional", _order_notional, "max_order_notional"),
    Check("position_notional", _position_notional, "max_position_notional"),
    Check("gross_notional", _gross_notional, "max_gross_notional"),
)
