"""Double entry of everything an account owns, exactly: whole numbers of `QUANTUM`, debits above 0, credits below.

Books: `cash`, `position` (of each instrument, at cost), `capital`, `realised` (profit of what was closed), `fees`,
`funding`, `interest`, `dividend`, `transfer` and `adopted` (what a venue's statement told that nothing else explains).
Every posting sums to 0, so all books together always do. What is owned is cash + positions at their marks.

A float of a message is taken for the shortest decimal that reads as it, price × size is exact, and only the product is
rounded, once, to the quantum (half to even); the last lot closed takes what is left of the cost, so no dust remains.
Positions are carried at average cost. An inverse contract is carried at its notional together with the coins that it
stands for, size × contract_size / price: its profit is what the coins are worth at the closing price less the notional.

An adopted position is exchanged for cash at its average price, and what the statement's cash differs then is `adopted`.
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from market.messages import Fill, Funding, Side
from operators.execution.holding import Contract

Key = tuple[str, str]  # venue, instrument
QUANTUM_DIGITS = 8
QUANTUM = Decimal(1).scaleb(-QUANTUM_DIGITS)  # quote currency
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_COIN = Decimal(1).scaleb(-24)


class Entry(NamedTuple):
    """One side of a posting."""

    book: str
    amount: int  # quanta; above 0: debit


class Posting(NamedTuple):
    """What happened once, from all sides; the amounts sum to 0."""

    kind: str  # opening, fill, funding, interest, dividend, transfer, fee, adopted_position or adopted_cash
    reference: str  # of the venue: fill_id, payment_id; else empty
    venue: str
    instrument: str  # empty where the whole account is meant
    time_ns: int
    entries: tuple[Entry, ...]


class Carried(NamedTuple):
    """A position in the books."""

    size: Decimal = Decimal(0)  # signed
    cost: int = 0  # quanta, signed
    coins: Decimal = Decimal(0)  # of an inverse contract, signed


@dataclass
class Books:
    """All books of one account."""

    totals: dict[str, int] = field(default_factory=dict)  # quanta by book, all but positions
    positions: dict[Key, Carried] = field(default_factory=dict)

    @property
    def cash(self) -> int:
        """Quanta."""
        return self.totals.get("cash", 0)

    @property
    def balance(self) -> int:
        """Sum of all books: 0, or something is broken."""
        return sum(self.totals.values()) + sum(carried.cost for carried in self.positions.values())

    @property
    def wallet(self) -> int:
        """Quanta of cash and of positions at cost: cash where positions are not paid from it."""
        return self.cash + sum(carried.cost for carried in self.positions.values())

    def open(self, capital: int, time_ns: int) -> Posting:
        """Begin with a capital, quanta."""
        return self._posted("opening", "", ("", ""), time_ns, Entry("cash", capital), against="capital")

    def fill(self, fill: Fill, contract: Contract) -> Posting:
        """A trade of ours, and its fee."""
        key = (fill.venue, fill.instrument)
        before = self.positions.get(key, Carried())
        after, paid, realised = _traded(before, contract, fill.side, exact(fill.price), exact(fill.size))
        self._carry(key, after)
        fee = quanta(fill.fee)
        entries = (
            Entry("position", after.cost - before.cost),
            Entry("realised", -realised),
            Entry("fees", fee),
            Entry("cash", -paid - fee),
        )
        return self._kept(Posting("fill", fill.fill_id, *key, fill.time_ns, _told(entries)))

    def payment(self, payment: Funding) -> Posting:
        """Money that came or went without a trade."""
        book = "fees" if payment.kind == "fee" else payment.kind
        key = (payment.venue, payment.instrument)
        entry = Entry("cash", quanta(payment.amount))
        return self._posted(payment.kind, payment.payment_id, key, payment.time_ns, entry, against=book)

    def adopt_position(self, key: Key, contract: Contract, size: float, average_price: float, time_ns: int) -> Posting:
        """Carry what the venue says is held, exchanged for cash at its average price."""
        before, held = self.positions.get(key, Carried()), exact(size)
        after = Carried()
        if held:
            opened, _, _ = _traded(
                after, contract, Side.BUY if held > 0 else Side.SELL, exact(average_price), abs(held)
            )
            after = opened
        self._carry(key, after)
        entry = Entry("position", after.cost - before.cost)
        return self._posted("adopted_position", "", key, time_ns, entry, against="cash")

    def adopt_cash(self, amount: int, venue: str, time_ns: int) -> Posting:
        """What the venue's cash is more than ours, quanta."""
        entry = Entry("cash", amount)
        return self._posted("adopted_cash", "", (venue, ""), time_ns, entry, against="adopted")

    def worth(self, key: Key, contract: Contract, mark_price: float) -> Decimal:
        """A position at a mark, quote currency."""
        carried = self.positions.get(key, Carried())
        held = carried.coins if contract.inverse else carried.size * exact(contract.contract_size)
        return held * exact(mark_price)

    def _carry(self, key: Key, carried: Carried) -> None:
        """A position that is closed is not carried any more; its cost is 0 then."""
        self.positions[key] = carried
        if not carried.size:
            del self.positions[key]

    def _posted(self, kind: str, reference: str, key: Key, time_ns: int, entry: Entry, *, against: str) -> Posting:
        entries = (entry, Entry(against, -entry.amount))
        return self._kept(Posting(kind, reference, *key, time_ns, _told(entries)))

    def _kept(self, posting: Posting) -> Posting:
        for book, amount in posting.entries:
            if book != "position":
                self.totals[book] = self.totals.get(book, 0) + amount
        return posting


