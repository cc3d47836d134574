"""A small market in virtual time: true books that random orders change, the same for the same seed, in plain Python.

It is made for thousands of short runs: a step costs about 10 µs, nothing is compiled. Orders come, grow and go, takers
eat through levels, the touch moves by ticks, a side thins out at times, and steps come in bursts. A step is what a
venue would put into one message: net changes of levels, and the trades in between.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, Protocol

from market.clock import SECOND_NS
from simulator.listing import Listing
from simulator.venues.book import BUY, SELL, Book, Change

LEVELS = 60  # a side, at the opening; the book drifts around that
BURST_CHANCE = 0.01  # of a step, that the next ones come at once
BURST_STEPS = 12
BURST_GAP_NS = 1_500_000
THIN_CHANCE = 0.002  # of a step, that a side is thinned out
THIN_LEAST = 2  # levels that stay


class Trade(NamedTuple):
    """One match, or all matches of a taker at one price."""

    number: int  # ascending by 1 for each instrument
    side: int  # of the taker
    ticks: int
    lots: int


class Step(NamedTuple):
    """What one instrument did; the book has changed already."""

    time_ns: int
    instrument: int
    changes: tuple[Change, ...]  # each level at most once
    trades: tuple[Trade, ...]


class Market(Protocol):
    """A source of true books; see also exchange_market and capture_market."""

    @property
    def listings(self) -> Sequence[Listing]:
        """The instruments."""

    @property
    def books(self) -> Sequence[Book]:
        """Their true books as of the last step."""

    @property
    def next_ns(self) -> int | None:
        """When the next step is; None: there is none."""

    def step(self) -> Step:
        """Make the next step."""

    def mark(self, instrument: int) -> int:
        """Mark price in ticks."""


class RandomMarket:
    """The random one. `rate` is steps per second of each instrument, `start_ns` the time of its opening."""

    def __init__(
        self,
        listings: Sequence[Listing],
        *,
        seed: int = 1,
        rate: float = 4.0,
        start_ns: int = 0,
        levels: int = LEVELS,
    ) -> None:
        if not listings:
            raise ValueError("a market needs at least one instrument")
        if not 0 < rate < float("inf"):
            raise ValueError(f"rate is {rate}, must be a positive number of steps per second")
        self.listings = tuple(listings)
        self.books = tuple(Book() for _ in listings)
        self._random = Random(seed)  # noqa: S311  (repeatable on purpose)
        self._gap = rate * len(listings) / SECOND_NS
        self._levels = levels
        self._numbers = [self._random.randrange(10**6, 10**8) for _ in listings]
        self._marks = [row.opening_ticks for row in listings]
        self._burst = 0
        self._changed: dict[tuple[int, int], int] = {}
        self._trades: list[Trade] = []
        for i in range(len(listings)):
            self._open(i)
        self.next_ns: int = start_ns + 1 + int(self._random.expovariate(self._gap))

    def step(self) -> Step:
        """Make the next step."""
        time_ns = self.next_ns
        i = int(self._random.random() * len(self.books))
        self._changed, self._trades = {}, []
        for _ in range(1 + int(self._random.expovariate(0.7))):
            self._act(i)
        self._refill(i)
        self._schedule()
        changes = tuple([Change(side, ticks, lots) for (side, ticks), lots in self._changed.items()])
        return Step(time_ns, i, changes, tuple(self._trades))

    def mark(self, instrument: int) -> int:
        """Halfway between best bid and ask; the last one while a side is empty."""
        book = self.books[instrument]
        if book.bids and book.asks:
            self._marks[instrument] = (book.ticks(BUY, 0) + book.ticks(SELL, 0)) // 2
        return self._marks[instrument]

    def _open(self, i: int) -> None:
        for side in (BUY, SELL):
            ticks = self.listings[i].opening_ticks - (side == BUY)
            for _ in range(self._levels):
                self.books[i].put(side, ticks, self._lots(i))
                ticks -= side * (1 + int(self._random.expovariate(0.8)))

    def _schedule(self) -> None:
        if self._burst:
            self._burst -= 1
            self.next_ns += 1 + int(self._random.random() * BURST_GAP_NS)
            return
        if self._random.random() < BURST_CHANCE:
            self._burst = BURST_STEPS
        self.next_ns += 1 + int(self._random.expovariate(self._gap))

    def _act(self, i: int) -> None:
        draw = self._random.random()
        side = BUY if self._random.random() < 0.5 else SELL
        if draw < 0.40:
            self._put(i, side, self._some_level(i, side), self._lots(i))
        elif draw < 0.68:
            self._add(i, side)
        elif draw < 0.88:
            if self.books[i].size(side) > THIN_LEAST:
                self._put(i, side, self._some_level(i, side), 0)
        elif draw < 1.0 - THIN_CHANCE:
            self._take(i, side)
        else:
            for _ in range(self.books[i].size(side) - THIN_LEAST):
                self._put(i, side, self.books[i].ticks(side, 1), 0)

    def _some_level(self, i: int, side: int) -> int:
        rank = int(self._random.expovariate(0.15))
        return self.books[i].ticks(side, min(rank, self.books[i].size(side) - 1))

    def _add(self, i: int, side: int) -> None:
        """A new order: inside the spread, or some ticks behind the best."""
        book = self.books[i]
        best, other = book.ticks(side, 0), book.ticks(-side, 0)
        room = (other - best) * side - 1
        ticks = best + side * self._random.randint(1, room) if room > 0 and self._random.random() < 0.6 else 0
        ticks = ticks or best - side * int(self._random.expovariate(0.1))
        if ticks > 0:
            self._put(i, side, ticks, book.side(side).get(ticks, 0) + self._lots(i))

    def _take(self, i: int, side: int) -> None:
        """A taker eats levels of the other side, which keeps at least THIN_LEAST."""
        book, left = self.books[i], self._lots(i)
        while left and book.size(-side) > THIN_LEAST:
            ticks = book.ticks(-side, 0)
            here = book.side(-side)[ticks]
            lots = min(left, here)
            left -= lots
            self._numbers[i] += 1
            self._trades.append(Trade(self._numbers[i], side, ticks, lots))
            self._put(i, -side, ticks, here - lots)

    def _refill(self, i: int) -> None:
        """Where a side lacks levels, one more comes behind the last or close to the other side's best."""
        book = self.books[i]
        for side in (BUY, SELL):
            if book.size(side) < self._levels:
                ticks = book.ticks(side, book.size(side) - 1) - side * (1 + int(self._random.expovariate(0.8)))
                if ticks > 0:
                    self._put(i, side, ticks, self._lots(i))

    def _put(self, i: int, side: int, ticks: int, lots: int) -> None:
        self.books[i].put(side, ticks, lots)
        self._changed[side, ticks] = lots

    def _lots(self, i: int) -> int:
        return 1 + int(self._random.expovariate(1.0 / self.listings[i].lots(4_000.0)))
