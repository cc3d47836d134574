"""What is done to an account when an order moves, a fill comes or an order is to be taken back; for both venues."""

from msgspec.structs import replace

from market.messages import Cancel, Fill, Position
from operators.execution.account import Account, Day, Key, Line, take_holding
from operators.execution.holding import filled
from operators.execution.ledger import Ledger
from operators.execution.orders import WorkingOrder
from operators.execution.updates import Heard, is_done
from operators.risk.switch import Event


def take_heard(account: Account, key: Key, heard: Heard, ledger: Ledger, time_ns: int, reason: str) -> None:
    """Let an order stand as it was heard to, and forget it only when nothing more may come of it."""
    line, working = account.lines[key], heard.working
    name = working.order.client_order_id
    for state in heard.entered:
        ledger.order(working.order, state, time_ns, reason, {})
    if heard.trouble:
        values = {"size": working.order.size, "filled": working.filled, "told": working.told}
        ledger.event(Event("contradiction", heard.trouble, values), time_ns, key, name)
    dealings = account.dealings
    if is_done(working, line.quote.lot_size):
        line.working.pop(name, None)
        if dealings is not None:
            dealings.working.pop(name, None)
            dealings.ended.keep(working)
        return
    line.working[name] = working
    if dealings is not None:
        dealings.working[name] = key
        dealings.ended.forget(name)


def take_fill(account: Account, line: Line, fill: Fill, ledger: Ledger) -> None:
    """Let a fill become a position, and enter it in the books."""
    ledger.fill(fill)
    contract = line.contract
    after = filled(line.holding, contract, fill.side, fill.price, fill.size, fill.fee)
    take_holding(account, (fill.venue, fill.instrument), line, after)
    ledger.posting(account.books.fill(fill, contract))
    ledger.position(position_of(line, fill.time_ns))


def take_transfer(account: Account, amount: float) -> None:
    """Move peak and day's beginning along with an amount that is to be added: a deposit is no profit, a withdrawal no
    loss.
    """
    before = account.equity
    if before > 0 and before + amount > 0:
        share = 1.0 + amount / before
        account.switch = account.switch._replace(peak_equity=account.switch.peak_equity * share)
        account.day = Day(account.day.number, account.day.equity * share)


def take_back(account: Account, line: Line, working: WorkingOrder, reason: str, ledger: Ledger) -> None:
    """Ask for an order to be cancelled; outside, only while it can be asked for."""
    dealings, order = account.dealings, working.order
    if dealings is not None:
        if not dealings.ready:
            return
        ledger.outbox.append(cancellation(account, (order.venue, order.instrument), order.client_order_id, reason))
    line.working[order.client_order_id] = replace(working, cancel_ns=account.time_ns)


def cancellation(account: Account, key: Key, name: str, reason: str) -> Cancel:
    """The message that asks for it."""
    return Cancel(
        venue=key[0],
        instrument=key[1],
        time_ns=account.time_ns,
        account=account.name,
        client_order_id=name,
        reason=reason,
    )


def position_of(line: Line, time_ns: int) -> Position:
    """What is held of an instrument, as a message."""
    holding = line.holding
    return Position(
        venue=line.quote.venue,
        instrument=line.quote.instrument,
        time_ns=time_ns,
        size=holding.size,
        average_price=holding.average_price,
        mark_price=line.mark_price,
        realised_pnl=holding.realised - holding.fees,
        unrealised_pnl=line.unrealised,
        fees=holding.fees,
    )
