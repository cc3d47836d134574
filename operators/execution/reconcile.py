"""A statement of the whole account: the venue is right, and every difference adopted from it is a risk event.

- A position or the cash that differs is adopted at once where nothing is in flight there (no order works or is owed
  fills, no fill was heard for `settle_s`); otherwise when two statements in a row tell the same difference. Until then
  no order is made of an instrument whose difference is more than what is in flight can explain, or stood already in the
  statement before, whatever fills came between.
- What is adopted holds all fills before the statement: fills still owed to ended orders are not waited for any more.
- A working order that two statements in a row do not list becomes UNKNOWN (`missing_order`) and is asked back, which
  makes the executor ask after it. One in doubt that is listed is accepted.
- An ended order that two statements in a row list (`adopted_order`) and orders of others (`foreign_order`) are
  remembered for as long as they are listed, and cancelled; those of others only where `foreign_orders` says so.
- A position in an instrument without any quote cannot be valued (`unpriced_position`): until it is, equity counts as
  missing, and the gate lets through only what reduces.

What takes back a transfer that was told after a statement held it moves peak and day along: it is no loss.

The first statement opens the account: its cash is the capital, and the equity then is the first peak.
"""

from math import isfinite

from msgspec.structs import replace

from market.clock import SECOND_NS
from market.messages import Held, OrderState, Side, Statement
from operators.execution.account import Account, Day, Key, Line, note_time, take_holding
from operators.execution.books import exact, money, quanta
from operators.execution.holding import Holding
from operators.execution.ledger import Ledger
from operators.execution.orders import is_open
from operators.execution.outside import MOST_FOREIGN, Dealings, Outside, Suspect
from operators.execution.taking import cancellation, position_of, take_back, take_heard, take_transfer
from operators.execution.updates import Heard, told
from operators.risk.switch import Event, Switch


def judge(account: Account, dealings: Dealings, statement: Statement, ledger: Ledger, outside: Outside) -> None:
    """Bring the account to what a statement tells; one with a number that is not finite is not believed."""
    if not _sound(statement):
        ledger.event(Event("malformed_statement", statement.cause, {}), statement.time_ns)
        return
    positions = {(statement.venue, held.instrument): held for held in statement.positions if held.size}
    quiet = all(_is_quiet(account, line, outside) for line in account.lines.values())
    first = not dealings.opened_ns
    stood = float(money(_cash_of(account, dealings, outside)))
    for key, line in account.lines.items():
        if key[0] == statement.venue and (line.mark_price > 0 or line.holding.size):
            _position(account, line, key, positions.pop(key, None), statement, ledger, outside, first=first)
    _unpriced(dealings, positions, statement, ledger)
    if first:
        _open(account, dealings, statement, ledger, outside)
    else:
        _cash(account, dealings, statement, ledger, outside, quiet=quiet, stood=stood)
    dealings.stated = True
    _orders(account, dealings, statement, ledger, outside)


def adopt_priced(account: Account, line: Line, ledger: Ledger) -> None:
    """Carry a position that waited for the first usable quote of its instrument."""
    dealings, key = account.dealings, (line.quote.venue, line.quote.instrument)
    if dealings is not None and line.mark_price > 0 and key in dealings.unpriced:
        size, price = dealings.unpriced.pop(key)
        _adopt(account, line, key, size, price, account.time_ns, ledger)


def is_doubtful(line: Line) -> bool:
    """Whether no order may be made of an instrument: one is in doubt, or its position is."""
    unknown = any(working.state is OrderState.UNKNOWN for working in line.working.values())
    return unknown or (line.suspect is not None and line.suspect.strange)


def _sound(statement: Statement) -> bool:
    numbers = [number for held in statement.positions for number in (held.size, held.average_price)]
    return all(isfinite(number) and abs(number) < 1e15 for number in (statement.cash, *numbers))


def _is_quiet(account: Account, line: Line, outside: Outside) -> bool:
    """Whether nothing of an instrument is in flight."""
    return not line.working and not _filled_lately(account, line, outside)


