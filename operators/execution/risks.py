"""How an account's risk is measured and told to its gate; the state is the account's (operators/risk/observer.py).

- What is held counts as that of the parts of its target, in their proportion (strategies), or as one strategy's where
  the target tells no parts, or parts that cancel.
- Everything wanted is made smaller by the target scale of the drawdown controller; when it moves, orders follow.
- An order that only reduces is judged by the fixed limits: limits near nothing never keep an account from getting
  smaller. Any other is judged by the limits in force, and made no larger than one order may be and than there is room
  for; where there is none it is tried all the same, so that a refusal tells why a target is not reached.
- Depth is the notional displayed at the best prices, nothing better is told to trading: for the gate that of the
  newest quote, for the limits its running mean, the thinner side.
- The typical order of an instrument is the running mean of those that were approved, told from TYPICAL_ORDERS on.

Where an account has no measure of risk (research, tests of other things) the fixed limits stand alone.
"""

from collections.abc import Mapping
from math import fsum

import polars as pl

from market.messages import Order, Side
from operators.execution.account import Account, Key, Line, day_loss, standing
from operators.execution.holding import whole_lots
from operators.execution.terms import Terms
from operators.risk.gate import Depth, Limits, Standing, reduces
from operators.risk.measure import Money, RiskMeasure
from operators.risk.moving_limits import ACCOUNT
from operators.risk.quotes import mid_price, notional
from operators.risk.risk_rows import Stamp
from operators.risk.switch import SwitchState

TYPICAL_ORDERS = 20
ORDER_SHARE, DISPLAYED_SHARE = 0.05, 0.02  # of the newest in the running means
WITHIN = 1.0 - 1e-9  # of a limit, so that rounding never makes an order too large
WHOLE = "portfolio"  # the strategy of what no target explains in parts
CANCELLED = 1e-3  # of the sum of absolute parts: what they leave is then no share of any of them


def measured(account: Account, *, receive_time: int, offset: int) -> dict[str, pl.DataFrame]:
    """Rows of risk, risk_parts and limits where the measure is due; the limits in force have moved then."""
    if account.risks is None or (account.dealings is not None and not account.dealings.opened_ns):
        return {}
    measure, equity, peak = account.risks.measure, account.equity, account.switch.peak_equity
    measure.mark(equity, peak)
    if not measure.due(account.time_ns):
        return {}
    scale = account.target_scale
    tables = measure.measure(
        Stamp(account.name, account.time_ns, receive_time, offset),
        Money(account.switch.state.value, equity, peak, day_loss(account)),
        strategies(account),
        {
            key: line.exposed(line.holding.size if line.wanted is None else line.wanted)
            for key, line in account.lines.items()
        },
        {key: line.displayed.mean for key, line in account.lines.items() if line.displayed.values},
    )
    account.in_force, account.risk_usage = _in_force(account, measure), measure.usage
    if account.target_scale != scale:
        start_anew(account)
    return tables


def obey_settings(account: Account, terms: Terms) -> None:
    """Measure and limit by the terms of now; what a snapshot brought has those of its day."""
    if account.risks is not None and terms.risk is not None:
        account.risks.measure.fixed, account.risks.measure.manner = terms.limits, terms.risk


def strategies(account: Account) -> dict[str, dict[Key, float]]:
    """What is held, by strategy: signed notional, as equity moves with it."""
    found: dict[str, dict[Key, float]] = {}
    for key, line in account.lines.items():
        if held := line.exposure:
            for name, share in _shares({} if line.target is None else line.target.parts).items():
                found.setdefault(name, {})[key] = held * share
    return found


def wanted_now(account: Account, line: Line) -> float | None:
    """Signed size that an instrument should come to now; None: nothing in particular."""
    if account.switch.state is SwitchState.REDUCING:
        return 0.0
    scale = account.target_scale
    if line.wanted is None or scale == 1.0:
        return line.wanted
    return whole_lots(line.wanted * scale, line.quote.lot_size)


