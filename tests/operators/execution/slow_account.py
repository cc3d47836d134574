"""A paper account the slow obvious way: one class, plain numbers, every rule of the stage written once more.

Cash is counted, not profit: a position's profit is what its fills paid and got, plus what it is worth now.
"""

import math
from decimal import ROUND_DOWN, Decimal
from typing import Any

from market.decisions import Decisions
from market.messages import Command, Quote, Target, client_order_id
from operators.execution.terms import Terms
from tests.operators.execution.slow_books import SlowBooks
from tests.operators.execution.slow_risk import SlowRisk, faded

SECOND = 1_000_000_000


class SlowLine:
    def __init__(self) -> None:
        self.quote: Any = None
        self.mark = self.average = self.realised = self.fees = 0.0
        self.lots = 0  # held
        self.target: Target | None = None
        self.target_offset = 0
        self.decided: Any = None  # when the wanted size was found, and the mid then
        self.wanted: int | None = None  # lots
        self.order: dict[str, Any] | None = None
        self.eaten: dict[int, tuple[float, float, int]] = {}  # side → price, size, lots taken
        self.not_before = self.refusals = 0
        self.thin: list[float] = []  # notional at the best prices of every good quote, the thinner side
        self.approved: list[float] = []  # notional of every order

    def value(self, lots: float, price: float) -> float:
        size = lots * self.quote.lot_size * self.quote.contract_size
        return size if self.quote.inverse else size * price

    def profit(self, lots: int, price: float) -> float:
        if lots == 0:
            return 0.0
        if self.quote.inverse:
            return self.value(lots, price) * (price / self.average - 1)
        return self.value(lots, price) - self.value(lots, self.average)

    def gained(self, lots: int) -> float:
        """By equity if the price doubled; what is not held yet is bought at the mark."""
        if not self.quote.inverse:
            return self.value(lots, self.mark)
        kept = max(min(lots, self.lots), 0) if lots > 0 else min(max(lots, self.lots), 0)
        return self.profit(kept, 2 * self.mark) - self.profit(kept, self.mark) + self.value(lots - kept, self.mark)

    def most(self) -> float:
        after = self.lots + (self.order["side"] * (self.order["lots"] - self.order["done"]) if self.order else 0)
        return self.value(max(abs(self.lots), abs(after)), self.mark)


