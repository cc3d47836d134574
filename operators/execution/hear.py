"""What an account does with the words of an outside venue: updates, fills, payments, the link; and with silence.

Nothing here raises, whatever the venue says. A fill counts once, by its id. One that the statement which the position
was last adopted from holds already, because it is older, is not counted again; one of an order that was made after that
statement is not older, whatever the venue's clock says.
"""

from math import isfinite

from market.clock import SECOND_NS
from market.messages import Fill, Funding, Link, OrderState, OrderUpdate, Statement
from operators.execution.account import Account, Key
from operators.execution.ledger import Ledger
from operators.execution.orders import LEGAL, WorkingOrder, is_open
from operators.execution.outside import MOST_FOREIGN, Dealings, Outside
from operators.execution.reconcile import judge
from operators.execution.taking import take_back, take_fill, take_heard, take_transfer
from operators.execution.updates import told, traded
from operators.risk.switch import Event

Word = OrderUpdate | Fill | Funding | Link | Statement
MOST_MONEY = 1e15  # quote currency; a larger price, size or amount is no word to believe


def hear(account: Account, word: Word, ledger: Ledger, outside: Outside) -> set[Key] | None:
    """Take a word in; instruments with news, None: all of them."""
    dealings = account.dealings
    if dealings is None or word.account != account.name:
        return set()
    if isinstance(word, OrderUpdate):
        return _update(account, dealings, word, ledger)
    if isinstance(word, Fill):
        return _fill(account, dealings, dealings.numbers.named(word), ledger)
    if isinstance(word, Funding):
        return _payment(account, dealings, word, ledger)
    if isinstance(word, Statement):
        dealings.pending = word
    else:
        _link(dealings, word, ledger)
    if dealings.linked and dealings.pending is not None:
        statement, dealings.pending = dealings.pending, None
        judge(account, dealings, statement, ledger, outside)
    return None


def watch_silence(account: Account, ledger: Ledger, outside: Outside) -> set[Key]:
    """Orders that nothing is heard of become UNKNOWN; old ones are taken back, again and again; who has news."""
    dealings = account.dealings
    assert dealings is not None
    news = set()
    for name, key in list(dealings.working.items()):
        working = account.lines[key].working[name]
        waited_ns = account.time_ns - working.submitted_ns
        if working.state is OrderState.SUBMITTED and waited_ns > outside.answer_s * SECOND_NS:
            ledger.event(Event("silent_order", "no answer", {"waited_s": waited_ns / SECOND_NS}), account.time_ns, key,
                         name)  # fmt: skip
            heard = told(working, OrderState.UNKNOWN, 0.0, account.lines[key].quote.lot_size)
            take_heard(account, key, heard, ledger, account.time_ns, "no answer")
            working = heard.working
            news.add(key)
        if not is_open(working):
            continue
        asked_ns = working.cancel_ns
        if asked_ns is None and waited_ns >= outside.time_in_force_s * SECOND_NS:
            take_back(account, account.lines[key], working, "time in force", ledger)
        elif asked_ns is not None and account.time_ns - asked_ns >= outside.cancel_retry_s * SECOND_NS:
            take_back(account, account.lines[key], working, "no end heard", ledger)
    return news


def _update(account: Account, dealings: Dealings, update: OrderUpdate, ledger: Ledger) -> set[Key]:
    name = update.client_order_id
    at = dealings.working.get(name)
    working = dealings.ended.get(name) if at is None else account.lines[at].working[name]
    if working is None:
        return _foreign(account, dealings, update, ledger)
    dealings.numbers.learn(update)
    key = (working.order.venue, working.order.instrument)
    heard = told(working, update.state, update.filled, account.lines[key].quote.lot_size)
    take_heard(account, key, heard, ledger, update.time_ns, update.reason)
    return {key}


def _foreign(account: Account, dealings: Dealings, update: OrderUpdate, ledger: Ledger) -> set[Key]:
    """An order that is not of this flow."""
    name, key = update.client_order_id, (update.venue, update.instrument)
    if not LEGAL[update.state]:
        dealings.asked_back.pop(name, None)
        return {key} if dealings.foreign.pop(name, None) and key in account.lines else set()
    if update.state is OrderState.UNKNOWN or update.origin == "executor":
        return set()
    if name not in dealings.foreign:
        ledger.event(Event("foreign_order", update.state.value, {"filled": update.filled}), update.time_ns, key, name)
    if len(dealings.foreign) < MOST_FOREIGN:
        dealings.foreign[name] = key
    return set()


