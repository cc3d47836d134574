"""Minute bars out of trades, as data vendors send them along."""

from dataclasses import dataclass

from simulator.venues.market import Trade

MINUTE_NS = 60_000_000_000


@dataclass
class Minute:
    """One instrument's minute so far, in ticks and lots."""

    start_ns: int
    open: int
    high: int
    low: int
    close: int
    lots: int = 0
    trades: int = 0
    notional: int = 0  # ticks × lots

    @property
    def vwap(self) -> int:
        """Mean price, in ticks."""
        return self.notional // self.lots if self.lots else self.close


class Minutes:
    """The running minute of each instrument; those without a trade have none."""

    def __init__(self, instruments: int) -> None:
        self._running: list[Minute | None] = [None] * instruments

    def add(self, i: int, time_ns: int, trade: Trade) -> None:
        """Take a trade."""
        bar = self._running[i]
        if bar is None:
            start_ns = time_ns // MINUTE_NS * MINUTE_NS
            bar = self._running[i] = Minute(start_ns, trade.ticks, trade.ticks, trade.ticks, trade.ticks)
        bar.high, bar.low, bar.close = max(bar.high, trade.ticks), min(bar.low, trade.ticks), trade.ticks
        bar.lots += trade.lots
        bar.notional += trade.ticks * trade.lots
        bar.trades += 1

    def end(self, i: int) -> Minute | None:
        """The minute that is over."""
        bar, self._running[i] = self._running[i], None
        return bar
