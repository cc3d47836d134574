"""`execution.trade`: one account, one step per row of the trading journal: settle → intend → gate → submit.

Reads Quote, Traded, Signal, Target and Command messages, and of an outside venue OrderUpdate, Fill, Statement, Link and
Funding; adds the tables orders, intents, fills, positions, ledger, accounts and risk_events, and where risk is measured
(risks.py) risk, risk_parts and limits. In this order:
1. quotes settle working orders (paper.py), become marks, and fills become positions (holding.py) and postings
   (books.py); at an outside venue its words do (hear.py, reconcile.py), as they come;
2. commands and the equity at the marks move the kill switch (operators/risk/switch.py);
3. where the measure of risk is due, it is taken; limits and the scale of all targets move with it;
4. for every instrument with news: a step nearer to its target (pursue.py): intend, have the gate judge it
   (operators/risk/gate.py) and submit what it approves; outside, as Approved and Cancel among the item's messages.

The order of an item is decided after all its quotes, and fills at a quote of a later item: no look-ahead. Graphs are
acyclic, so these steps share one state here; each idea is a file of its own. No clock, no luck: ids come from offsets.

While reducing, targets count as 0. While halted nothing is sent but cancellations. Both forget what answers of the
solver ask for, and drop answers to what was asked before: Target.request. Without a usable quote nothing is intended.
Cost: 20 µs for an item of 3 quotes, about 0.25 ms for an order with its updates and fills, 50 instruments traded and
risk measured; each measure 7 ms for 3 instruments, 35 ms for 100, on a busy machine.
"""

from collections.abc import Iterable
from functools import partial

from bytewax.operators import KeyedStream

from market.clock import SECOND_NS
from market.decisions import Decisions, Standing
from market.messages import (
    AnyMessage,
    Command,
    Fill,
    Funding,
    Link,
    OrderUpdate,
    Quote,
    Side,
    Signal,
    Statement,
    Target,
    Traded,
)
from operators.execution.account import (
    Account,
    Key,
    Line,
    begin_day,
    day_loss,
    forget_barred,
    is_barred,
    note_time,
    opened,
    take_quote,
    take_target,
)
from operators.execution.books import quanta
from operators.execution.hear import hear, watch_silence
from operators.execution.ledger import Ledger
from operators.execution.orders import WorkingOrder, is_open
from operators.execution.outside import Outside
from operators.execution.paper import Venue, settle
from operators.execution.pursue import pursue
from operators.execution.reconcile import adopt_priced
from operators.execution.risks import measured, note_displayed, obey_settings, start_anew
from operators.execution.taking import take_fill
from operators.execution.terms import Terms
from operators.risk.observer import observer
from operators.risk.quotes import usable
from operators.risk.switch import Event, SwitchState, drawdown, obey, watch
from operators.stage import Stage, registered, wire

DEFAULTS = Terms()
WORDS = (OrderUpdate, Fill, Statement, Link, Funding)  # of an outside venue


@registered
def stage(*, terms: Terms = DEFAULTS) -> Stage:
    """The stage for one account."""
    return Stage("execution.trade", partial(_empty, terms), partial(_step, terms))


def trade(step_id: str, up: KeyedStream[Decisions], *, terms: Terms = DEFAULTS) -> KeyedStream[Decisions]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(terms=terms))


def _empty(terms: Terms) -> Account:
    account = opened(terms.account, terms.capital, outside=isinstance(terms.venue, Outside))
    account.risks = None if terms.risk is None else observer(terms.risk, terms.limits)
    return account


def _step(terms: Terms, account: Account, item: Decisions) -> Decisions:
    ledger = Ledger(account.name, item.receive_time, item.offset)
    news: dict[Key, None] = {}
    commands = []
    obey_settings(account, terms)
    if item.messages:
        note_time(account, max(account.time_ns, *(message.time_ns for message in item.messages)))
    for message in item.messages:
        account.time_ns = max(account.time_ns, message.time_ns)
        if account.risks is not None:
            account.risks.note(message)
        if isinstance(message, Command):
            commands += [message] if message.account == account.name else []
        else:
            news |= dict.fromkeys(_take(account, message, ledger, terms))
    if item.messages:
        _open_books(account, ledger)
    if isinstance(terms.venue, Outside):
        news |= dict.fromkeys(watch_silence(account, ledger, terms.venue))
    barred = {one.request for one in item.messages if isinstance(one, Target) and is_barred(account, one)}
    for request in sorted(barred):
        ledger.event(Event("dropped", f"answer to row {request}: the account has stopped since", {}), account.time_ns)
    changed = _switch(account, commands, terms, ledger)
    if account.switch.state is not SwitchState.ACTIVE:
        account.barred = item.offset
    if changed:
        forget_barred(account)
        start_anew(account)
    scale = account.target_scale
    tables = measured(account, receive_time=item.receive_time, offset=item.offset) if item.messages else {}
    if changed or account.target_scale != scale:
        news = dict.fromkeys(account.lines)
    for key in news:
        pursue(account, account.lines[key], ledger, terms)
    standing = _standing(account)
    _account_row(account, standing, ledger)
    return ledger.written(item).with_tables(tables)._replace(standing=standing)


