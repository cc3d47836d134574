"""A true book: one dictionary a side and its prices in order. What a client should hold is compared with this."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import NamedTuple

BUY, SELL = 1, -1

Level = tuple[int, int]  # ticks, lots


class Change(NamedTuple):
    """A level as it stands now; 0 lots: gone."""

    side: int  # of the book: BUY is a bid
    ticks: int
    lots: int


class Book:
    """Resting lots by price in ticks."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self._bid_ticks: list[int] = []  # ascending, so that the best bid is the last
        self._ask_ticks: list[int] = []  # ascending, so that the best ask is the first

    def side(self, side: int) -> dict[int, int]:
        """Lots by ticks of one side."""
        return self.bids if side == BUY else self.asks

    def put(self, side: int, ticks: int, lots: int) -> None:
        """Let a level have so many lots; 0 removes it."""
        levels, order = (self.bids, self._bid_ticks) if side == BUY else (self.asks, self._ask_ticks)
        if lots:
            if ticks not in levels:
                insort(order, ticks)
            levels[ticks] = lots
        elif levels.pop(ticks, None) is not None:
            del order[bisect_left(order, ticks)]

    def ticks(self, side: int, rank: int) -> int:
        """The price of the level of that rank, 0 the best. Raises IndexError where the side has fewer."""
        return self._bid_ticks[-1 - rank] if side == BUY else self._ask_ticks[rank]

    def best(self, side: int, count: int | None = None) -> list[Level]:
        """(ticks, lots) of the best levels, best first; all of them without a count."""
        if side == BUY:
            order = self._bid_ticks[::-1] if count is None else self._bid_ticks[: -count - 1 : -1]
            return [(ticks, self.bids[ticks]) for ticks in order]
        order = self._ask_ticks if count is None else self._ask_ticks[:count]
        return [(ticks, self.asks[ticks]) for ticks in order]

    def touch(self) -> tuple[int, int, int, int] | None:
        """Best bid and its lots, best ask and its lots; None where a side is empty."""
        if not self.bids or not self.asks:
            return None
        bid, ask = self._bid_ticks[-1], self._ask_ticks[0]
        return bid, self.bids[bid], ask, self.asks[ask]

    def size(self, side: int) -> int:
        """How many levels a side has."""
        return len(self._bid_ticks if side == BUY else self._ask_ticks)


class Window:
    """The best levels of a book as they were last told, and what has changed since."""

    def __init__(self, book: Book, depth: int) -> None:
        self.book = book
        self.depth = depth
        self.told: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.begin()

    def begin(self) -> None:
        """The book as it is counts as told."""
        self.told = (dict(self.book.best(BUY, self.depth)), dict(self.book.best(SELL, self.depth)))

    def best(self) -> tuple[list[Level], list[Level]]:
        """Bids and asks as they were last told, best first."""
        return sorted(self.told[0].items(), reverse=True), sorted(self.told[1].items())

    def changes(self, step: Sequence[Change] = (), *, pushed_out: bool = True) -> tuple[list[Level], list[Level]]:
        """Bids and asks that entered, changed, or left (0 lots), in the order of their prices, best first.

        A level that better ones have pushed out of the window is told as gone only with `pushed_out`: some venues
        leave that to their clients. With the changes of the book's only `step` since the last call it is quicker.
        """
        if step and self._holds_all():
            return self._followed(step)
        before = self.told
        self.begin()
        return (
            _changes(before[0], self.told[0], self.book.bids, pushed_out, best_first=True),
            _changes(before[1], self.told[1], self.book.asks, pushed_out, best_first=False),
        )

    def _holds_all(self) -> bool:
        """Whether the book fits into the window, now and when it was told."""
        sizes = len(self.told[0]), len(self.told[1]), len(self.book.bids), len(self.book.asks)
        return max(sizes) < self.depth

    def _followed(self, step: Sequence[Change]) -> tuple[list[Level], list[Level]]:
        found: tuple[list[Level], list[Level]] = ([], [])
        for side, ticks, lots in step:
            told, changed = (self.told[0], found[0]) if side == BUY else (self.told[1], found[1])
            if told.get(ticks, 0) != lots:
                changed.append((ticks, lots))
                if lots:
                    told[ticks] = lots
                else:
                    del told[ticks]
        return sorted(found[0], reverse=True), sorted(found[1])


def _changes(
    before: dict[int, int], now: dict[int, int], book: dict[int, int], pushed_out: bool, *, best_first: bool
) -> list[Level]:
    found = [(ticks, lots) for ticks, lots in now.items() if before.get(ticks) != lots]
    if len(before) + len(found) > len(now):
        found += [(ticks, 0) for ticks in before if ticks not in now and (pushed_out or ticks not in book)]
    return sorted(found, reverse=best_first)