class SlowAccount:
    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.lines: dict[str, SlowLine] = {}
        self.waiting: dict[str, tuple[Target, int]] = {}
        self.state, self.peak, self.warned, self.now = "active", terms.capital, False, 0
        tables = ("orders", "intents", "fills", "positions", "ledger", "accounts", "risk_events")
        self.rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in tables}
        self.books = SlowBooks()
        self.risk = None if terms.risk is None else SlowRisk(terms)
        self.measured: list[dict[str, Any]] = []  # tables of each measurement
        self.dawn, self.day = terms.capital, -1  # equity at the beginning of the day
        self.told: Any = None

    def take(self, item: Decisions) -> None:
        self.item, self.count = item, dict.fromkeys(self.rows, 0)
        news: dict[str, SlowLine] = {}
        before = self.state
        commands = []
        day = max((self.now, *(message.time_ns for message in item.messages))) // (86_400 * SECOND)
        if item.messages and day != self.day:
            self.dawn, self.day = self.equity, day
        for message in item.messages:
            self.now = max(self.now, message.time_ns)
            if self.risk is not None and isinstance(message, Quote):
                self.risk.hear(message, self.good(message))
            line = self.lines.get(message.instrument)
            if isinstance(message, Quote) and not (line and message.time_ns < line.quote.time_ns):
                news[message.instrument] = self.hear_quote(message)
            if isinstance(message, Target):
                if line is None:
                    self.waiting[message.instrument] = (message, item.offset)
                else:
                    line.target, line.wanted, line.not_before, line.refusals = message, None, 0, 0
                    line.target_offset = item.offset
                    news[message.instrument] = line
            if isinstance(message, Command) and message.account == self.terms.account:
                commands.append(message)
        if item.messages and not self.rows["ledger"]:
            self.post("opening", "", None, self.now, self.books.pay("capital", self.terms.capital))
        for command in commands:
            self.hear_command(command)
        self.watch()
        if self.state != before:
            for line in self.lines.values():
                line.not_before = line.refusals = 0
        scale = self.scale
        if item.messages and self.risk is not None and self.risk.due(self.now, self.equity, self.peak):
            self.measured.append(self.risk.measured(self, self.terms.account, item.receive_time, item.offset))
        if self.scale != scale:
            for line in self.lines.values():
                line.not_before = line.refusals = 0
        for line in list((self.lines if self.state != before or self.scale != scale else news).values()):
            self.pursue(line)
        if (self.now // SECOND, self.state) != self.told and self.now:
            self.told = (self.now // SECOND, self.state)
            gross = sum(line.most() for line in self.lines.values())
            numbers = self.equity, float(self.books.accounts["cash"]), 1 - self.equity / self.peak, gross
            self.rows["accounts"].append(
                (self.terms.account, self.now, item.receive_time, self.state, *numbers, 1, item.offset)
            )

    @property
    def scale(self) -> float:
        return 1.0 if self.risk is None else self.risk.measure.target_scale

    def post(self, kind: str, reference: str, who: Any, time: int, entries: list[Any]) -> None:
        for book, amount in entries:
            self.write("ledger", who, time, kind, reference, book, amount)

    def good(self, quote: Quote) -> bool:
        return quote.valid and 0 < quote.bid_price < quote.ask_price

    def write(self, table: str, who: Any, time: int, *values: Any) -> None:
        number = () if table == "fills" else (self.count[table],)
        head = (
            self.terms.account,
            who.venue if who else "",
            who.instrument if who else "",
            time,
            self.item.receive_time,
        )
        self.rows[table].append((*head, *values, self.item.offset, *number))
        self.count[table] += 1

    def hear_quote(self, quote: Quote) -> SlowLine:
        line = self.lines.setdefault(quote.instrument, SlowLine())
        line.quote = quote
        line.target, line.target_offset = self.waiting.pop(quote.instrument, (line.target, line.target_offset))
        if self.good(quote):
            line.mark = (quote.bid_price + quote.ask_price) / 2
            line.thin.append(
                min(line.value(size / quote.lot_size, price) for size, price in (
                    (quote.bid_size, quote.bid_price), (quote.ask_size, quote.ask_price)
                ))
            )  # fmt: skip
        if line.order is not None:
            self.settle(line, line.order, quote)
        return line

    def settle(self, line: SlowLine, order: dict[str, Any], quote: Quote) -> None:
        latency = self.terms.venue.latency_ms * 1e6
        if quote.time_ns < order["sent"] + latency:
            return None
        if not order["accepted"]:
            order["accepted"] = True
            self.enter(line, "accepted")
        if order["cancel"] is not None and quote.time_ns >= order["cancel"] + latency:
            return self.enter(line, "cancelled", done=True)
        if quote.time_ns >= order["sent"] + latency + self.terms.venue.time_in_force_s * SECOND:
            return self.enter(line, "expired", done=True)
        side = order["side"]
        price, shown = (quote.ask_price, quote.ask_size) if side > 0 else (quote.bid_price, quote.bid_size)
        eaten = line.eaten.get(side, (0.0, 0.0, 0))
        taken = eaten[2] if eaten[:2] == (price, shown) else 0
        line.eaten[side] = (price, shown, taken)
        lots = min(order["lots"] - order["done"], math.floor(shown / quote.lot_size + 1e-9) - taken)
        if self.good(quote) and side * (price - order["limit"]) <= 0 and lots > 0:
            line.eaten[side] = (price, shown, taken + lots)
            self.fill(line, order, price, lots)
        return None

    def fill(self, line: SlowLine, order: dict[str, Any], price: float, lots: int) -> None:
        order["done"] += lots
        order["fills"] += 1
        full = order["done"] == order["lots"]
        fee = line.value(lots, price) * self.terms.venue.fees.at(line.quote.venue) / 10_000
        size, side, quote = lots * line.quote.lot_size, order["side"], line.quote
        self.enter(line, "filled" if full else "partially_filled", done=full)
        self.write(
            "fills", quote, quote.time_ns, f"{order['id']}-{order['fills']}", order["id"], side, price, size, fee
        )
        symbol = (quote.venue, quote.instrument)
        entries = self.books.fill(symbol, side, price, size, fee, quote.contract_size, quote.inverse)
        self.post("fill", f"{order['id']}-{order['fills']}", quote, quote.time_ns, entries)
        line.fees += fee
        closing = min(lots, abs(line.lots)) if line.lots * side < 0 else 0
        if closing:
            line.realised += line.profit(-side * closing, price)
            line.lots += side * closing
        opening = lots - closing
        if opening:
            held = abs(line.lots)
            weigh = (lambda p: 1 / p) if quote.inverse else (lambda p: p)
            mean = (held * (weigh(line.average) if held else 0) + opening * weigh(price)) / (held + opening)
            line.average = weigh(mean)
            line.lots += side * opening
        line.average = line.average if line.lots else 0.0
        self.write(
            "positions", quote, quote.time_ns, line.lots * quote.lot_size, line.average, line.mark,
            line.realised - line.fees, line.profit(line.lots, line.mark), line.fees,
        )  # fmt: skip

    def enter(
        self, line: SlowLine, state: str, *, done: bool = False, reason: str = "", time: int | None = None
    ) -> None:
        order = line.order
        assert order is not None
        size = order["lots"] * line.quote.lot_size
        when = line.quote.time_ns if time is None else time
        self.write("orders", line.quote, when, order["id"], order["side"], size, order["limit"], state, reason)
        if done:
            line.order = None

    @property
    def equity(self) -> float:
        return self.terms.capital + sum(
            line.realised - line.fees + line.profit(line.lots, line.mark) for line in self.lines.values()
        )

    def hear_command(self, command: Command) -> None:
        said = {"halt": "halted", "reduce": "reducing", "resume": "resumed"}[command.action]
        self.write("risk_events", None, self.now, said, command.reason, "")
        self.state = {"halted": "halted", "reducing": "reducing", "resumed": "active"}[said]
        if said == "resumed":
            self.peak, self.warned = self.equity, False
            self.dawn = self.equity

    def watch(self) -> None:
        if self.state == "active" and self.equity > self.peak:
            self.peak, self.warned = self.equity, False
        lost = 1 - self.equity / self.peak
        share = 1.0 if self.terms.risk is None else self.terms.risk.reserve.reducing_share
        if self.state == "active" and lost >= share * self.terms.limits.max_drawdown:
            self.state = "reducing"
            self.write("risk_events", None, self.now, "reducing", "drawdown", "")
        if self.state == "active" and lost >= 0.8 * self.terms.limits.max_drawdown and not self.warned:
            self.warned = True
            self.write("risk_events", None, self.now, "warning", "drawdown", "")
        if self.state == "reducing" and all(line.lots == 0 and line.order is None for line in self.lines.values()):
            self.state = "halted"
            self.write("risk_events", None, self.now, "halted", "flat after reducing", "")

    def pursue(self, line: SlowLine) -> None:
        quote, order = line.quote, line.order
        mid = (quote.bid_price + quote.ask_price) / 2
        if line.wanted is None and line.target is not None and self.good(quote):
            line.wanted = int(line.target.notional / line.value(1, mid) + math.copysign(1e-9, line.target.notional))
            line.decided = (self.now, mid)
        wanted = 0 if self.state == "reducing" else line.wanted
        if wanted:
            wanted = int(wanted * self.scale + math.copysign(1e-9, wanted))
        if order is not None:
            after = line.lots + order["side"] * (order["lots"] - order["done"])
            beyond = wanted is not None and order["side"] * (after - wanted) > 0
            if order["cancel"] is None and (self.state == "halted" or beyond):
                order["cancel"] = self.now
            return
        if self.state == "halted" or self.now < line.not_before or wanted in (None, line.lots) or not self.good(quote):
            return
        paced = wanted
        if line.lots * wanted < 0:
            wanted = 0
        side = 1 if wanted > line.lots else -1
        limit = self.limit(side, quote)
        largest = self.largest(line, side, shrinks=abs(wanted) < abs(line.lots))
        most = math.floor(largest / line.value(1, max(limit, mid)) + 1e-9)
        lots = min(abs(wanted - line.lots), most)
        if lots > 0 and line.value(lots, limit) >= self.terms.manner.min_notional:
            self.attempt(line, side, lots, limit, paced)

    def largest(self, line: SlowLine, side: int, *, shrinks: bool) -> float:
        fixed, quote = self.terms.limits, line.quote
        if self.risk is None or shrinks:
            return fixed.max_order_notional
        limits = [
            self.risk.measure.limits((quote.venue, quote.instrument)).max_order_notional,
            fixed.max_depth_share * self.shown(line, side) * (1 - 1e-9),
        ]
        if len(line.approved) >= 20:
            limits.append(fixed.max_typical_multiple * faded(line.approved, 0.05) * (1 - 1e-9))
        moved = self.risk.measure.limits((quote.venue, quote.instrument))
        mid, gross = (quote.bid_price + quote.ask_price) / 2, sum(one.most() for one in self.lines.values())
        dearer = (1 + self.terms.manner.slippage_bps / 10_000) * quote.ask_price / mid
        room = min(
            moved.max_position_notional - line.most() * dearer,
            moved.max_gross_notional - gross * dearer,
            moved.max_leverage * self.equity - gross * dearer,
        )
        return min(limits) if room < self.terms.manner.min_notional else min(*limits, room * (1 - 1e-9))

    def shown(self, line: SlowLine, side: int) -> float:
        quote = line.quote
        size, price = (quote.ask_size, quote.ask_price) if side > 0 else (quote.bid_size, quote.bid_price)
        return line.value(size / quote.lot_size, price)

    def limit(self, side: int, quote: Quote) -> float:
        tick = Decimal(str(quote.tick_size))
        touch = Decimal(str(quote.ask_price if side > 0 else quote.bid_price))
        offset = touch * Decimal(str(self.terms.manner.slippage_bps)) / 10_000
        return float(touch + side * (offset / tick).to_integral_value(ROUND_DOWN) * tick)

    def attempt(self, line: SlowLine, side: int, lots: int, limit: float, paced: int) -> None:
        reason = self.objection(line, side, lots, limit)
        manner, quote = self.terms.manner, line.quote
        refusals = 0 if self.state == "reducing" else line.refusals
        wait = min(manner.retry_s * 2**refusals, manner.max_retry_s)
        line.not_before = self.now + round(wait * SECOND)
        number = client_order_id(self.terms.account, quote.venue, quote.instrument, self.item.offset)
        why = line.target.reason if line.target is not None and self.state != "reducing" else "reducing"
        head = (number, side, lots * quote.lot_size, limit, reason, why, "at_once", self.state)
        if self.state == "reducing":
            aim: tuple[Any, ...] = (0, 0.0, 0.0, 0.0)
            when = (self.now, (quote.bid_price + quote.ask_price) / 2)
        else:
            assert line.target is not None
            assert line.wanted is not None
            wanted = line.wanted * quote.lot_size
            aim, when = (line.target_offset, line.target.notional, wanted, paced * quote.lot_size), line.decided
        shown = (quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size, quote.contract_size, quote.inverse)
        held = (line.lots * quote.lot_size, 0.0)
        self.write("intents", quote, self.now, *head, *aim, *held, *when, *shown, 1.0, self.equity)
        if reason:
            line.refusals += 1
            self.write("risk_events", quote, self.now, "refused", reason, number)
            return
        line.refusals = 0
        line.approved.append(line.value(lots, max(limit, (quote.bid_price + quote.ask_price) / 2)))
        line.order = {"id": number, "side": side, "lots": lots, "limit": limit, "sent": self.now, "cancel": None,
                      "accepted": False, "done": 0, "fills": 0}  # fmt: skip
        self.enter(line, "submitted", reason=why, time=self.now)

    def objection(self, line: SlowLine, side: int, lots: int, limit: float) -> str:
        limits, quote = self.terms.limits, line.quote
        key = (quote.venue, quote.instrument)
        mid = (quote.bid_price + quote.ask_price) / 2
        reducing = side * line.lots < 0 and lots <= abs(line.lots)
        after = line.value(max(abs(line.lots), abs(line.lots + side * lots)), max(limit, mid))
        if self.risk is not None and not reducing:
            limits = self.risk.measure.limits(key)
        others = sum(one.most() for one in self.lines.values() if one is not line)
        if self.state == "reducing" and not reducing:
            return "kill_switch"
        if (self.now - quote.time_ns) / SECOND > limits.max_quote_age_s:
            return "quote_age_s"
        if abs(limit / mid - 1) * 10_000 > limits.price_band_bps:
            return "price_band_bps"
        if line.value(lots, max(limit, mid)) > limits.max_order_notional:
            return "order_notional"
        if not reducing and after > limits.max_position_notional:
            return "position_notional"
        if not reducing and after + others > limits.max_gross_notional:
            return "gross_notional"
        if self.risk is None or reducing:
            return ""
        size = line.value(lots, max(limit, mid))
        if len(line.approved) >= 20 and size > limits.max_typical_multiple * faded(line.approved, 0.05):
            return "typical_multiple"
        if size > limits.max_depth_share * self.shown(line, side):
            return "depth_share"
        if (after + others) / self.equity > limits.max_leverage:
            return "leverage"
        book = {(one.quote.venue, name): one.gained(one.lots) for name, one in self.lines.items()}
        risk = self.risk.measure.book_risk(key, book)
        if risk is None:
            return ""
        variance = risk.variance + 2 * side * size * risk.covariance + size * size * risk.own_variance
        share = risk.multiple * math.sqrt(max(variance, risk.variance)) / self.equity
        return "var_share" if share > limits.max_var_share else ""
