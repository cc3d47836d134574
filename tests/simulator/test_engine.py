"""The matching engine against the obvious one: a dictionary of price levels, each a deque of orders."""

import random
from collections import deque

import numpy as np
import pytest

from simulator.engine import BUY, LEVELS, NONE, SELL, best_level, cancel_order, empty_book, limit_order, market_order


class ObviousBook:
    """Price-time priority, written as it is said."""

    def __init__(self) -> None:
        self.sides: dict[int, dict[int, deque[list[int]]]] = {BUY: {}, SELL: {}}
        self.last_id = 0

    def best(self, side: int) -> int | None:
        levels = self.sides[side]
        return (max(levels) if side == BUY else min(levels)) if levels else None

    def match(self, side: int, level: int, size: int) -> tuple[list[tuple[int, int, int]], int]:
        self.last_id += 1
        fills = []
        while size and (best := self.best(-side)) is not None and (best - level) * side <= 0:
            queue = self.sides[-side][best]
            lots = min(size, queue[0][1])
            fills.append((queue[0][0], best, lots))
            queue[0][1] -= lots
            size -= lots
            if not queue[0][1]:
                queue.popleft()
            if not queue:
                del self.sides[-side][best]
        return fills, size

    def limit(self, side: int, level: int, size: int) -> tuple[list[tuple[int, int, int]], int]:
        fills, left = self.match(side, level, size)
        if left:
            self.sides[side].setdefault(level, deque()).append([self.last_id, left])
        return fills, left

    def cancel(self, side: int, level: int, number: int) -> int:
        queue = self.sides[side].get(level, deque())
        for order in queue:
            if order[0] == number:
                queue.remove(order)
                if not queue:
                    del self.sides[side][level]
                return order[1]
        return 0

    def ladder(self) -> dict[tuple[int, int], list[tuple[int, int]]]:
        return {
            (side, level): [(n, lots) for n, lots in queue]
            for side in (BUY, SELL)
            for level, queue in self.sides[side].items()
        }


def queues(book, i=0):
    """All queues of a book: (side, level) → [(order id, lots)], oldest first."""
    found = {}
    for level in np.flatnonzero(book.ladder[i]["head"] != NONE).tolist():
        slot, queue = book.ladder[i, level]["head"], []
        while slot != NONE:
            order = book.orders[i, slot]
            queue.append((int(order["id"]), int(order["size"])))
            side = int(order["side"])
            slot = order["next"]
        assert book.ladder[i, level]["volume"] == sum(lots for _, lots in queue)
        found[side, level] = queue
    return found


def fills_of(book, i=0):
    return [tuple(row) for row in book.fills[: book.tops[i]["fill_count"]].tolist()]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fills_and_book_equal_the_obvious_engine_on_random_orders(seed):
    rng, book, obvious = random.Random(seed), empty_book(1), ObviousBook()
    slots: dict[int, tuple[int, int, int]] = {}  # order id → slot, side, level
    for step in range(3000):
        side, level, size = rng.choice((BUY, SELL)), 1000 + rng.randint(-12, 12), rng.randint(1, 30)
        action = rng.random()
        if action < 0.55:
            slot = limit_order(book, 0, side, level, size)
            fills, left = obvious.limit(side, level, size)
            assert fills_of(book) == fills
            assert (slot != NONE) == (left > 0)
            if left:
                slots[obvious.last_id] = (slot, side, level)
        elif action < 0.7:
            filled = market_order(book, 0, side, level, size)
            fills, left = obvious.match(side, level, size)
            assert (filled, fills_of(book)) == (size - left, fills)
        elif slots:
            number = rng.choice(list(slots))
            slot, its_side, its_level = slots.pop(number)
            expected = obvious.cancel(its_side, its_level, number)
            if expected:  # else it was filled, and its slot may be another order's by now
                assert cancel_order(book, 0, slot) == expected
        assert best_level(book, 0, BUY) == (obvious.best(BUY) if obvious.best(BUY) is not None else NONE)
        assert best_level(book, 0, SELL) == (obvious.best(SELL) if obvious.best(SELL) is not None else LEVELS)
        if step % 100 == 0:
            assert queues(book) == obvious.ladder()
    assert queues(book) == obvious.ladder()
    assert book.tops[0]["live"] == sum(map(len, obvious.ladder().values()))


def test_orders_beyond_the_capacity_are_refused_and_counted():
    book = empty_book(1, orders=3)
    placed = [limit_order(book, 0, BUY, 10 + number, 5) for number in range(5)]
    assert placed[3:] == [NONE, NONE]
    assert (book.tops[0]["refused"], book.tops[0]["live"]) == (2, 3)


def test_a_cancelled_slot_cannot_be_cancelled_again():
    book = empty_book(1)
    slot = limit_order(book, 0, SELL, 10, 5)
    assert (cancel_order(book, 0, slot), cancel_order(book, 0, slot)) == (5, 0)


def test_instruments_do_not_share_a_book():
    book = empty_book(2)
    limit_order(book, 0, SELL, 10, 5)
    assert market_order(book, 1, BUY, 10, 5) == 0
