"""Everything that moves money at an outside venue, at random, through the stage and into the slow books beside it.

Fills of orders of ours and of others, makers and takers, rebates; funding, interest, dividends, fees, deposits and
withdrawals; words that come twice or after a statement that holds them; statements that agree, that differ while
something is in flight, and that the account must adopt: lost fills, executions taken back, corrected money.

The slow books hear what should count and nothing of how the stage decides that.
"""

import random
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Any

from market.messages import Approved, Fill, Funding, Held, Link, OrderState, OrderUpdate, Quote, Side, Statement, Target
from operators.execution import trade
from operators.execution.outside import Outside
from tests.operators.execution.outside_desk import LIMITS, TERMS
from tests.operators.execution.slow_books import SlowBooks, fraction, rounded
from tests.operators.portfolio.decision_stream import SECOND, START, VENUE, item

CONTRACTS: dict[str, dict[str, Any]] = {
    "BTCUSDT": {"tick_size": 0.1, "lot_size": 0.001},
    "PEPEUSDT": {"tick_size": 1e-8, "lot_size": 1.0},
    "TENTHUSDT": {"tick_size": 0.01, "lot_size": 0.1, "contract_size": 0.1},
    "BTCUSD_PERP": {"tick_size": 0.5, "lot_size": 1.0, "contract_size": 100.0, "inverse": True},
    "ADAUSD_PERP": {"tick_size": 0.0001, "lot_size": 1.0, "contract_size": 10.0, "inverse": True},
}
FIRST = {"BTCUSDT": 20_000.0, "PEPEUSDT": 1.234e-5, "TENTHUSDT": 50.0, "BTCUSD_PERP": 30_000.0, "ADAUSD_PERP": 0.4}
TYPICAL = 2_000.0  # quote currency, of a trade
TOLERANCE = Fraction(1, 100)
CASH = 10_000_000.0


