"""The row in plain Python, for the peers whose users write Python: rings with rolling sums, no arrays.

Measured: NumPy on ten levels costs more than twice as much per book update.
"""

from math import log, nan, sqrt

from benchmarks.capture import HALF_LIFE_S, HORIZONS, WARM_UP_S

# Price and size, best first. Ask prices are negative, so that on both sides the better price is the greater.
Levels = list[tuple[float, float]]
SHORT, MIDDLE, LONG = HORIZONS
DECAY = 0.5 ** (1 / HALF_LIFE_S)


class Window:
    """Sums of the last values over HORIZONS."""

    __slots__ = ("long", "middle", "ring", "short")

    def __init__(self) -> None:
        self.ring = [0.0] * LONG
        self.short = self.middle = self.long = 0.0

    def push(self, slot: int, value: float) -> None:
        """Take one value; negative slots count from the end of the ring."""
        ring = self.ring
        self.short += value - ring[slot - SHORT]
        self.middle += value - ring[slot - MIDDLE]
        self.long += value - ring[slot]
        ring[slot] = value


class Rows:
    """Features of one instrument; `rows` grows by one tuple of NAMES per book update."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, ...]] = []
        self.traded = 0.0  # signed volume since the last update
        self.quote: object = None  # the venue's own best bid and ask, newest
        self._bids: Levels = []
        self._asks: Levels = []
        self._updates = -1
        self._touch, self._deep, self._volume = Window(), Window(), Window()
        self._second = self._ended = 0
        self._mid = self._before = self._squares = self._weights = 0.0
        self._volatility = nan

    def update(self, bids: Levels, asks: Levels, milliseconds: int) -> None:
        """Take the best levels of each side; the very same list as before where nothing in it changed."""
        if self._updates >= 0:
            touch = deep = 0.0
            if bids is not self._bids:
                touch, deep = change(bids, self._bids)
            if asks is not self._asks:
                ask_touch, ask_deep = change(asks, self._asks)
                touch -= ask_touch
                deep -= ask_deep
            slot = self._updates % LONG
            self._touch.push(slot, touch)
            self._deep.push(slot, deep)
            self._volume.push(slot, self.traded)
        self.traded = 0.0
        self._updates += 1
        self._bids, self._asks = bids, asks
        self._write(*bids[0], *asks[0], milliseconds // 1000)

    def _write(self, bid: float, bid_size: float, ask: float, ask_size: float, second: int) -> None:
        ask = -ask
        mid, total = (bid + ask) / 2, bid_size + ask_size
        if second > self._second:
            if self._second:
                self._end_seconds(second - self._second)
            self._second = second
        self._mid = mid
        n, touch, deep, volume = self._updates, self._touch, self._deep, self._volume
        self.rows.append(
            (
                mid,
                (ask_size * bid + bid_size * ask) / total,
                ask - bid,
                (bid_size - ask_size) / total,
                touch.short if n >= SHORT else nan,
                touch.middle if n >= MIDDLE else nan,
                touch.long if n >= LONG else nan,
                deep.short if n >= SHORT else nan,
                deep.middle if n >= MIDDLE else nan,
                deep.long if n >= LONG else nan,
                volume.short if n >= SHORT else nan,
                volume.middle if n >= MIDDLE else nan,
                volume.long if n >= LONG else nan,
                self._volatility,
            )
        )

    def _end_seconds(self, seconds: int) -> None:
        """The second under way ends, and some without an update."""
        if self._before:
            r = log(self._mid / self._before)
            self._squares = self._squares * DECAY + r * r
            self._weights = self._weights * DECAY + 1
            self._ended += 1
        quiet = DECAY ** (seconds - 1)
        self._squares *= quiet
        self._weights = self._weights * quiet + (1 - quiet) / (1 - DECAY)
        self._ended += seconds - 1
        self._before = self._mid
        if self._ended >= WARM_UP_S:
            self._volatility = sqrt(self._squares / self._weights)


def change(now: Levels, before: Levels) -> tuple[float, float]:
    """One side's part of e_n at the best level, and over all levels."""
    touch = deep = 0.0
    first = True
    for (price, size), (old_price, old_size) in zip(now, before, strict=False):
        if price == old_price:
            deep += size - old_size
        elif price > old_price:
            deep += size
        else:
            deep -= old_size
        if first:
            touch, first = deep, False
    return touch, deep
