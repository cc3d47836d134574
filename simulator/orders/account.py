"""Money and positions of the one account, in whole units: nothing is lost to rounding.

A position's cost is what was paid for it, units of money, with the sign of the position; closing a part takes that part
of the cost, rounded to a unit. Wallet = capital + profit of what was closed − fees − funding; the wallet and the costs
together change by cash flows of fills, fees and funding only.

Margin: an instrument needs the larger of what it is when all open buys, or all open sells, are filled, at the mark,
divided by the leverage. There is no liquidation: an account under water may only reduce.
"""

from dataclasses import dataclass, field

from simulator.orders.rules import FUNDING_RATE, MONEY, PARTS, Rules
from simulator.orders.units import Units

MARK = 10**6  # a mark price is so many parts of a tick


@dataclass
class Position:
    """What is held of one instrument."""

    lots: int = 0
    cost: int = 0  # units of money
    buys: int = 0  # lots of open orders
    sells: int = 0
    mark: int = 0  # millionths of a tick
    updated_ms: int = 0

    def worst(self, buys: int = 0, sells: int = 0) -> int:
        """Lots held when the open orders of one side, and these, are filled, the worse of the two."""
        return max(abs(self.lots + self.buys + buys), abs(self.lots - self.sells - sells))


@dataclass
class Account:
    """The wallet and all positions."""

    rules: Rules
    units: tuple[Units, ...]
    wallet: int = field(init=False)
    positions: list[Position] = field(init=False)
    _unrealised: list[int] = field(init=False)
    _margins: list[int] = field(init=False)
    unrealised: int = 0  # profit of all positions at their marks
    margin: int = 0  # required

    def __post_init__(self) -> None:
        self.wallet = round(self.rules.capital * MONEY)
        self.positions = [Position() for _ in self.units]
        self._unrealised = [0] * len(self.units)
        self._margins = [0] * len(self.units)

    def fill(self, i: int, side: int, ticks: int, lots: int, fee: int, now_ms: int) -> int:
        """Take a trade in; the profit of what it closed."""
        one, worth = self.positions[i], self.units[i].worth
        closed = min(lots, abs(one.lots)) if one.lots * side < 0 else 0
        realised = 0
        if closed:
            part = _share(one.cost, closed, abs(one.lots))
            realised = -side * closed * ticks * worth - part
            one.cost -= part
        one.cost += side * (lots - closed) * ticks * worth
        one.lots += side * lots
        one.updated_ms = now_ms
        self.wallet += realised - fee
        return realised

    def opened(self, i: int, side: int, lots: int) -> None:
        """So many lots more of a side are open; fewer where below 0."""
        one = self.positions[i]
        if side > 0:
            one.buys += lots
        else:
            one.sells += lots

    def reckon(self, i: int) -> None:
        """Bring the totals up to date after any change of one instrument."""
        one = self.positions[i]
        unrealised = one.lots * one.mark * self.units[i].worth // MARK - one.cost if one.lots else 0
        margin = self._margin(i, one.worst())
        self.unrealised += unrealised - self._unrealised[i]
        self.margin += margin - self._margins[i]
        self._unrealised[i], self._margins[i] = unrealised, margin

    def affords(self, i: int, side: int, lots: int) -> bool:
        """Whether an order may be taken: it adds nothing to the worst case, or there is money for the margin."""
        one = self.positions[i]
        worst = one.worst(buys=lots) if side > 0 else one.worst(sells=lots)
        if worst <= one.worst():
            return True
        return self.margin - self._margins[i] + self._margin(i, worst) <= self.equity

    def unrealised_of(self, i: int) -> int:
        """Profit of one position at its mark."""
        return self._unrealised[i]

    def fund(self, i: int) -> int:
        """Pay or get one funding of a position; what came, below 0 where it was paid."""
        one = self.positions[i]
        amount = -(one.lots * one.mark * self.units[i].worth // MARK * FUNDING_RATE // PARTS)
        self.wallet += amount
        return amount

    @property
    def equity(self) -> int:
        """Wallet and unrealised profit."""
        return self.wallet + self.unrealised

    @property
    def available(self) -> int:
        """What is left for margin."""
        return max(0, self.equity - self.margin)

    def _margin(self, i: int, lots: int) -> int:
        return lots * self.positions[i].mark * self.units[i].worth // (MARK * self.rules.leverage)


def _share(cost: int, part: int, whole: int) -> int:
    """cost × part ÷ whole, rounded towards zero: the last part takes what is left."""
    share = abs(cost) * part // whole
    return share if cost >= 0 else -share
