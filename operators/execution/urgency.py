"""How urgent it is to trade an instrument now, against what is usual for it: 1 where nothing is unusual.

Almgren and Chriss' κ² is λσ²/η, so urgency is (volatility / usual volatility)² × (1 + adverse) × depth / usual depth,
from 1/`MOST` to `MOST`. Adverse, 0 … 1: how confidently the regime leans to the side the order takes, because the price
then runs away while it waits. Depth: the size displayed on the side it takes; thin, and impact per size is larger.

What is usual is an exponential average by the number of observations; without any the factor is 1. A number that is
not finite is not heard.
"""

from math import isfinite
from typing import NamedTuple

from market.messages import Quote, Side, Signal

MOST = 4.0
WEIGHT = 0.02  # of a new observation in what is usual; about 35 until half is forgotten


class Usual(NamedTuple):
    """The newest value of something, and what is usual for it; 0: not known."""

    now: float = 0.0
    mean: float = 0.0

    def after(self, value: float) -> "Usual":
        """With one more observation above 0."""
        if not (isfinite(value) and value > 0):
            return self
        return Usual(value, self.mean + WEIGHT * (value - self.mean) if self.mean > 0 else value)

    @property
    def ratio(self) -> float:
        """Newest to usual; 1 where nothing is known."""
        return self.now / self.mean if self.mean > 0 else 1.0


class Mood(NamedTuple):
    """What makes trading an instrument urgent."""

    volatility: Usual = Usual()
    bid: Usual = Usual()  # size displayed
    ask: Usual = Usual()
    lean: float = 0.0  # direction × confidence of the newest signal, −1 … 1

    def after_quote(self, quote: Quote) -> "Mood":
        """With the size a usable quote displays."""
        return self._replace(bid=self.bid.after(quote.bid_size), ask=self.ask.after(quote.ask_size))

    def after_signal(self, signal: Signal) -> "Mood":
        """With what a signal says."""
        lean = signal.direction * signal.confidence
        lean = min(max(lean, -1.0), 1.0) if isfinite(lean) else self.lean
        return self._replace(volatility=self.volatility.after(signal.volatility), lean=lean)


def urgency(mood: Mood, side: Side) -> float:
    """How urgent an order of this side is.

    >>> urgency(Mood(volatility=Usual(3e-5, 2e-5)), Side.BUY)
    2.25
    """
    adverse = max(side * mood.lean, 0.0)
    depth = mood.ask if side == Side.BUY else mood.bid
    return min(max(mood.volatility.ratio**2 * (1.0 + adverse) * depth.ratio, 1.0 / MOST), MOST)