class MoneyWorld:
    def __init__(self, seed: int, *, margined: bool, targets: bool) -> None:
        self.rng, self.margined, self.targets = random.Random(seed), margined, targets
        limits = replace(LIMITS, max_order_notional=20_000.0, max_position_notional=1e9, max_gross_notional=1e9)
        self.stage = trade.stage(terms=replace(TERMS, limits=limits, venue=Outside(margined=margined)))
        self.account = self.stage.empty()
        self.offset, self.now, self.number, self.events = 0, START, 0, 0
        self.row: list[Any] = []  # of the journal, being filled
        self.room = 1
        self.mids = dict(FIRST)
        self.slow = SlowBooks()
        self.orders: dict[str, dict[str, Any]] = {}  # of ours, that live at the venue
        self.adopted: dict[str, int] = defaultdict(int)  # when a position was last adopted
        self.cash_adopted = 0
        self.told: list[Any] = []  # counted words that may come again
        self.ledger: dict[tuple[str, str], int] = defaultdict(int)  # sums of the table, 1e-8 of quote currency
        self.counts: dict[str, int] = defaultdict(int)
        for symbol in CONTRACTS:
            self.quote(symbol)
        self.state(CASH, [])
        self.slow.pay("capital", CASH)
        self.link("up")

    def run(self, events: int) -> None:
        """Go on until so many words about money were said."""
        kinds = {self.fill_of_ours: 40, self.fill_of_others: 25, self.pay: 12, self.repeat: 6, self.late: 3,
                 self.end: 6, self.agree: 2, self.disagree: 1, self.in_flight: 1}  # fmt: skip
        ways, shares = list(kinds), list(accumulate(kinds.values()))
        while self.events < events:
            if self.rng.random() < 0.4:
                self.quote(self.rng.choice(list(CONTRACTS)))
            if self.targets and self.rng.random() < 0.03:
                self.aim()
            self.rng.choices(ways, cum_weights=shares)[0]()

    # What is said, and what it should do.

    def say(self, *messages: Any) -> None:
        """Words go into one row of the journal until it is full."""
        self.row += messages
        if len(self.row) >= self.room:
            self.flush()

    def flush(self) -> None:
        self.offset += 1
        given, self.row, self.room = item(self.offset, *self.row), [], self.rng.choice([1, 3, 20, 100])
        done = self.stage.advance(self.account, given)
        if "ledger" in done.tables:
            self.posted(done.tables["ledger"])
        for one in done.messages[len(given.messages) :]:
            if isinstance(one, Approved):
                self.orders[one.order.client_order_id] = {"order": one.order, "left": one.order.size, "new": True}

    def posted(self, rows: Any) -> None:
        """Every row of the journal moves the books in balance; debits are credits."""
        amounts = [int(amount.scaleb(8)) for amount in rows["amount"]]
        assert sum(amount for amount in amounts if amount > 0) == -sum(amount for amount in amounts if amount < 0)
        for book, instrument, amount in zip(rows["book"], rows["instrument"], amounts, strict=True):
            self.ledger[book, instrument if book == "position" else ""] += amount

    def words(self, symbol: str = "", **more: Any) -> dict[str, Any]:
        return {"venue": VENUE, "instrument": symbol, "account": "live", "time_ns": self.now} | more

    def count(self, kind: str) -> None:
        self.events += 1
        self.counts[kind] += 1

    def quote(self, symbol: str) -> None:
        self.now += self.rng.randrange(1, SECOND // 10)
        tick = CONTRACTS[symbol]["tick_size"]
        drift = -0.001 * (self.mids[symbol] / FIRST[symbol] - 1)
        self.mids[symbol] *= 1 + drift + self.rng.gauss(0, 1e-3)
        bid = round(int(self.mids[symbol] / tick) * tick, 8)
        self.say(Quote(venue=VENUE, instrument=symbol, time_ns=self.now, bid_price=bid, bid_size=1e9,
                       ask_price=round(bid + tick, 8), ask_size=1e9, valid=True, **CONTRACTS[symbol]))  # fmt: skip

    def aim(self) -> None:
        symbol = self.rng.choice(list(CONTRACTS))
        notional = self.rng.choice([0.0, self.rng.uniform(-30_000, 30_000)])
        self.say(Target(venue=VENUE, instrument=symbol, time_ns=self.now, notional=notional, reason="random"))

    def trade(self, symbol: str, side: int, size: float, name: str) -> None:
        """An execution that the account hears of."""
        self.now, self.number = self.now + 1, self.number + 1
        price = self.rng.choice([round(self.mids[symbol], 8), self.mids[symbol] * self.rng.uniform(0.999, 1.001)])
        fee, maker = self.fee(symbol, size, price)
        fill = Fill(**self.words(symbol), fill_id=str(self.number), client_order_id=name, side=Side(side), price=price,
                    size=size, fee=fee, maker=maker)  # fmt: skip
        self.say(fill)
        self.heard(fill)
        self.remember(fill)
        self.count("fill")

    def heard(self, fill: Fill) -> None:
        symbol, kind = fill.instrument, CONTRACTS[fill.instrument]
        unit, inverse = kind.get("contract_size", 1.0), kind.get("inverse", False)
        self.slow.fill((VENUE, symbol), int(fill.side), fill.price, fill.size, fill.fee, unit, inverse)

    def fee(self, symbol: str, size: float, price: float) -> tuple[float, bool]:
        kind = CONTRACTS[symbol]
        worth = size * kind.get("contract_size", 1.0) * (1.0 if kind.get("inverse") else price)
        maker = self.rng.random() < 0.4
        rate = self.rng.choice([-1e-4, 2e-5, 0.0]) if maker else self.rng.choice([5e-4, 1e-3, 0.0])
        return worth * rate + self.rng.choice([0.0, 0.0, 0.001, 1 / 3]), maker

    def size(self, symbol: str, most: float | None = None) -> float:
        kind = CONTRACTS[symbol]
        one = kind["lot_size"] * kind.get("contract_size", 1.0) * (1.0 if kind.get("inverse") else self.mids[symbol])
        lots = max(round(self.rng.expovariate(1 / TYPICAL) / one), 1)
        if most is not None:
            lots = min(lots, round(most / kind["lot_size"]))
        return round(lots * kind["lot_size"], 8)

    def fill_of_others(self) -> str:
        symbol = self.rng.choice(list(CONTRACTS))
        held = float(self.slow.size[VENUE, symbol])
        if held and self.rng.random() < 0.2:  # flat, exactly
            self.trade(symbol, -1 if held > 0 else 1, abs(held), "")
        else:
            lean = -held * self.mids[symbol] * 1e-6
            side = 1 if self.rng.random() < 0.5 + max(min(lean, 0.2), -0.2) else -1
            self.trade(symbol, side, self.size(symbol), "")
        return symbol

    def fill_of_ours(self) -> None:
        if not self.orders:
            self.fill_of_others()
            return
        name, one = self.rng.choice(list(self.orders.items()))
        order = one["order"]
        if one.pop("new", False) and self.rng.random() < 0.7:
            self.update(name, OrderState.ACCEPTED)
        size = self.size(order.instrument, one["left"])
        one["left"] = round(one["left"] - size, 8)
        if one["left"] <= 0:
            del self.orders[name]
        self.trade(order.instrument, int(order.side), size, name)

    def update(self, name: str, state: OrderState) -> None:
        one = self.orders[name]
        order = one["order"]
        filled = round(order.size - one["left"], 8)
        self.say(OrderUpdate(**self.words(order.instrument), client_order_id=name, state=state, filled=filled,
                             origin="stream"))  # fmt: skip

    def end(self) -> None:
        """An order of ours ends with what was filled."""
        if self.orders:
            name = self.rng.choice(list(self.orders))
            self.update(name, self.rng.choice([OrderState.CANCELLED, OrderState.EXPIRED]))
            self.orders.pop(name, None)

    def pay(self) -> None:
        self.now, self.number = self.now + 1, self.number + 1
        kind = self.rng.choices(["funding", "interest", "dividend", "transfer", "fee"], [60, 10, 10, 10, 10])[0]
        amount = self.rng.gauss(0, 300.0 if kind == "transfer" else 3.0)
        symbol = self.rng.choice(list(CONTRACTS)) if kind in ("funding", "dividend") else ""
        payment = Funding(**self.words(symbol), payment_id=str(self.number), kind=kind, amount=amount)
        self.say(payment)
        self.slow.pay("fees" if kind == "fee" else kind, amount)
        self.remember(payment)
        self.count("payment")

    def remember(self, word: Any) -> None:
        self.told.append(word)
        del self.told[:-200]

    def repeat(self) -> None:
        """A word that was counted comes once more."""
        if self.told:
            self.say(self.rng.choice(self.told))
            self.count("repeat")

    def late(self) -> None:
        """An execution or a payment that an adopted statement holds already, heard only now."""
        self.number += 1
        symbol = self.rng.choice(list(CONTRACTS))
        if self.rng.random() < 0.5 and self.adopted[symbol]:
            time_ns = self.adopted[symbol] - self.rng.randrange(1, 1_000)
            self.say(Fill(**self.words(symbol, time_ns=time_ns), fill_id=str(self.number), client_order_id="",
                          side=Side.BUY, price=self.mids[symbol], size=self.size(symbol), fee=1.0))  # fmt: skip
        elif self.cash_adopted:
            time_ns = self.cash_adopted - self.rng.randrange(1, 1_000)
            self.say(Funding(**self.words(time_ns=time_ns), payment_id=str(self.number), kind="funding", amount=7.0))
        else:
            return
        self.count("late")

    # Statements.

    def state(self, cash: float, positions: list[Held]) -> None:
        self.now += 1
        names = tuple(self.orders)
        self.say(Statement(**self.words(), cause="timer", positions=tuple(positions), open_orders=names, cash=cash))

    def link(self, state: Any) -> None:
        self.say(Link(**self.words(), state=state, reason="test"))

    def ours(self) -> tuple[float, list[Held]]:
        """The account as the slow books have it."""
        held = [Held(key[1], float(size), self.average(key)) for key, size in self.slow.size.items() if size]
        return float(self.cash), held

    @property
    def cash(self) -> Fraction:
        """As the venue counts it."""
        return self.slow.accounts["cash"] + (sum(self.slow.cost.values()) if self.margined else 0)

    def average(self, key: tuple[str, str]) -> float:
        unit, size = fraction(CONTRACTS[key[1]].get("contract_size", 1.0)), self.slow.size[key]
        inverse = CONTRACTS[key[1]].get("inverse", False)
        return float(size * unit / self.slow.coins[key] if inverse else self.slow.cost[key] / (size * unit))

    def agree(self) -> None:
        cash, held = self.ours()
        self.state(cash + self.rng.choice([0.0, 0.004, -0.004]), held)
        self.count("statement")

    def changed(self, symbols: list[str]) -> tuple[float, list[Held]]:
        """The venue knows better: executions that were lost or taken back, money that was corrected."""
        cash, held = self.ours()
        by_symbol = {one.instrument: one for one in held}
        for symbol in symbols:
            before = by_symbol.pop(symbol, None)
            size = round((before.size if before else 0.0) + self.rng.choice([-1, 1]) * self.size(symbol), 8)
            if size and self.rng.random() < 0.8:
                by_symbol[symbol] = Held(symbol, size, self.mids[symbol] * self.rng.uniform(0.99, 1.01))
        cash += self.rng.choice([0.0, self.rng.gauss(0, 100.0), 0.02, -0.02])
        return cash, list(by_symbol.values())

    def adopt(self, cash: float, held: list[Held]) -> None:
        """What the slow books do with a statement that is believed."""
        found = {one.instrument: one for one in held}
        for symbol, kind in CONTRACTS.items():
            one = found.get(symbol, Held(symbol, 0.0, 0.0))
            if fraction(one.size) != self.slow.size[VENUE, symbol]:
                unit, inverse = kind.get("contract_size", 1.0), kind.get("inverse", False)
                self.slow.adopt((VENUE, symbol), one.size, one.average_price, unit, inverse)
                self.adopted[symbol] = self.now
        more = rounded(fraction(cash)) - self.cash
        if abs(more) > TOLERANCE:
            self.slow.move("cash", "adopted", more)
            self.cash_adopted = self.now

    def quieten(self) -> None:
        """No order lives, nothing is made, and no fill was heard for long enough; the link is down then."""
        self.link("down")
        while self.orders:
            self.end()
        self.now += 6 * SECOND
        self.quote("BTCUSDT")

    def disagree(self) -> None:
        """A statement after the link broke: all that differs is adopted."""
        self.quieten()
        told = self.changed(self.rng.sample(list(CONTRACTS), self.rng.choice([0, 1, 1, 2])))
        self.state(*told)
        self.adopt(*told)
        self.link("up")
        self.told = []  # repeats of what is older than the statement are `late`
        self.count("adoption")

    def in_flight(self) -> None:
        """A difference while a fill was heard just now: adopted only when two statements in a row tell it."""
        symbol = self.fill_of_others()
        told = self.changed([symbol])
        self.state(*told)
        self.count("statement")
        if self.rng.random() < 0.5:
            self.state(*told)
            self.adopt(*told)
            self.told = []
            self.count("adoption")
        else:
            self.agree()

    # What must hold.

    def check(self) -> None:
        """Every account of the books, of the table and of the slow books is the same to the last digit."""
        self.flush()
        slow, books = self.slow, self.account.books
        expected = {(book, ""): amount for book, amount in slow.accounts.items() if book != "position"}
        expected |= {("position", key[1]): cost for key, cost in slow.cost.items()}
        quanta = {key: int(amount * 10**8) for key, amount in expected.items()}
        assert {key: amount for key, amount in self.ledger.items() if amount} == {k: a for k, a in quanta.items() if a}
        told = {(book, ""): amount for book, amount in books.totals.items()}
        told |= {("position", key[1]): carried.cost for key, carried in books.positions.items()}
        assert {key: amount for key, amount in told.items() if amount} == {k: a for k, a in quanta.items() if a}
        assert slow.trial_balance() == 0 == books.balance == sum(self.ledger.values())
        sizes = {key: size for key, size in slow.size.items() if size}
        assert {key: Fraction(carried.size) for key, carried in books.positions.items()} == sizes
        lines = self.account.lines
        assert {key: fraction(line.holding.size) for key, line in lines.items() if line.holding.size} == sizes
        for key, coins in slow.coins.items():
            carried = books.positions.get(key)
            if CONTRACTS[key[1]].get("inverse"):
                assert abs(Fraction(carried.coins if carried else 0) - coins) < Fraction(1, 10**15)
        self.check_equity()

    def check_equity(self) -> None:
        """What the account is judged by, in floats, is what the books say, to a tenth of a cent."""
        marks = {key: line.mark_price for key, line in self.account.lines.items()}
        kinds = {key: (CONTRACTS[key[1]].get("contract_size", 1.0), CONTRACTS[key[1]].get("inverse", False))
                 for key in marks}  # fmt: skip
        slow = self.slow.equity(marks, kinds)
        assert abs(fraction(self.account.equity) - slow) < Fraction(1, 1_000)
        by_books = Decimal(self.account.books.cash).scaleb(-8) + sum(
            (self.account.books.worth(key, line.contract, line.mark_price) for key, line in self.account.lines.items()),
            Decimal(0),
        )
        assert abs(Fraction(by_books) - slow) < Fraction(1, 10**8)
