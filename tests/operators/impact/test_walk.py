import random
from fractions import Fraction

import numpy as np
import pytest

from market.schema import BOOK, DEPTH_LEVELS
from operators.impact.walk import walk_the_book


def book_of(chance: random.Random) -> np.void:
    book = np.zeros(1, BOOK)[0]
    levels = chance.randint(1, DEPTH_LEVELS)
    for side, name in ((-1, "bid"), (1, "ask")):
        ticks = 600_000 + side * np.cumsum([chance.randint(1, 4) for _ in range(DEPTH_LEVELS)])
        book[f"{name}_price"] = np.where(np.arange(DEPTH_LEVELS) < levels, ticks / 10, np.nan)
        sizes = [chance.randint(1, 5_000) / 1000 if k < levels else 0.0 for k in range(DEPTH_LEVELS)]
        book[f"{name}_size"] = sizes
    return book


def exactly(book: np.void, lots: int, side: int) -> Fraction | None:
    """Lot by lot, in thousandths, in exact arithmetic: the average price."""
    name = "ask" if side > 0 else "bid"
    queue = [
        (Fraction(round(price * 10), 10), round(size * 1000))
        for price, size in zip(book[f"{name}_price"], book[f"{name}_size"], strict=True)
        if size > 0
    ]
    prices = [price for price, size in queue for _ in range(size)][:lots]
    return sum(prices, Fraction(0)) / lots if len(prices) == lots else None


@pytest.mark.parametrize("seed", range(30))
def test_the_average_is_that_of_every_lot_in_turn(seed):
    chance = random.Random(seed)
    book, side, lots = book_of(chance), chance.choice((1, -1)), chance.randint(1, 20_000)
    found, expected = walk_the_book(book, order_size=lots / 1000, side=side), exactly(book, lots, side)
    if expected is None:
        assert np.isnan(found.average_price)
        assert found.filled < lots / 1000
        return
    assert found.average_price == pytest.approx(float(expected), rel=1e-14)
    mid = (Fraction(round(book["bid_price"][0] * 10), 10) + Fraction(round(book["ask_price"][0] * 10), 10)) / 2
    assert found.slippage == pytest.approx(float(side * (expected - mid)), rel=1e-6, abs=1e-9)


def test_an_order_at_the_touch_pays_half_the_spread():
    book = book_of(random.Random(1))
    spread = book["ask_price"][0] - book["bid_price"][0]
    for side, name in ((1, "ask"), (-1, "bid")):
        found = walk_the_book(book, order_size=float(book[f"{name}_size"][0]), side=side)
        assert (found.levels, found.last_price) == (1, book[f"{name}_price"][0])
        assert found.slippage == pytest.approx(spread / 2)


@pytest.mark.parametrize("levels", range(1, DEPTH_LEVELS + 1))
def test_an_order_of_all_that_rests_down_to_a_level_is_filled_there(levels):
    book = np.zeros(1, BOOK)[0]
    for sign, name in ((-1, "bid"), (1, "ask")):
        book[f"{name}_price"] = 100.0 + sign * np.arange(1, DEPTH_LEVELS + 1)
        book[f"{name}_size"] = 0.1  # ten times that is less than 1 in floats
    found = walk_the_book(book, order_size=levels / 10, side=1)
    assert (found.levels, found.last_price) == (levels, 100.0 + levels)
    assert found.slippage == pytest.approx((1 + levels) / 2)


def test_a_shallow_book_says_how_far_it_went():
    book = book_of(random.Random(2))
    found = walk_the_book(book, order_size=1e9, side=1)
    assert found.filled == pytest.approx(book["ask_size"].sum())
    assert np.isnan(found.slippage)
