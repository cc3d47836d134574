"""Books that jump, spread and thin out: every BOOK row and the whole state equal dictionaries of levels."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from operators.book import rebuild
from operators.book.ladders import MIN_WIDTH
from tests.operators.book.levels import Sides, check, levels_of, same, shape
from tests.operators.book.messages import Levels, batch, depth, snapshot


@dataclass
class Market:
    """Random changes of a book that is never crossed, around a middle that the test moves."""

    chance: np.random.Generator
    middle: int
    reach: int  # ticks from the middle within which levels change
    sides: Sides = field(default_factory=lambda: ({}, {}))

    def moved(self, middle: int, changes: int) -> Levels:
        """Delete what the move of the middle makes impossible, and change some levels; in random order."""
        self.middle = middle
        rows: Levels = [(1, price, 0.0) for price in self.sides[0] if price >= middle]
        rows += [(-1, price, 0.0) for price in self.sides[1] if price <= middle]
        for _ in range(changes):
            side = int(self.chance.choice((1, -1)))
            price = middle - side * (1 + int(self.reach * self.chance.random() ** 3))
            rows.append((side, price, float(self.chance.choice((0.0, 0.1, 0.7, 1e-3, 1e6)) * self.chance.random())))
        rows = [rows[number] for number in self.chance.permutation(len(rows))]
        for side, price, size in rows:
            self.sides[side < 0].pop(price, None)
            if size > 0:
                self.sides[side < 0][price] = size
        return rows


def drive(market: Market, middles: Iterator[int], changes: int, start: Levels = []) -> rebuild.Books:  # noqa: B006
    """Take a book along the middles, and compare after every message."""
    stage = rebuild.stage()
    books = stage.empty()
    rows = [*start, *market.moved(market.middle, 50), (1, market.middle - 1, 1.0), (-1, market.middle + 1, 1.0)]
    market.sides[0][market.middle - 1] = market.sides[1][market.middle + 1] = 1.0
    out = stage.advance(books, batch(snapshot(1, rows)))
    same(out.books, shape(market.sides, (1, 10)))
    for number, middle in enumerate(middles, start=1):
        before = dict(market.sides[0]), dict(market.sides[1])
        rows = market.moved(middle, changes)
        out = stage.advance(books, batch(depth(number, number + 1, rows)))
        assert len(out.books) == bool(market.sides[0] and market.sides[1])
        if len(out.books):
            same(out.books, shape(market.sides, (1, 10), before, rows))
        for side in (0, 1):
            assert levels_of(books.ladders, 0, side) == market.sides[side]
        check(books.ladders, 0)
    return books


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("step", "reach"),
    [(3, 40), (200, 2_000), (3_000, 600), (40_000, 300), (2, 30_000), (9_000, 400_000)],
    ids=["calm", "brisk", "jumps", "far jumps", "deep", "sparse"],
)
def test_a_book_equals_dictionaries_wherever_the_price_goes(step: int, reach: int, seed: int) -> None:
    chance = np.random.default_rng([step, reach, seed])
    market = Market(chance, 1_000_000, reach)
    middles = (market.middle + int(chance.normal(0, step)) for _ in range(150))
    drive(market, middles, changes=12)


def test_a_window_slides_down_and_back_up_through_its_overflow() -> None:
    chance = np.random.default_rng(1)
    market = Market(chance, 30_000, 3 * MIN_WIDTH)
    start: Levels = [(1, 30_000 - 7 * number, 1.0 + number) for number in range(1, 1_000)]
    market.sides[0].update({price: size for _, price, size in start})
    there = [*range(30_000, 24_000, -97), *range(24_000, 33_000, 97)]
    books = drive(market, iter(there), changes=3, start=start)
    assert books.ladders.books["width"][0] == MIN_WIDTH


def test_levels_far_from_the_touch_come_and_go_on_both_ends_of_the_overflow() -> None:
    chance = np.random.default_rng(2)
    market = Market(chance, 10_000_000, 9_000_000)
    drive(market, iter([10_000_000] * 12), changes=1_000)


def test_bands_that_reach_beyond_the_window_count_its_overflow() -> None:
    market = Market(np.random.default_rng(3), 400_000_000, 1_500_000)
    drive(market, iter([400_000_000, 400_020_000, 399_990_000] * 4), changes=200)


def test_an_overflow_that_comes_to_the_end_of_its_room_begins_anew_in_the_middle() -> None:
    stage = rebuild.stage()
    books = stage.empty()
    sides: Sides = (dict.fromkeys(range(19_000, 20_000), 1.0), {90_000: 1.0})
    stage.advance(books, batch(snapshot(1, [*((1, price, 1.0) for price in sides[0]), (-1, 90_000, 1.0)])))
    for number in range(1, 120):
        top, bottom = max(sides[0]), min(sides[0])
        rows: Levels = [(1, top + 1 + at, 2.0) for at in range(50)] + [(1, bottom + at, 0.0) for at in range(50)]
        stage.advance(books, batch(depth(number, number + 1, rows)))
        for _, price, size in rows:
            sides[0].pop(price, None)
            sides[0].update({price: size} if size else {})
    assert levels_of(books.ladders, 0, 0) == sides[0]
    check(books.ladders, 0)