def _filled_lately(account: Account, line: Line, outside: Outside) -> bool:
    return line.filled_ns > 0 and account.time_ns - line.filled_ns < outside.settle_s * SECOND_NS


def _position(
    account: Account, line: Line, key: Key, held: Held | None, statement: Statement, ledger: Ledger, outside: Outside,
    *, first: bool,
) -> None:  # fmt: skip
    size = held.size if held is not None else 0.0
    ours, half_lot = line.holding.size, 0.5 * line.quote.lot_size
    owed = any(not is_open(working) for working in line.working.values())
    if abs(size - ours) < half_lot and not owed:
        line.suspect = None
        return
    before = line.suspect  # off by the same twice, while fills came: it is not they that make the difference
    lasts = before is not None and abs(size - ours - (before.told - before.ours)) < half_lot
    strange = lasts or (
        not _filled_lately(account, line, outside)
        and not (ours - line.open_size(Side.SELL) - half_lot < size < ours + line.open_size(Side.BUY) + half_lot)
    )
    suspect = Suspect(size, ours, strange)
    same = line.suspect is not None and line.suspect[:2] == suspect[:2]
    if not (first or same or _is_quiet(account, line, outside)):
        line.suspect = suspect
        return
    line.suspect = None
    if abs(size - ours) >= half_lot:
        price = held.average_price if held is not None else 0.0
        _adopt(account, line, key, size, price, statement.time_ns, ledger)
    for working in [one for one in line.working.values() if not is_open(one)]:
        values = {"filled": working.filled, "told": working.told}
        ledger.event(Event("fills_given_up", "a statement holds them", values), statement.time_ns, key,
                     working.order.client_order_id)  # fmt: skip
        take_heard(account, key, Heard(replace(working, told=working.filled)), ledger, statement.time_ns, "")


def _adopt(account: Account, line: Line, key: Key, size: float, price: float, time_ns: int, ledger: Ledger) -> None:
    """Hold what the venue says; at our own average, or the mark, where it tells none."""
    before = line.holding
    average = price if price > 0 else before.average_price or line.mark_price
    take_holding(account, key, line, Holding(size, average if size else 0.0, before.realised, before.fees))
    line.adopted_ns = time_ns
    ledger.posting(account.books.adopt_position(key, line.contract, size, average, time_ns))
    values = {
        "size_before": before.size, "size": size,
        "average_price_before": before.average_price, "average_price": line.holding.average_price,
    }  # fmt: skip
    ledger.event(Event("adopted_position", "the venue is right", values), time_ns, key)
    ledger.position(position_of(line, time_ns))


def _unpriced(dealings: Dealings, positions: dict[Key, Held], statement: Statement, ledger: Ledger) -> None:
    found = {key: (held.size, held.average_price) for key, held in positions.items()}
    for key, (size, price) in found.items():
        if dealings.unpriced.get(key) != (size, price):
            values = {"size": size, "average_price": price}
            ledger.event(Event("unpriced_position", "no quote yet", values), statement.time_ns, key)
    dealings.unpriced = found


def _cash_of(account: Account, dealings: Dealings, outside: Outside) -> int:
    """Our cash as the venue counts it, by the books: quanta."""
    if outside.margined:
        return account.books.wallet
    unpriced = (quanta(exact(size) * exact(price)) for size, price in dealings.unpriced.values())
    return account.books.cash - sum(unpriced)


def _open(account: Account, dealings: Dealings, statement: Statement, ledger: Ledger, outside: Outside) -> None:
    capital = quanta(statement.cash) - _cash_of(account, dealings, outside)
    account.capital = float(money(capital))
    dealings.opened_ns = dealings.cash_adopted_ns = max(statement.time_ns, 1)
    ledger.posting(account.books.open(capital, statement.time_ns))
    equity = account.equity
    if equity > 0:
        account.switch = Switch(equity, account.switch.state)
    account.day = Day(-1)
    note_time(account, account.time_ns)
    values = {"cash": statement.cash, "equity": equity}
    ledger.event(Event("opened", statement.cause, values), statement.time_ns)