def _fill(account: Account, dealings: Dealings, fill: Fill, ledger: Ledger) -> set[Key]:
    key, name = (fill.venue, fill.instrument), fill.client_order_id
    if not _sound(fill):
        values = {"price": fill.price, "size": fill.size, "fee": fill.fee}
        ledger.event(Event("malformed_fill", fill.fill_id, values), fill.time_ns, key, name)
        return set()
    verdict = dealings.seen.verdict(f"fill {fill.fill_id}", fill.time_ns)
    if verdict == "repeat":
        return set()
    line = account.lines.get(key)
    covered_ns = max(dealings.opened_ns, line.adopted_ns if line is not None else 0)
    is_held = fill.time_ns < covered_ns and not _is_ordered_since(account, dealings, fill, covered_ns)
    if verdict == "too_old" or is_held or not dealings.opened_ns:
        reason = "too old to tell from a repeat" if verdict == "too_old" else "a statement holds it"
        values = {"price": fill.price, "side": float(fill.side), "size": fill.size}
        ledger.event(Event("fill_not_counted", f"{fill.fill_id}: {reason}", values), fill.time_ns, key, name)
        if verdict == "new":
            _trade_order(account, dealings, fill, ledger)
        return {key} if line is not None else set()
    if line is None or key in dealings.unpriced:
        held, price = dealings.unpriced.get(key, (0.0, fill.price))
        dealings.unpriced[key] = (held + fill.side * fill.size, price)
        ledger.event(Event("unpriced_position", "fill without a quote", {"size": held}), fill.time_ns, key, name)
        return set()
    line.filled_ns = account.time_ns
    if not _trade_order(account, dealings, fill, ledger):
        values = {"price": fill.price, "side": float(fill.side), "size": fill.size}
        ledger.event(Event("foreign_fill", fill.fill_id, values), fill.time_ns, key, name)
    take_fill(account, line, fill, ledger)
    if line.suspect is not None and abs(line.suspect.told - line.holding.size) < 0.5 * line.quote.lot_size:
        line.suspect = None
    return {key}


def _trade_order(account: Account, dealings: Dealings, fill: Fill, ledger: Ledger) -> bool:
    """Let a fill move its order; whether there is one of that id, instrument and side."""
    key, working = (fill.venue, fill.instrument), _order_of(account, dealings, fill)
    if working is None:
        return False
    dealings.numbers.learn(fill)
    heard = traded(working, fill.size, account.lines[key].quote.lot_size)
    take_heard(account, key, heard, ledger, fill.time_ns, "")
    return True


def _is_ordered_since(account: Account, dealings: Dealings, fill: Fill, time_ns: int) -> bool:
    """Whether the order of a fill was made only then, or later: no statement of that time holds it."""
    working = _order_of(account, dealings, fill)
    return working is not None and working.submitted_ns >= time_ns


def _order_of(account: Account, dealings: Dealings, fill: Fill) -> WorkingOrder | None:
    """The order of a fill, by id, instrument and side."""
    name, key = fill.client_order_id, (fill.venue, fill.instrument)
    working = account.lines[key].working.get(name) if key in account.lines else None
    working = working or dealings.ended.get(name)
    if working is None or (working.order.venue, working.order.instrument, working.order.side) != (*key, fill.side):
        return None
    return working


def _sound(fill: Fill) -> bool:
    """Whether a fill can be believed."""
    amounts = (fill.price, fill.size, fill.price * fill.size, abs(fill.fee))
    return all(isfinite(one) and one < MOST_MONEY for one in amounts) and fill.price > 0 and fill.size > 0


def _payment(account: Account, dealings: Dealings, payment: Funding, ledger: Ledger) -> set[Key]:
    """Money that came or went; before the first statement it is in the cash that this one tells."""
    key = (payment.venue, payment.instrument)
    if not (isfinite(payment.amount) and abs(payment.amount) < MOST_MONEY):
        ledger.event(Event("malformed_payment", payment.payment_id, {}), payment.time_ns, key)
        return set()
    verdict = dealings.seen.verdict(f"payment {payment.payment_id}", payment.time_ns)
    if verdict == "repeat" or not dealings.opened_ns:
        return set()
    if verdict == "too_old" or payment.time_ns < dealings.cash_adopted_ns:
        event = Event("payment_not_counted", payment.payment_id, {"amount": payment.amount})
        ledger.event(event, payment.time_ns, key)
        return set()
    if payment.kind == "transfer":
        take_transfer(account, payment.amount)
        dealings.transferred += payment.amount
    account.adjusted += payment.amount
    ledger.posting(account.books.payment(payment))
    return set()


def _link(dealings: Dealings, link: Link, ledger: Ledger) -> None:
    """Whether orders can be sent; after it was down, a statement must be heard first."""
    linked = link.state == "up"
    if linked != dealings.linked:
        ledger.event(Event(f"link_{link.state}", link.reason, {}), link.time_ns)
    dealings.linked = linked
    if not linked:
        dealings.stated, dealings.pending = False, None
