"""One account: everything that settle, intend, gate and submit share. Only state; what happens to it is in trade.py."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum, nan
from typing import NamedTuple

from market.clock import SECOND_NS
from market.messages import Quote, Side, Target
from operators.execution.books import Books
from operators.execution.holding import Contract, Holding, profit
from operators.execution.orders import WorkingOrder, is_open
from operators.execution.outside import Dealings, Suspect
from operators.execution.pace import Progress
from operators.execution.paper import Level
from operators.execution.urgency import Mood
from operators.risk.gate import Standing
from operators.risk.observer import Observer
from operators.risk.order_rate import OrderRate
from operators.risk.quotes import mid_price, notional
from operators.risk.running import NOTHING, Running
from operators.risk.switch import Switch

Key = tuple[str, str]  # venue, instrument
DAY_NS = 86_400 * SECOND_NS


class Decision(NamedTuple):
    """When and at which price a target was first seen with a usable quote."""

    offset: int  # row of the trading journal that the target came with
    time_ns: int
    price: float  # mid


@dataclass
class Line:
    """What the account knows of one instrument and does in it."""

    quote: Quote  # the newest, usable or not
    mark_price: float = 0.0  # mid of the newest usable quote; 0 before the first
    holding: Holding = field(default_factory=Holding)
    held: float = 0.0  # signed notional of the holding at the mark, quote currency
    target: Target | None = None  # the newest
    target_offset: int = 0  # row of the trading journal that it came with
    wanted: float | None = None  # size the target came to; None until a usable quote told
    decision: Decision | None = None  # made with `wanted`
    progress: Progress | None = None  # of its schedule
    working: dict[str, WorkingOrder] = field(default_factory=dict)  # by client order id, oldest first
    bid: Level = field(default_factory=Level)  # the touch as we last took from it
    ask: Level = field(default_factory=Level)
    attempt_ns: int = 0  # data time before which no order is tried
    refusals: int = 0  # since the last approval or target
    mood: Mood = field(default_factory=Mood)
    filled_ns: int = 0  # data time when a fill was last heard, from outside
    adopted_ns: int = 0  # time of the statement that its position was last adopted from
    suspect: Suspect | None = None  # what the newest statement told, while in doubt
    displayed: Running = NOTHING  # notional at the best prices, the thinner side
    orders: Running = NOTHING  # notional of approved orders

    @property
    def contract(self) -> Contract:
        """What a size of the instrument means."""
        return Contract(self.quote.lot_size, self.quote.contract_size, self.quote.inverse)

    @property
    def unrealised(self) -> float:
        """Profit on what is held, at the mark, quote currency; 0 before the first mark."""
        if self.mark_price == 0.0:
            return 0.0
        return profit(self.contract, self.holding.size, self.holding.average_price, self.mark_price)

    @property
    def profit(self) -> float:
        """Profit of all that was closed, after fees, and of what is held, at the mark, quote currency."""
        closed = self.holding.realised - self.holding.fees
        return closed + self.unrealised if self.holding.size else closed

    @property
    def worth(self) -> float:
        """Of what is held, at the mark, quote currency: what it cost and the profit on it."""
        return notional(self.quote, self.holding.size, self.holding.average_price) + self.unrealised

    def worth_of(self, size: float) -> float:
        """Signed notional of a signed size at the mark, quote currency."""
        return notional(self.quote, size, self.mark_price)

    @property
    def exposure(self) -> float:
        """What equity gains by a return of 1 on what is held, quote currency."""
        return self.exposed(self.holding.size) if self.quote.inverse else self.held

    def exposed(self, size: float) -> float:
        """What equity gains by a return of 1 on a signed size, quote currency: its notional, but what is held already
        of an inverse contract gains as counted from its average price.
        """
        whole, held = self.worth_of(size), self.holding.size
        if not self.quote.inverse or self.mark_price == 0.0 or held * size <= 0.0:
            return whole
        kept = held if abs(held) < abs(size) else size
        return whole + self.worth_of(kept) * (self.mark_price / self.holding.average_price - 1.0)

    def open_size(self, side: Side) -> float:
        """Size that orders of this side may still fill."""
        if not self.working:
            return 0.0
        return fsum([one.open_size for one in self.working.values() if one.order.side == side])

    def own_price(self, side: Side) -> float | None:
        """The best price of own orders of a side that may still fill; None: there are none."""
        prices = [one.order.limit_price for one in self.working.values() if one.order.side == side and is_open(one)]
        return (max if side == Side.BUY else min)(prices, default=None)

    @property
    def gross(self) -> float:
        """The most that may be held once all that works is done, absolute notional at the mark."""
        if not self.working:
            return abs(self.held)
        size = self.holding.size
        most = max(abs(size), abs(size + self.open_size(Side.BUY)), abs(size - self.open_size(Side.SELL)))
        return notional(self.quote, most, self.mark_price)


class Day(NamedTuple):
    """A day of UTC, in data time, and the equity before anything of it was heard."""

    number: int = -1
    equity: float = 0.0


@dataclass
class Account:
    """State of the stage `execution.trade`."""

    name: str
    capital: float  # equity at the start, quote currency
    switch: Switch
    dealings: Dealings | None = None  # of an outside venue; None: the paper venue
    risks: Observer | None = None  # None: risk is not measured, the fixed limits stand
    in_force: Mapping[str, float] = field(default_factory=dict)  # limits for the portfolio, when risk was last measured
    risk_usage: float = 0.0  # value at risk over its limit, then; nan: not known
    adjusted: float = 0.0  # funding, transfers and what was adopted from statements, quote currency
    time_ns: int = 0  # newest data time seen
    lines: dict[Key, Line] = field(default_factory=dict)  # bounded by the instruments of the market flow
    profits: dict[Key, float] = field(default_factory=dict)  # of every line, at its mark
    sizes: dict[str, float] = field(default_factory=dict)  # of what is or was held, signed, by "venue|instrument"
    waiting: dict[Key, tuple[Target, int]] = field(default_factory=dict)  # of instruments without any quote yet
    books: Books = field(default_factory=Books)
    rate: OrderRate = field(default_factory=OrderRate)
    day: Day = field(default_factory=Day)
    told_second: int = -1  # second of data time that a row of `accounts` was last written for
    told_state: str = ""
    barred: int = 0  # newest row of the trading journal on which the account was not active

    @property
    def equity(self) -> float:
        """Capital, what came from outside, profit of all that was closed, after fees, and of what is held, at marks."""
        return self.capital + fsum((self.adjusted, *self.profits.values()))

    @property
    def wallet(self) -> float:
        """Equity without the profit on what is held: cash where positions are not paid from it."""
        closed = (line.holding.realised - line.holding.fees for line in self.lines.values())
        return self.capital + fsum((self.adjusted, *closed))

    @property
    def cash(self) -> float:
        """Cash where positions are paid for; what was paid for them is their size at the average price."""
        return self.wallet - fsum(
            notional(line.quote, line.holding.size, line.holding.average_price) for line in self.lines.values()
        )

    @property
    def target_scale(self) -> float:
        """By which everything wanted is made smaller now (operators/risk/reserve.py), above 0, at most 1."""
        return 1.0 if self.risks is None else self.risks.measure.target_scale

    def is_flat(self) -> bool:
        """Nothing held and nothing working."""
        return all(line.holding.size == 0.0 and not line.working for line in self.lines.values())


def opened(name: str, capital: float, *, outside: bool = False) -> Account:
    """An account that has not traded."""
    return Account(name, capital, Switch(capital), Dealings() if outside else None)


def take_quote(account: Account, quote: Quote, *, is_usable: bool) -> Line:
    """Note a quote; an unusable one is the newest as well, but never a mark."""
    key = (quote.venue, quote.instrument)
    line = account.lines.get(key)
    if line is None:
        target, offset = account.waiting.pop(key, (None, 0))
        line = account.lines[key] = Line(quote, target=target, target_offset=offset)
        account.profits[key] = 0.0
    line.quote = quote
    if is_usable:
        line.mark_price = mid_price(quote)
        line.mood = line.mood.after_quote(quote)
        if line.holding.size:
            account.profits[key] = line.profit
    line.held = line.worth_of(line.holding.size)
    return line


def take_holding(account: Account, key: Key, line: Line, holding: Holding) -> None:
    """Let another holding stand in place of the one before."""
    line.holding, line.held = holding, line.worth_of(holding.size)
    account.profits[key], account.sizes["|".join(key)] = line.profit, holding.size


def take_target(account: Account, target: Target, offset: int) -> Line | None:
    """Let a target stand in place of the one before; None: it waits for the instrument's first quote."""
    key = (target.venue, target.instrument)
    line = account.lines.get(key)
    if line is None:
        account.waiting[key] = (target, offset)
        return None
    progress = line.progress  # a new target may be what its schedule brings about, or go on from it
    forget_target(line)
    line.target, line.target_offset, line.progress = target, offset, progress
    return line


