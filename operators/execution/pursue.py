"""One instrument, one step nearer to its target: cancel what no longer fits, or intend, ask the gate, submit.

An order is tried when its instrument has news, and then not again for `retry_s` of data time; every refusal in a row
doubles the wait, up to `max_retry_s`, so that an order which cannot pass does not fill the table of risk events; while
reducing it stays as it is. A new target may be tried at once. A target waits for a usable quote without any record:
there is nothing yet that could be refused.

What a schedule asks for by now stands in place of the target (pace.py); while reducing there is no schedule. Orders
that work count as if they were filled, so that several of them never go beyond what is wanted; at the paper venue one
works at a time. None is made while one of the other side works, while one is UNKNOWN or while the position is in doubt.
"""

from market.clock import SECOND_NS
from market.messages import Approved, Order, OrderState, Side, client_order_id
from operators.execution.account import Account, Decision, Line, forget_target
from operators.execution.holding import snapped
from operators.execution.intents import Manner, Step, next_step, wanted_size
from operators.execution.ledger import Ledger
from operators.execution.orders import is_open, submit
from operators.execution.outside import Dealings, Outside
from operators.execution.pace import advanced, followed
from operators.execution.reconcile import is_doubtful
from operators.execution.risks import judged_by, most_notional, note_approved, wanted_now
from operators.execution.taking import take_back
from operators.execution.terms import Terms
from operators.execution.urgency import urgency
from operators.risk.gate import assess
from operators.risk.quotes import mid_price, usable
from operators.risk.switch import SwitchState


def pursue(account: Account, line: Line, ledger: Ledger, terms: Terms) -> None:
    """Bring one instrument a step nearer to its target."""
    state = account.switch.state
    if line.target is not None and 0 < line.target.until_ns < account.time_ns:
        forget_target(line)
    if line.wanted is None and line.target is not None and usable(line.quote):
        line.wanted = wanted_size(line.target.notional, line.quote)
        line.decision = Decision(line.target_offset, account.time_ns, mid_price(line.quote))
    wanted = wanted_now(account, line)
    if line.working:
        _take_back(account, line, wanted, ledger, halted=state is SwitchState.HALTED)
    if state is SwitchState.HALTED or account.time_ns < line.attempt_ns or not _may_order(account, line, terms):
        return
    if wanted is None or not usable(line.quote):
        return
    paced = wanted if state is SwitchState.REDUCING else _paced(account, line, wanted, terms)
    held = _projected(line)
    if paced == held:
        return
    most = most_notional(account, line, paced, held, terms)
    step = next_step(paced, held, line.quote, terms.manner, most)
    if step.size > 0 and line.open_size(Side.SELL if step.side == Side.BUY else Side.BUY) == 0.0:
        _try(account, line, _order(account, line, step, ledger.offset, terms), ledger, terms, paced)


def _may_order(account: Account, line: Line, terms: Terms) -> bool:
    """Whether another order of the instrument may be made at all."""
    if account.dealings is None:
        return not line.working
    assert isinstance(terms.venue, Outside)
    if not account.dealings.ready or len(line.working) >= terms.venue.max_working or is_doubtful(line):
        return False
    return not (account.dealings.foreign and _is_being_cleared(account.dealings, line))


def _is_being_cleared(dealings: Dealings, line: Line) -> bool:
    """Whether orders of others in the instrument are being cancelled."""
    key = (line.quote.venue, line.quote.instrument)
    return any(dealings.foreign.get(name) == key for name in dealings.asked_back)


def _projected(line: Line) -> float:
    """What is held once all that works is filled, but never beyond zero: that would be another order's work."""
    held, size = line.holding.size, line.quote.lot_size
    return snapped(held + line.open_size(Side.BUY) - line.open_size(Side.SELL), size) if line.working else held


def _paced(account: Account, line: Line, wanted: float, terms: Terms) -> float:
    """What the schedule asks to hold by now, between what is held and what is wanted."""
    schedule, held = terms.manner.schedule, line.holding.size
    if schedule.kind == "at_once":
        return wanted
    line.progress = followed(line.progress, schedule, held, wanted, account.time_ns)
    side = Side.BUY if line.progress.total > 0 else Side.SELL
    line.progress = advanced(line.progress, schedule, account.time_ns, urgency(line.mood, side))
    due = line.progress.wanted(line.quote.lot_size)
    if side * (wanted - held) <= 0:
        return wanted
    return side * min(max(side * due, side * held), side * wanted)


