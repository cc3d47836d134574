"""One instrument, one step nearer to its target: cancel what no longer fits, or intend, ask the gate, submit.

An order is tried when its instrument has news, and then not again for `retry_s` of data time; every refusal in a row
doubles the wait, up to `max_retry_s`, so that an order which cannot pass does not fill the table of risk events. A
new target may be tried at once. A target waits for a usable quote without any record: there is nothing yet that could
be refused.
"""

from dataclasses import replace

from market.clock import SECOND_NS
from market.messages import Approved, Order, OrderState, client_order_id
from operators.execution.account import Account, Line, standing
from operators.execution.intents import Manner, Step, next_step, wanted_size
from operators.execution.ledger import Ledger
from operators.execution.orders import submit
from operators.risk.gate import Limits, assess
from operators.risk.quotes import usable
from operators.risk.switch import SwitchState


def pursue(account: Account, line: Line, ledger: Ledger, limits: Limits, manner: Manner) -> None:
    """Bring one instrument a step nearer to its target."""
    state = account.switch.state
    if line.wanted is None and line.target is not None and usable(line.quote):
        line.wanted = wanted_size(line.target.notional, line.quote)
    wanted = 0.0 if state is SwitchState.REDUCING else line.wanted
    if line.working is not None:
        if line.working.cancel_ns is None and (state is SwitchState.HALTED or _goes_beyond(line, wanted)):
            line.working = replace(line.working, cancel_ns=account.time_ns)
        return
    if state is SwitchState.HALTED or account.time_ns < line.attempt_ns:
        return
    if wanted is None or wanted == line.holding.size or not usable(line.quote):
        return
    step = next_step(wanted, line.holding.size, line.quote, manner, limits.max_order_notional)
    if step.size > 0:
        order = _order(account, line, step, ledger.offset)
        _try(account, line, order, ledger, limits, manner)


def _goes_beyond(line: Line, wanted: float | None) -> bool:
    """Whether the working order, once done, would have gone past what is wanted."""
    assert line.working is not None
    side = line.working.order.side
    after = line.holding.size + side * line.open_size(side)
    return wanted is not None and side * (after - wanted) >= 0.5 * line.quote.lot_size


def _order(account: Account, line: Line, step: Step, offset: int) -> Order:
    venue, instrument = line.quote.venue, line.quote.instrument
    target = None if account.switch.state is SwitchState.REDUCING else line.target
    return Order(
        venue=venue,
        instrument=instrument,
        time_ns=account.time_ns,
        client_order_id=client_order_id(account.name, venue, instrument, offset),
        side=step.side,
        size=step.size,
        limit_price=step.limit_price,
        reason=target.reason if target is not None else "reducing",
    )


def _try(account: Account, line: Line, order: Order, ledger: Ledger, limits: Limits, manner: Manner) -> None:
    """Ask the gate; submit what it approves, record what it refuses and wait longer after every refusal."""
    verdict = assess(order, standing(account, line), limits)
    wait_s = min(manner.retry_s * 2.0**line.refusals, manner.max_retry_s)
    line.attempt_ns = account.time_ns + round(wait_s * SECOND_NS)
    if isinstance(verdict, Approved):
        line.refusals = 0
        line.working = submit(verdict, account.time_ns)
        ledger.order(order, OrderState.SUBMITTED, account.time_ns, order.reason, verdict.checks)
    else:
        line.refusals = min(line.refusals + 1, 30)
        ledger.refused(verdict)
