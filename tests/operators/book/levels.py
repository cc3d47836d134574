"""What a book holds, read out cell by cell; that it keeps its promises; and what a BOOK row of dictionaries is."""

import math

import numpy as np

from market.batch import Structs
from market.schema import BANDS_BPS, BOOK, DEPTH_LEVELS
from operators.book.ladders import BLOCK, NOTHING, ZONE, Ladders
from tests.operators.book.messages import Levels

Sides = tuple[dict[int, float], dict[int, float]]  # price in ticks → size, of bids and asks


def levels_of(ladders: Ladders, instrument: int, side: int) -> dict[int, float]:
    """Price in ticks → size of side 0 (bids) or 1 (asks)."""
    book, sign = ladders.books[instrument], 1 - 2 * side
    first, width = int(book["cells"] + side * book["width"]), int(book["width"])
    found = {int(row["key"]): float(row["size"]) for row in ladders.levels[book["low"][side] : book["high"][side]]}
    for cell in np.flatnonzero(ladders.cells[first : first + width]):
        key = int(book["base"][side]) + (int(cell) - int(book["base"][side])) % width
        assert key not in found
        found[key] = float(ladders.cells[first + cell])
    return {sign * key: size for key, size in found.items()}


def check(ladders: Ladders, instrument: int) -> None:
    """What operators/book/ladders.py and window.py promise of both sides."""
    for side in (0, 1):
        _check_side(ladders, instrument, side)


def _check_side(ladders: Ladders, instrument: int, side: int) -> None:
    book = ladders.books[instrument]
    base, best, width = int(book["base"][side]), int(book["best"][side]), int(book["width"])
    first, low, high = int(book["cells"]) + side * width, int(book["low"][side]), int(book["high"][side])
    levels = levels_of(ladders, instrument, side)
    keys = [(1 - 2 * side) * price for price in levels]
    assert best == max(keys, default=NOTHING)
    assert book["filled"][side] == len(keys)
    assert base % ZONE == 0
    assert not keys or base <= best < base + width
    overflow = ladders.levels[low:high]["key"]
    start = int(book["rows"] + side * book["room"])
    assert start <= low <= high <= start + book["room"]
    assert (np.diff(overflow) > 0).all()
    assert len(overflow) == 0 or (overflow[-1] < base and best >= base + width // 2)
    cells = ladders.cells[first : first + width]
    for totals, size in ((ladders.blocks, BLOCK), (ladders.zones, ZONE)):
        found, parts = totals[first // size : (first + width) // size], cells.reshape(-1, size)
        np.testing.assert_allclose(found, parts.sum(axis=1), rtol=1e-12)
        assert ((found == 0.0) == ~parts.any(axis=1)).all()


def shape(sides: Sides, step: tuple[int, int], before: Sides = ({}, {}), rows: Levels = ()) -> Structs:
    """The BOOK row of two dictionaries, after the rows of a message changed what was before."""
    found = np.zeros(1, BOOK)
    row, mid = found[0], (max(sides[0]) + min(sides[1])) / 2
    for side, name, sign in ((0, "bid", 1), (1, "ask", -1)):
        prices = sorted(sides[side], reverse=sign > 0)
        top = prices[:DEPTH_LEVELS]
        row[f"{name}_price"] = [price * step[0] / step[1] for price in top] + [math.nan] * (DEPTH_LEVELS - len(top))
        row[f"{name}_size"] = [sides[side][price] for price in top] + [0.0] * (DEPTH_LEVELS - len(top))
        for number, bps in enumerate(BANDS_BPS):
            limit = mid * (1 - sign * bps / 10_000)
            row[f"{name}_depth"][number] = math.fsum(sides[side][p] for p in prices if sign * p >= sign * limit)
        levels, changes = dict(before[side]), [0.0]
        for _, price, size in (level for level in rows if level[0] == sign):
            changes.append(size - levels.get(price, 0.0))
            levels[price] = size
        row[f"{name}_added"] = math.fsum(change for change in changes if change > 0)
        row[f"{name}_removed"] = -math.fsum(change for change in changes if change < 0)
    return found


def same(found: Structs, expected: Structs) -> None:
    for name in BOOK.names or ():
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-9, err_msg=name)
