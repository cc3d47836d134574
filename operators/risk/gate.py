"""The gate: an order goes in, an Approved or a Refused comes out. The only place where Approved orders are made.

Every check measures one number and passes where it is at most its limit. NaN is never at most anything, so whatever
is missing or not finite refuses. Checks run in the order of CHECKS and the first that fails gives the reason.
Measured values travel with the verdict; one that is not finite is left out, its name is the reason.

An order that only reduces (against the position, together with what is already working on its side at most down to 0)
adds nothing to position, gross, leverage, cash or VaR: it passes them however large they have grown, and passes a day's
loss and a negative equity. What it rests on must be sound and fresh all the same.

Sizes are judged by measures that never fall as the order grows, so a larger order never passes where a smaller one is
refused for its size. What works on its side counts with it: in position, gross, depth, cash and VaR. The VaR after an
order is the larger of before and after: it holds for any partial fill too, because the variance is convex in what is
filled; what works in other instruments is in the book already where that makes it worse (look.py).

What a `Standing` leaves out (None) is not carried by the account: no depth feed, no own cash limit. What it carries
and is NaN, infinite, negative or old refuses. Where there is an outside venue the link must be told.
"""

from collections.abc import Callable
from math import isfinite, nan, sqrt
from typing import NamedTuple

from market.clock import SECOND_NS
from market.messages import Approved, Order, Quote, Refused, Side
from operators.risk.quotes import mid_price, notional, usable
from operators.risk.standing import BookRisk, Depth, Limits, Standing
from operators.risk.switch import SwitchState

__all__ = ["CHECKS", "BookRisk", "Check", "Depth", "Limits", "Standing", "assess", "reduces"]


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


def _halted(_: Order, standing: Standing) -> float:
    return 0.0 if standing.halted is False else 1.0


def _link_down(_: Order, standing: Standing) -> float:
    return 0.0 if standing.link_up is True else 1.0


def _equity_missing(order: Order, standing: Standing) -> float:
    if not isfinite(standing.equity):
        return 1.0
    return 0.0 if standing.equity > 0 or reduces(order, standing) else 1.0


def _quote_invalid(order: Order, standing: Standing) -> float:
    quote = standing.quote
    named = quote is not None and (quote.venue, quote.instrument) == (order.venue, order.instrument)
    return 0.0 if named and usable(quote) else 1.0


def _quote_age_s(_: Order, standing: Standing) -> float:
    return _age_s(_quote(standing).time_ns, standing)


def _order_age_s(order: Order, standing: Standing) -> float:
    return _age_s(order.time_ns, standing)


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


def _standing_invalid(_: Order, standing: Standing) -> float:
    """Whatever the measures before this one may have passed over, as an order that reduces does."""
    amounts = (standing.working_buy, standing.working_sell, standing.other_gross)
    return 0.0 if isfinite(standing.position) and all(isfinite(one) and one >= 0 for one in amounts) else 1.0


def _orders_per_s(_: Order, standing: Standing) -> float:
    return standing.recent_orders + 1.0 if standing.recent_orders >= 0 else nan


def _self_crossing(order: Order, standing: Standing) -> float:
    if order.side == Side.BUY:
        return 0.0 if standing.own_ask is None or order.limit_price < standing.own_ask else 1.0
    return 0.0 if standing.own_bid is None or order.limit_price > standing.own_bid else 1.0


def _typical_multiple(order: Order, standing: Standing) -> float:
    if standing.typical_notional is None:
        return 0.0
    return _ratio(_order_notional(order, standing), standing.typical_notional, reduces(order, standing))


def _depth_share(order: Order, standing: Standing) -> float:
    depth = standing.depth
    if depth is None:
        return 0.0
    displayed = depth.ask_notional if order.side == Side.BUY else depth.bid_notional
    return _ratio(_added_notional(order, standing), displayed, reduces(order, standing))


def _depth_age_s(_: Order, standing: Standing) -> float:
    return 0.0 if standing.depth is None else _age_s(standing.depth.time_ns, standing)


def _cash_short(order: Order, standing: Standing) -> float:
    """Quote currency that is missing to pay for the order and what works beside it; a short is paid for in full."""
    if standing.cash is None:
        return 0.0
    if not (isfinite(standing.cash) and standing.cash >= 0):
        return 0.0 if isfinite(standing.cash) and reduces(order, standing) else nan
    return 0.0 if reduces(order, standing) else max(_added_notional(order, standing) - standing.cash, 0.0)


def _leverage(order: Order, standing: Standing) -> float:
    return _ratio(_gross_notional(order, standing), standing.equity, reduces(order, standing))


def _risk_age_s(_: Order, standing: Standing) -> float:
    return 0.0 if standing.risk is None else _age_s(standing.risk.time_ns, standing)


def _var_share(order: Order, standing: Standing) -> float:
    risk = standing.risk
    if risk is None:
        return 0.0
    amounts = (risk.variance, risk.own_variance, risk.multiple)
    if not (isfinite(risk.covariance) and all(isfinite(one) and one >= 0 for one in amounts) and risk.multiple > 0):
        return nan
    added = order.side * _added_notional(order, standing)
    after = risk.variance + 2.0 * added * risk.covariance + added * added * risk.own_variance
    if not isfinite(after):
        return nan
    value_at_risk = risk.multiple * sqrt(max(after, risk.variance))
    return _ratio(value_at_risk, standing.equity, reduces(order, standing))


def _daily_loss(order: Order, standing: Standing) -> float:
    if not isfinite(standing.day_loss):
        return nan
    return 0.0 if reduces(order, standing) else max(standing.day_loss, 0.0)


def _added_notional(order: Order, standing: Standing) -> float:
    """What the order and the working ones of its side may add, absolute."""
    working = standing.working_buy if order.side == Side.BUY else standing.working_sell
    return notional(_quote(standing), working + order.size, _dearest(order, standing))


def _ratio(amount: float, whole: float, passes: bool) -> float:
    """A share of what must be known and above 0; 0 for an order that passes whatever the share."""
    if passes:
        return 0.0 if isfinite(whole) else nan
    return amount / whole if isfinite(whole) and whole > 0 else nan


def _age_s(time_ns: int, standing: Standing) -> float:
    age_ns = standing.time_ns - time_ns
    return age_ns / SECOND_NS if age_ns >= 0 else nan


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
    Check("halted", _halted, None),
    Check("link_down", _link_down, None),
    Check("equity_missing", _equity_missing, None),
    Check("quote_invalid", _quote_invalid, None),
    Check("quote_age_s", _quote_age_s, "max_quote_age_s"),
    Check("order_age_s", _order_age_s, "max_order_age_s"),
    Check("price_band_bps", _price_band_bps, "price_band_bps"),
    Check("order_notional", _order_notional, "max_order_notional"),
    Check("position_notional", _position_notional, "max_position_notional"),
    Check("gross_notional", _gross_notional, "max_gross_notional"),
    Check("standing_invalid", _standing_invalid, None),
    Check("orders_per_s", _orders_per_s, "max_orders_per_s"),
    Check("self_crossing", _self_crossing, None),
    Check("typical_multiple", _typical_multiple, "max_typical_multiple"),
    Check("depth_age_s", _depth_age_s, "max_quote_age_s"),
    Check("depth_share", _depth_share, "max_depth_share"),
    Check("cash_short", _cash_short, None),
    Check("leverage", _leverage, "max_leverage"),
    Check("risk_age_s", _risk_age_s, "max_risk_age_s"),
    Check("var_share", _var_share, "max_var_share"),
    Check("daily_loss", _daily_loss, "max_daily_loss"),
)