def _take(account: Account, message: AnyMessage, ledger: Ledger, terms: Terms) -> Iterable[Key]:
    """Take one message in; which instruments have news."""
    key = (message.venue, message.instrument)
    if isinstance(message, Quote):
        return (key,) if _quote(account, message, terms, ledger) else ()
    if isinstance(message, Target):
        if is_barred(account, message):
            return ()
        return (key,) if take_target(account, message, ledger.offset) is not None else ()
    if isinstance(message, WORDS):
        if not isinstance(terms.venue, Outside):
            return ()
        heard = hear(account, message, ledger, terms.venue)
        return tuple(account.lines) if heard is None else sorted(heard)
    line = account.lines.get(key)
    if line is not None and isinstance(message, Signal) and message.timeframe == terms.manner.schedule.timeframe:
        line.mood = line.mood.after_signal(message)
    elif line is not None and line.progress is not None and isinstance(message, Traded):
        line.progress = line.progress.after(message.size)
    return ()


def _quote(account: Account, quote: Quote, terms: Terms, ledger: Ledger) -> bool:
    """Settle what works in the quote's instrument and mark it; a quote older than the newest says nothing."""
    known = account.lines.get((quote.venue, quote.instrument))
    if known is not None and quote.time_ns < known.quote.time_ns:
        return False
    is_usable = usable(quote)
    line = take_quote(account, quote, is_usable=is_usable)
    if account.risks is not None and is_usable:
        note_displayed(line)
    if isinstance(terms.venue, Venue):
        for working in list(line.working.values()):
            _settle(account, line, working, terms.venue, ledger)
    else:
        adopt_priced(account, line, ledger)
    return True


def _settle(account: Account, line: Line, working: WorkingOrder, venue: Venue, ledger: Ledger) -> None:
    order, quote = working.order, line.quote
    outcome = settle(working, quote, line.ask if order.side == Side.BUY else line.bid, venue)
    if is_open(outcome.working):
        line.working[order.client_order_id] = outcome.working
    else:
        del line.working[order.client_order_id]
    if order.side == Side.BUY:
        line.ask = outcome.level
    else:
        line.bid = outcome.level
    for state in outcome.states:
        ledger.order(order, state, quote.time_ns, "", {})
    if outcome.fill is not None:
        take_fill(account, line, outcome.fill, ledger)


def _open_books(account: Account, ledger: Ledger) -> None:
    """Enter the capital of a paper account, once; an outside one is opened by its first statement."""
    if account.dealings is None and not account.books.totals:
        ledger.posting(account.books.open(quanta(account.capital), account.time_ns))


def _standing(account: Account) -> Standing:
    equity, switch = account.equity, account.switch
    lost = drawdown(switch, equity)
    held = dict(account.sizes)
    return Standing(account.name, equity, lost, switch.state.value, account.in_force, account.risk_usage, held)


def _account_row(account: Account, standing: Standing, ledger: Ledger) -> None:
    """Tell how the account stands, once a second of data time and whenever what it may do is another thing."""
    linked = account.dealings is None or account.dealings.ready
    second, state = account.time_ns // SECOND_NS, f"{standing.state} {linked}"
    if (second, state) == (account.told_second, account.told_state) or account.time_ns == 0:
        return
    account.told_second, account.told_state = second, state
    worth = sum(line.worth for line in account.lines.values())
    gross = sum(line.gross for line in account.lines.values())
    ledger.account_row(
        account.time_ns, standing.state, standing.equity, standing.equity - worth, standing.drawdown, gross, int(linked)
    )


def _switch(account: Account, commands: Iterable[Command], terms: Terms, ledger: Ledger) -> bool:
    """Move the kill switch; whether what the account may do is another thing now."""
    before = account.switch.state
    equity = account.equity
    events: tuple[Event, ...] = ()
    for command in commands:
        account.switch, said = obey(account.switch, command, equity)
        events += said
        if any(one.event == "resumed" for one in said):
            begin_day(account, account.time_ns)
    account.switch, said = watch(
        account.switch, equity, is_flat=account.is_flat, max_drawdown=terms.limits.max_drawdown,
        reducing_share=1.0 if terms.risk is None else terms.risk.reserve.reducing_share,
        day_loss=day_loss(account), max_daily_loss=terms.limits.max_daily_loss,
    )  # fmt: skip
    for event in (*events, *said):
        ledger.event(event, account.time_ns)
    return account.switch.state is not before
