"""One account: everything that settle, intend, gate and submit share. Only state; what happens to it is in trade.py."""

from dataclasses import dataclass, field
from math import fsum

from market.messages import Quote, Side, Target
from operators.execution.holding import Contract, Holding, profit
from operators.execution.orders import WorkingOrder
from operators.execution.paper import Level
from operators.risk.gate import Standing
from operators.risk.quotes import mid_price, notional
from operators.risk.switch import Switch

Key = tuple[str, str]  # venue, instrument


@dataclass
class Line:
    """What the account knows of one instrument and does in it."""

    quote: Quote  # the newest, usable or not
    mark_price: float = 0.0  # mid of the newest usable quote; 0 before the first
    holding: Holding = field(default_factory=Holding)
    target: Target | None = None  # the newest
    wanted: float | None = None  # size the target came to; None until a usable quote told
    working: WorkingOrder | None = None
    bid: Level = field(default_factory=Level)  # the touch as we last took from it
    ask: Level = field(default_factory=Level)
    attempt_ns: int = 0  # data time before which no order is tried
    refusals: int = 0  # since the last approval or target

    @property
    def contract(self) -> Contract:
        """What a size of the instrument means."""
        return Contract(self.quote.lot_size, self.quote.contract_size, self.quote.inverse)

    @property
    def unrealised(self) -> float:
        """Profit on what is held, at the mark, quote currency."""
        return profit(self.contract, self.holding.size, self.holding.average_price, self.mark_price)

    @property
    def profit(self) -> float:
        """Profit of all that was closed, after fees, and of what is held, at the mark, quote currency."""
        closed = self.holding.realised - self.holding.fees
        return closed + self.unrealised if self.holding.size else closed

    def open_size(self, side: Side) -> float:
        """Size that a working order of this side may still fill."""
        if self.working is None or self.working.order.side != side:
            return 0.0
        return self.working.order.size - self.working.filled

    @property
    def gross(self) -> float:
        """The most that may be held once the working order is done, absolute notional at the mark."""
        size = self.holding.size
        most = max(abs(size), abs(size + self.open_size(Side.BUY)), abs(size - self.open_size(Side.SELL)))
        return notional(self.quote, most, self.mark_price)


@dataclass
class Account:
    """State of the stage `execution.trade`."""

    name: str
    capital: float  # equity at the start, quote currency
    switch: Switch
    time_ns: int = 0  # newest data time seen
    lines: dict[Key, Line] = field(default_factory=dict)  # bounded by the instruments of the market flow
    profits: dict[Key, float] = field(default_factory=dict)  # of every line, at its mark
    waiting: dict[Key, Target] = field(default_factory=dict)  # targets of instruments without any quote yet

    @property
    def equity(self) -> float:
        """Capital, profit of all that was closed, after fees, and of what is held, at the marks."""
        return self.capital + fsum(self.profits.values())

    def is_flat(self) -> bool:
        """Nothing held and nothing working."""
        return all(line.holding.size == 0.0 and line.working is None for line in self.lines.values())


def opened(name: str, capital: float) -> Account:
    """An account that has not traded."""
    return Account(name, capital, Switch(capital))


def take_quote(account: Account, quote: Quote, *, is_usable: bool) -> Line:
    """Note a quote; an unusable one is the newest as well, but never a mark."""
    key = (quote.venue, quote.instrument)
    line = account.lines.get(key)
    if line is None:
        line = account.lines[key] = Line(quote, target=account.waiting.pop(key, None))
        account.profits[key] = 0.0
    line.quote = quote
    if is_usable:
        line.mark_price = mid_price(quote)
        if line.holding.size:
            account.profits[key] = line.profit
    return line


def take_target(account: Account, target: Target) -> Line | None:
    """Let a target stand in place of the one before; None: it waits for the instrument's first quote."""
    key = (target.venue, target.instrument)
    line = account.lines.get(key)
    if line is None:
        account.waiting[key] = target
        return None
    line.target, line.wanted = target, None
    line.attempt_ns = line.refusals = 0
    return line


def standing(account: Account, line: Line) -> Standing:
    """What the gate must know to judge an order of one line."""
    others = sum(one.gross for one in account.lines.values() if one is not line)
    return Standing(
        time_ns=account.time_ns,
        state=account.switch.state,
        equity=account.equity,
        quote=line.quote,
        position=line.holding.size,
        working_buy=line.open_size(Side.BUY),
        working_sell=line.open_size(Side.SELL),
        other_gross=others,
    )
