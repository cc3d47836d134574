"""The simulated exchange as a market: its matching engine's books and trades, under the names that a venue uses."""

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from simulator import flow
from simulator.engine import BUY, SELL
from simulator.exchange import SLICE_NS, Exchange
from simulator.listing import Listing
from simulator.publish import DEPTH, MARK, TRADE, Integers
from simulator.rest import best_levels
from simulator.venues.book import Book, Change
from simulator.venues.market import Step, Trade

LEVELS_MOST = 4_096  # a side of an opening book
MICROTICKS = 1_000_000


class ExchangeMarket:
    """Steps are the exchange's depth messages, each with the trades since the one before."""

    def __init__(self, names: Mapping[str, str], *, seed: int = 1, rate: float = 300.0, start_ns: int = 0) -> None:
        """`names`: the venue's symbol to the exchange's, such as BTC/USD to BTCUSDT; `rate`: messages per second."""
        self._exchange = Exchange(instruments=tuple(names.values()), rate=rate, seed=seed)
        self._start_ns = start_ns
        self._rows = [row._replace(symbol=name) for name, row in zip(names, self._exchange.listings, strict=True)]
        self._books = [self._opening(i) for i in range(len(self._rows))]
        self._marks = [row.opening_ticks for row in self._rows]
        self._trades: list[list[Trade]] = [[] for _ in self._rows]
        self._numbers = [0] * len(self._rows)
        self._steps: deque[Step] = deque()

    @property
    def listings(self) -> Sequence[Listing]:
        """The instruments, with the exchange's steps."""
        return self._rows

    @property
    def books(self) -> Sequence[Book]:
        """Their true books as of the last step."""
        return self._books

    @property
    def next_ns(self) -> int:
        """When the next step is."""
        while not self._steps:
            self._slice()
        return self._steps[0].time_ns

    def step(self) -> Step:
        """Make the next step."""
        while not self._steps:
            self._slice()
        step = self._steps.popleft()
        for change in step.changes:
            self._books[step.instrument].put(*change)
        return step

    def mark(self, instrument: int) -> int:
        """The exchange's mark price."""
        return self._marks[instrument]

    def _opening(self, i: int) -> Book:
        world, book = self._exchange.world, Book()
        for side in (BUY, SELL):
            rows = np.zeros((LEVELS_MOST, 2), np.int64)
            count = best_levels(world.book, i, side, int(world.fixed[i]["base_ticks"]), rows)
            for ticks, lots in rows[:count].tolist():
                book.put(side, ticks, lots)
        return book

    def _slice(self) -> None:
        """Run the engine a little further and take what it would publish."""
        exchange, out = self._exchange, self._exchange.world.out
        first, until_ns = 0, exchange.time_ns + SLICE_NS
        while first < len(self._rows):
            first = flow.advance_all(exchange.world, first, until_ns)
            for row in out.messages[: out.counts[0]].tolist():
                self._take(row, out.levels)
            out.counts[:] = 0
        exchange.time_ns = until_ns

    def _take(self, row: Sequence[int], levels: Integers) -> None:
        kind, i, time_ns = row[:3]
        if kind == TRADE:
            self._numbers[i] += 1
            self._trades[i].append(Trade(self._numbers[i], SELL if row[8] else BUY, row[4], row[5]))
        elif kind == MARK:
            self._marks[i] = row[3] // MICROTICKS
        elif kind == DEPTH:
            start, bids, asks = row[6:9]
            found = levels[start : start + bids + asks].tolist()
            changes = tuple([Change(BUY if k < bids else SELL, *level) for k, level in enumerate(found)])
            trades, self._trades[i] = tuple(self._trades[i]), []
            self._steps.append(Step(self._start_ns + time_ns, i, changes, trades))