def _cash(
    account: Account, dealings: Dealings, statement: Statement, ledger: Ledger, outside: Outside, *, quiet: bool,
    stood: float,
) -> None:  # fmt: skip
    """stood: our cash before positions were adopted, which are paid for from it at once; compared, not adopted from."""
    ours = _cash_of(account, dealings, outside)
    more, near = quanta(statement.cash) - ours, quanta(outside.cash_tolerance)
    before, dealings.cash_told = dealings.cash_told, Suspect(statement.cash, stood)
    if abs(more) <= near:
        dealings.transferred = 0.0
        return
    same = before is not None and abs(statement.cash - stood - (before.told - before.ours)) <= outside.cash_tolerance
    if not (quiet or same):
        return
    dealings.cash_told = None  # the next difference is another one
    if dealings.transferred and abs(float(money(more)) + dealings.transferred) <= outside.cash_tolerance:
        take_transfer(account, -dealings.transferred)  # it was counted twice: what goes is no loss
    dealings.transferred = 0.0
    account.adjusted += float(money(more))
    dealings.cash_adopted_ns = statement.time_ns
    ledger.posting(account.books.adopt_cash(more, statement.venue, statement.time_ns))
    values = {"cash_before": float(money(ours)), "cash": statement.cash}
    ledger.event(Event("adopted_cash", "the venue is right", values), statement.time_ns)


def _orders(account: Account, dealings: Dealings, statement: Statement, ledger: Ledger, outside: Outside) -> None:
    listed, time_ns = set(statement.open_orders), statement.time_ns
    absent: list[str] = []
    for name, key in list(dealings.working.items()):
        line = account.lines[key]
        working, lot_size = line.working[name], line.quote.lot_size
        if name in listed and working.state in (OrderState.SUBMITTED, OrderState.UNKNOWN):
            heard = told(working, OrderState.ACCEPTED, 0.0, lot_size)
            take_heard(account, key, heard, ledger, time_ns, "listed by the venue")
        elif name not in listed and working.state in (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED):
            absent.append(name)
            if name in dealings.absent:
                ledger.event(Event("missing_order", "not listed by the venue", {}), time_ns, key, name)
                heard = told(working, OrderState.UNKNOWN, 0.0, lot_size)
                take_heard(account, key, heard, ledger, time_ns, "not listed by the venue")
                take_back(account, line, line.working[name], "missing", ledger)
    dealings.absent = tuple(absent)
    _foreign(account, dealings, statement, ledger, outside)


def _foreign(account: Account, dealings: Dealings, statement: Statement, ledger: Ledger, outside: Outside) -> None:
    """Orders that are open there and not here."""
    found: dict[str, Key] = {}
    returned = []
    for name in sorted(set(statement.open_orders) - dealings.working.keys())[:MOST_FOREIGN]:
        ended = dealings.ended.get(name)
        if ended is None:
            found[name] = dealings.foreign.get(name, (statement.venue, ""))
            if name not in dealings.foreign:
                ledger.event(Event("foreign_order", "listed by the venue", {}), statement.time_ns, found[name], name)
            continue
        returned.append(name)
        if name in dealings.returned:
            found[name] = (ended.order.venue, ended.order.instrument)
            if name not in dealings.foreign:
                values = {"filled": ended.filled, "size": ended.order.size}
                event = Event("adopted_order", f"listed after {ended.state.value}", values)
                ledger.event(event, statement.time_ns, found[name], name)
    dealings.foreign, dealings.returned = found, tuple(returned)
    asked = {}
    for name, key in found.items():
        since_ns = dealings.asked_back.get(name)
        ours = name in dealings.ended
        if not name or not (ours or outside.foreign_orders == "cancel"):
            continue
        asked[name] = since_ns if since_ns is not None else account.time_ns
        if since_ns is None or account.time_ns - since_ns >= outside.cancel_retry_s * SECOND_NS:
            asked[name] = account.time_ns
            ledger.outbox.append(cancellation(account, key, name, "not of this account's flow"))
    dealings.asked_back = asked
