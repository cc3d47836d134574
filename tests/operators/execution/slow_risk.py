"""What an account knows of its risk the slow obvious way: every price and size ever heard is kept and looked through.

The measure itself (operators/risk/measure.py) is the one under test elsewhere; here it is fed by hand: which returns it
gets, when it is asked, with which numbers, and what its answers do to targets and orders.
"""

import math
from typing import Any

from market.messages import Quote
from operators.execution.terms import Terms
from operators.risk.measure import Money, RiskMeasure
from operators.risk.risk_rows import Stamp

SECOND = 1_000_000_000


def faded(values: list[float], share: float) -> float:
    """The running mean of values, each of which moves it by `share`, or by 1 / n while that is more."""
    mean = math.nan
    for number, value in enumerate(values, start=1):
        mean = value if number == 1 else mean * (1 - max(share, 1 / number)) + value * max(share, 1 / number)
    return mean


class SlowRisk:
    def __init__(self, terms: Terms) -> None:
        assert terms.risk is not None
        self.manner, self.fixed = terms.risk, terms.limits
        self.measure = RiskMeasure(terms.risk, terms.limits)
        self.heard: dict[str, list[tuple[int, float]]] = {}  # times and mids of quotes in the order they came
        self.prices: dict[str, float] = {}  # at the last moment
        self.moment = 0  # the last one of the grid that was passed
        self.next = 0  # data time of the next measurement
        self.left = math.nan  # of the budget, at the last

    def hear(self, quote: Quote, good: bool) -> None:
        step = round(self.manner.step_s * SECOND)
        while self.moment and self.moment + step <= quote.time_ns:
            self.moment += step
            before, self.prices = self.prices, {name: self.price(name, self.moment) for name in self.heard}
            row = [math.log(price / before.get(name, math.nan)) for name, price in self.prices.items()]
            if any(map(math.isfinite, row)):
                self.measure.observe(list(self.heard), row, "unknown")
        self.moment = self.moment or quote.time_ns // step * step
        mids = self.heard.setdefault(f"{quote.venue}|{quote.instrument}", [])
        mids.append((quote.time_ns, (quote.bid_price + quote.ask_price) / 2 if good else math.nan))

    def price(self, name: str, moment: int) -> float:
        """Of the newest quote from before a moment, the last of them that came, unless it is too old."""
        known = [one for one in self.heard[name] if one[0] < moment]
        time, mid = max(reversed(known), key=lambda one: one[0], default=(-(10**18), math.nan))
        return mid if time >= moment - self.manner.step_s * SECOND else math.nan

    def due(self, now: int, equity: float, peak: float) -> bool:
        self.measure.worst_drawdown = max(self.measure.worst_drawdown, 1 - equity / peak)
        left = max(equity - (1 - self.fixed.max_drawdown) * peak, 0.0)
        return now >= self.next or left < self.left / 1.1

    def measured(self, account: Any, name: str, receive_time: int, offset: int) -> dict[str, Any]:
        """Tables of the moment, from a SlowAccount."""
        every = round(self.manner.every_s * SECOND)
        self.next = (account.now // every + 1) * every
        self.left = max(account.equity - (1 - self.fixed.max_drawdown) * account.peak, 0.0)
        held: dict[str, dict[Any, float]] = {"portfolio": {}}
        wanted, depths = {}, {}
        for symbol, line in account.lines.items():
            key = (line.quote.venue, symbol)
            held["portfolio"][key] = line.gained(line.lots)
            wanted[key] = line.gained(line.lots if line.wanted is None else line.wanted)
            if line.thin:
                depths[key] = faded(line.thin, 0.02)
        books = held if any(held["portfolio"].values()) else {}
        day_loss = 1 - account.equity / account.dawn
        return self.measure.measure(
            Stamp(name, account.now, receive_time, offset),
            Money(account.state, account.equity, account.peak, day_loss), books, wanted, depths,
        )  # fmt: skip