def forget_target(line: Line) -> None:
    """Want nothing in particular: what is held stays."""
    line.target = line.wanted = line.decision = line.progress = None
    line.attempt_ns = line.refusals = line.target_offset = 0


def is_barred(account: Account, target: Target) -> bool:
    """Whether a target answers what was asked before the account was last stopped: it is of another life."""
    return 0 < target.request <= account.barred


def forget_barred(account: Account) -> None:
    """Forget what such targets ask for."""
    for line in account.lines.values():
        if line.target is not None and is_barred(account, line.target):
            forget_target(line)
    account.waiting = {key: held for key, held in account.waiting.items() if not is_barred(account, held[0])}


def standing(account: Account, line: Line, *, spends_cash: bool = False) -> Standing:
    """What the gate must know to judge an order of one line; spends_cash: positions are paid for."""
    others = [one for one in account.lines.values() if one is not line]
    dealings = account.dealings
    # With a position that nobody can value there is no equity to count on; what only reduces must pass all the same.
    equity = 0.0 if dealings is not None and dealings.unpriced else account.equity
    return Standing(
        time_ns=account.time_ns,
        state=account.switch.state,
        equity=equity,
        quote=line.quote,
        position=line.holding.size,
        working_buy=line.open_size(Side.BUY),
        working_sell=line.open_size(Side.SELL),
        other_gross=sum(one.gross for one in others),
        link_up=dealings is None or dealings.ready,
        recent_orders=account.rate.recent(account.time_ns),
        day_loss=day_loss(account),
        cash=_free_cash(account, others) if spends_cash else None,
        own_bid=line.own_price(Side.BUY),
        own_ask=line.own_price(Side.SELL),
    )