def _take_back(account: Account, line: Line, wanted: float | None, ledger: Ledger, *, halted: bool) -> None:
    """Ask back, newest first, what would go beyond what is wanted once it is done; all of it while halted."""
    after = {side: line.holding.size + side * line.open_size(side) for side in Side}
    for working in reversed(list(line.working.values())):
        side = working.order.side
        beyond = wanted is not None and side * (after[side] - wanted) >= 0.5 * line.quote.lot_size
        if not (halted or beyond) or not is_open(working):
            continue
        after[side] -= side * working.open_size
        if working.cancel_ns is None:
            take_back(account, line, working, "halted" if halted else "beyond the target", ledger)


def _order(account: Account, line: Line, step: Step, offset: int, terms: Terms) -> Order:
    venue, instrument = line.quote.venue, line.quote.instrument
    target = None if account.switch.state is SwitchState.REDUCING else line.target
    # The first statement's time tells this journal's orders from those of another that began at the same row.
    life = () if account.dealings is None else (account.dealings.opened_ns, 0)
    immediate = isinstance(terms.venue, Outside) and terms.venue.immediate
    return Order(
        venue=venue,
        instrument=instrument,
        time_ns=account.time_ns,
        client_order_id=client_order_id(account.name, venue, instrument, offset, *life),
        side=step.side,
        size=step.size,
        limit_price=step.limit_price,
        reason=target.reason if target is not None else "reducing",
        time_in_force="ioc" if immediate else "gtc",
    )


def _try(account: Account, line: Line, order: Order, ledger: Ledger, terms: Terms, paced: float) -> None:
    """Ask the gate; submit what it approves, record what it refuses and wait longer after every refusal."""
    spends_cash = isinstance(terms.venue, Outside) and not terms.venue.margined
    verdict = assess(order, *judged_by(account, line, order, terms, spends_cash=spends_cash))
    refusals = 0 if account.switch.state is SwitchState.REDUCING else line.refusals
    wait_s = min(terms.manner.retry_s * 2.0**refusals, terms.manner.max_retry_s)
    line.attempt_ns = account.time_ns + round(wait_s * SECOND_NS)
    _note(account, line, order, ledger, terms.manner, paced, "" if isinstance(verdict, Approved) else verdict.reason)
    if not isinstance(verdict, Approved):
        line.refusals = min(line.refusals + 1, 30)
        ledger.refused(verdict)
        return
    line.refusals = 0
    account.rate.note(account.time_ns)
    note_approved(line, order)
    line.working[order.client_order_id] = submit(verdict, account.time_ns)
    ledger.order(order, OrderState.SUBMITTED, account.time_ns, order.reason, verdict.checks)
    if account.dealings is not None:
        account.dealings.working[order.client_order_id] = (order.venue, order.instrument)
        ledger.outbox.append(verdict)


def _note(
    account: Account, line: Line, order: Order, ledger: Ledger, manner: Manner, paced: float, refused: str
) -> None:
    """Write down what the order is made for and against."""
    reducing = account.switch.state is SwitchState.REDUCING
    quote, decision = line.quote, None if reducing else line.decision
    target, wanted = None if reducing else line.target, 0.0 if reducing else line.wanted
    side = Side.BUY if line.progress is not None and line.progress.total > 0 else Side.SELL
    ledger.intent(
        order, account.time_ns, refused, order.reason, "at_once" if reducing else manner.schedule.kind,
        account.switch.state.value, decision.offset if decision else 0, target.notional if target else 0.0, wanted,
        paced, line.holding.size, line.open_size(Side.BUY) - line.open_size(Side.SELL),
        decision.time_ns if decision else account.time_ns, decision.price if decision else mid_price(quote),
        quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size, quote.contract_size, quote.inverse,
        urgency(line.mood, side) if line.progress is not None else 1.0, account.equity,
    )  # fmt: skip