def exact(number: float) -> Decimal:
    """The shortest decimal that reads as this float."""
    return Decimal(repr(number))


def quanta(amount: float | Decimal) -> int:
    """An amount of quote currency as whole quanta, half to even.

    >>> quanta(0.1), quanta(-1.000000005)
    (10000000, -100000000)
    """
    number = amount if isinstance(amount, Decimal) else exact(amount)
    return int(number.scaleb(QUANTUM_DIGITS, _EXACT).to_integral_value(ROUND_HALF_EVEN))


def money(amount: int) -> Decimal:
    """Whole quanta as quote currency."""
    return Decimal(amount).scaleb(-QUANTUM_DIGITS, _EXACT)


def _traded(before: Carried, contract: Contract, side: Side, price: Decimal, size: Decimal) -> tuple[Carried, int, int]:
    """The position after a trade, quanta that it cost (below 0: brought), and quanta of profit that it realised."""
    closing = min(size, abs(before.size)) if before.size * side < 0 else Decimal(0)
    carried, paid, realised = _closed(before, contract, closing, price) if closing else (before, 0, 0)
    opening = size - closing
    if opening:
        worth = opening * exact(contract.contract_size)
        coins = _EXACT.divide(worth, price).quantize(_COIN, context=_EXACT) if contract.inverse else Decimal(0)
        cost = side * quanta(worth if contract.inverse else _EXACT.multiply(worth, price))
        carried = Carried(carried.size + side * opening, carried.cost + cost, carried.coins + side * coins)
        paid += cost
    return carried, paid, realised


def _closed(before: Carried, contract: Contract, size: Decimal, price: Decimal) -> tuple[Carried, int, int]:
    """The position after a size of it was closed, quanta paid for that, quanta of profit."""
    held = abs(before.size)
    sign = 1 if before.size > 0 else -1
    if size == held:
        cost, coins = before.cost, before.coins
    else:
        part = _EXACT.divide(_EXACT.multiply(Decimal(before.cost), size), held)  # exact where it is half a quantum
        cost = int(part.to_integral_value(ROUND_HALF_EVEN))
        coins = _EXACT.divide(_EXACT.multiply(before.coins, size), held).quantize(_COIN, context=_EXACT)
    if contract.inverse:
        brought = quanta(_EXACT.multiply(coins, price))
    else:
        brought = sign * quanta(_EXACT.multiply(size * exact(contract.contract_size), price))
    after = Carried(before.size - sign * size, before.cost - cost, before.coins - coins)
    return after, -brought, brought - cost


def _told(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Entries that say something."""
    return tuple(entry for entry in entries if entry.amount)