def most_notional(account: Account, line: Line, wanted: float, held: float, terms: Terms) -> float:
    """How large the next order from one size to another may be, quote currency."""
    fixed = terms.limits
    shrinks = wanted * held < 0 or abs(wanted) < abs(held)
    if account.risks is None or shrinks:
        return fixed.max_order_notional
    depth, limits = _depth(line), account.risks.measure.limits(_key(line))
    side, displayed = (Side.BUY, depth.ask_notional) if wanted > held else (Side.SELL, depth.bid_notional)
    dearer = _dearer(line, terms.manner.slippage_bps)
    works = abs(line.worth_of(line.open_size(side))) * dearer
    most = [limits.max_order_notional, max(fixed.max_depth_share * displayed - works, 0.0) * WITHIN]
    if line.orders.values >= TYPICAL_ORDERS:
        most.append(fixed.max_typical_multiple * line.orders.mean * WITHIN)
    room = _room(account, line, limits, dearer)
    return min(*most, room) if room >= terms.manner.min_notional else min(most)


def _room(account: Account, line: Line, limits: Limits, dearer: float) -> float:
    """What the limits of one position and of all leave, at the dearest price an order may have; quote currency."""
    gross = fsum([one.gross for one in account.lines.values()])
    whole = min(limits.max_gross_notional, limits.max_leverage * account.equity)
    return min(limits.max_position_notional - line.gross * dearer, whole - gross * dearer) * WITHIN


def _dearer(line: Line, slippage_bps: float) -> float:
    """The dearest price that an order may have, over the mid."""
    return (1.0 + slippage_bps * 1e-4) * line.quote.ask_price / mid_price(line.quote)


def judged_by(
    account: Account, line: Line, order: Order, terms: Terms, *, spends_cash: bool
) -> tuple[Standing, Limits]:
    """What the gate judges an order by."""
    found = standing(account, line, spends_cash=spends_cash)
    if account.risks is None:
        return found, terms.limits
    measure, key = account.risks.measure, _key(line)
    informed = found._replace(
        depth=_depth(line),
        typical_notional=line.orders.mean if line.orders.values >= TYPICAL_ORDERS else None,
        risk=measure.book_risk(
            key,
            {one: other.exposure for one, other in account.lines.items()},
            added=order.side * line.worth_of(line.open_size(order.side) + order.size),
            works={
                one: other.worth_of(other.open_size(Side.BUY) - other.open_size(Side.SELL))
                for one, other in account.lines.items()
                if other.working and other is not line
            },
        ),
    )
    return informed, terms.limits if reduces(order, informed) else measure.limits(key)


def note_approved(line: Line, order: Order) -> None:
    """Take an approved order into what is typical."""
    dearest = max(order.limit_price, mid_price(line.quote))
    line.orders = line.orders.after(notional(line.quote, order.size, dearest), share=ORDER_SHARE)


def note_displayed(line: Line) -> None:
    """Take what a usable quote displays into its running mean."""
    depth = _depth(line)
    line.displayed = line.displayed.after(min(depth.bid_notional, depth.ask_notional), share=DISPLAYED_SHARE)


def start_anew(account: Account) -> None:
    """Another scale or state is as another target for every line: schedules begin anew, nothing waits any longer."""
    for line in account.lines.values():
        line.progress = None
        line.attempt_ns = line.refusals = 0


def _in_force(account: Account, measure: RiskMeasure) -> dict[str, float]:
    """Notional that the portfolio may ask for: gross, of each instrument, and where it is less of a single one."""
    whole = measure.limits(ACCOUNT)
    found = {
        "gross": min(whole.max_gross_notional, whole.max_leverage * max(account.equity, 0.0)),
        "instrument": whole.max_position_notional,
    }
    for key in account.lines:
        own = measure.limits(key).max_position_notional
        if own < whole.max_position_notional:
            found["|".join(key)] = own
    return found


def _shares(parts: Mapping[str, float]) -> dict[str, float]:
    whole = fsum(parts.values())
    tells = abs(whole) > CANCELLED * fsum(map(abs, parts.values()))
    return {name: part / whole for name, part in parts.items()} if tells else {WHOLE: 1.0}


def _depth(line: Line) -> Depth:
    quote = line.quote
    bid, ask = (notional(quote, quote.bid_size, quote.bid_price), notional(quote, quote.ask_size, quote.ask_price))
    return Depth(quote.time_ns, bid, ask)


def _key(line: Line) -> Key:
    return line.quote.venue, line.quote.instrument