def _free_cash(account: Account, others: Iterable[Line]) -> float:
    """Cash that may be spent: what a short brought is none, and the short itself is paid for in full; less what the
    open orders of other lines will cost where they open a position, at the marks.
    """
    brought = fsum(
        -notional(line.quote, line.holding.size, line.holding.average_price)
        for line in account.lines.values()
        if line.holding.size < 0.0
    )
    spoken_for = fsum(notional(one.quote, _opening(one), one.mark_price) for one in others if one.working)
    return account.cash - 2.0 * brought - spoken_for


def _opening(line: Line) -> float:
    """Size that open orders add on either side, beyond what they close."""
    size = line.holding.size
    bought = max(line.open_size(Side.BUY) - max(-size, 0.0), 0.0)
    return bought + max(line.open_size(Side.SELL) - max(size, 0.0), 0.0)


def note_time(account: Account, time_ns: int) -> None:
    """Forget orders that are no longer recent; begin the day of data time if it is another.

    To be called before what came until then is heard: a gap over night is a loss of the new day.
    """
    account.rate.recent(time_ns)
    if time_ns // DAY_NS != account.day.number:
        begin_day(account, time_ns)


def begin_day(account: Account, time_ns: int) -> None:
    """Let the day's loss count from the equity of now."""
    account.day = Day(time_ns // DAY_NS, account.equity)


def day_loss(account: Account) -> float:
    """Share of the equity at the day's beginning that is lost; all where there was none, nan before the first day."""
    if account.day.equity > 0:
        return 1.0 - account.equity / account.day.equity
    return 1.0 if account.day.number >= 0 else nan
