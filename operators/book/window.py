"""Setting the levels of a book, in the window and in the overflow of a side. Parts of kernels that keep books.

`book` is a row of Ladders.books, `side` 0 for bids and 1 for asks, `key` side × price in ticks. Holds after every put:
no level is above the window; while there are levels in the overflow, the best is in the window's upper half.
A window slides so that the best lands at three quarters of its width, and so slides again only after the best has moved
by about a quarter. The caller has seen to it that the book has a window and room for the levels that come.
"""

from typing import Any

from operators.book.ladders import BLOCK, NOTHING, ZONE
from operators.book.overflow import find, make_way, put_far
from operators.kernel import part


@part
def cell_of(book: Any, side: int, key: int) -> int:
    """Where the size at a key of the window is kept."""
    return int(book["cells"] + side * book["width"] + (key & (book["width"] - 1)))


@part
def size_at(ladders: Any, book: Any, side: int, key: int) -> float:
    """The size of one level; 0 where there is none."""
    base = book["base"][side]
    if key >= base + book["width"]:
        return 0.0
    if key >= base:
        return float(ladders.cells[cell_of(book, side, key)])
    row = find(ladders.levels, book["low"][side], book["high"][side], key)
    there = row < book["high"][side] and ladders.levels[row]["key"] == key
    return float(ladders.levels[row]["size"]) if there else 0.0


@part
def put(ladders: Any, book: Any, side: int, key: int, size: float) -> float:
    """Set one level to an absolute size; 0 deletes, and deleting what is not there is normal.

    Returns by how much the size changed.
    """
    if key >= book["base"][side] + book["width"]:
        if not size > 0.0:
            return 0.0
        rise(ladders, book, side, key)
    if key < book["base"][side]:
        change = put_far(ladders, book, side, key, size)
        sink(ladders, book, side)
        return change
    cell = cell_of(book, side, key)
    before = ladders.cells[cell]
    if size > 0.0:
        set_cell(ladders, cell, size)
        if before == 0.0:
            book["filled"][side] += 1
            book["best"][side] = max(book["best"][side], key)
        return float(size - before)
    if before > 0.0:
        set_cell(ladders, cell, 0.0)
        book["filled"][side] -= 1
        if key == book["best"][side]:
            book["best"][side] = next_key(ladders, book, side, key)
            sink(ladders, book, side)
    return float(-before)


@part
def set_cell(ladders: Any, cell: int, size: float) -> None:
    """Set one cell and the totals it is part of."""
    ladders.cells[cell] = size
    block = cell // BLOCK
    ladders.blocks[block] = sixteen(ladders.cells, block * BLOCK)
    zone = cell // ZONE
    ladders.zones[zone] = sixteen(ladders.blocks, zone * (ZONE // BLOCK))


@part
def sixteen(values: Any, first: int) -> float:
    """Sum of 16 values, in four strands that the processor adds at once."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for i in range(first, first + 16, 4):
        a += values[i]
        b += values[i + 1]
        c += values[i + 2]
        d += values[i + 3]
    return (a + b) + (c + d)


@part
def next_key(ladders: Any, book: Any, side: int, key: int) -> int:
    """The best key of the window below `key`; NOTHING where there is none."""
    base = book["base"][side]
    key -= 1
    while key >= base:
        cell = cell_of(book, side, key)
        if ladders.cells[cell] > 0.0:
            return int(key)
        if ladders.blocks[cell // BLOCK] > 0.0:
            key -= 1
        elif ladders.zones[cell // ZONE] > 0.0:
            key = (key & -BLOCK) - 1
        else:
            key = (key & -ZONE) - 1
    return NOTHING


@part
def first_key(ladders: Any, book: Any, side: int) -> int:
    """The worst key of the window; NOTHING where it has no level."""
    key, best = book["base"][side], book["best"][side]
    while key <= best:
        cell = cell_of(book, side, key)
        if ladders.cells[cell] > 0.0:
            return int(key)
        if ladders.blocks[cell // BLOCK] > 0.0:
            key += 1
        elif ladders.zones[cell // ZONE] > 0.0:
            key = (key | (BLOCK - 1)) + 1
        else:
            key = (key | (ZONE - 1)) + 1
    return NOTHING


@part
def level_below(ladders: Any, book: Any, side: int, key: int) -> int:
    """The best key below `key`, in the window or the overflow; NOTHING where there is none."""
    below = next_key(ladders, book, side, key)
    low, high = book["low"][side], book["high"][side]
    if below != NOTHING or low == high:
        return below
    row = find(ladders.levels, low, high, key) - 1
    return int(ladders.levels[row]["key"]) if row >= low else NOTHING


@part
def base_for(book: Any, best: int) -> int:
    """Where a window begins that has the best level at three quarters of its width."""
    return int((best - 3 * (book["width"] >> 2)) & -ZONE)


@part
def rise(ladders: Any, book: Any, side: int, key: int) -> None:
    """Slide the window up to a key above it; what falls off its lower end goes to the overflow's end."""
    old, new = book["base"][side], base_for(book, key)
    if book["filled"][side] > 0:
        make_way(ladders, book, side)
        for start in range(old, min(new, old + book["width"]), BLOCK):
            cell = cell_of(book, side, start)
            if ladders.blocks[cell // BLOCK] > 0.0:
                push(ladders, book, side, start, cell)
            ladders.blocks[cell // BLOCK] = 0.0
            ladders.zones[cell // ZONE] = 0.0
    book["base"][side] = new


@part
def push(ladders: Any, book: Any, side: int, start: int, first: int) -> None:
    """Move the levels of the block that begins at a key, and at a cell, to the overflow's end."""
    row = book["high"][side]
    for i in range(BLOCK):
        if ladders.cells[first + i] > 0.0:
            ladders.levels[row]["key"] = start + i
            ladders.levels[row]["size"] = ladders.cells[first + i]
            ladders.cells[first + i] = 0.0
            row += 1
    book["high"][side] = row


@part
def sink(ladders: Any, book: Any, side: int) -> None:
    """Slide the window down where the best level is in its lower half, and fill it from the overflow's end."""
    low, high, levels = book["low"][side], book["high"][side], ladders.levels
    if low == high or book["best"][side] >= book["base"][side] + (book["width"] >> 1):
        return
    best = max(book["best"][side], levels[high - 1]["key"])
    base = base_for(book, best)
    book["best"][side], book["base"][side] = best, base
    while high > low and levels[high - 1]["key"] >= base:
        high -= 1
        set_cell(ladders, cell_of(book, side, levels[high]["key"]), levels[high]["size"])
    book["high"][side] = high


@part
def clear(ladders: Any, book: Any, side: int) -> None:
    """Forget all levels of a side."""
    first = book["cells"] + side * book["width"]
    for zone in range(first // ZONE, (first + book["width"]) // ZONE):
        if ladders.zones[zone] > 0.0:
            ladders.cells[zone * ZONE : (zone + 1) * ZONE] = 0.0
            ladders.blocks[zone * ZONE // BLOCK : (zone + 1) * ZONE // BLOCK] = 0.0
            ladders.zones[zone] = 0.0
    middle = book["rows"] + side * book["room"] + book["room"] // 2
    book["low"][side], book["high"][side] = middle, middle
    book["base"][side], book["best"][side], book["filled"][side] = NOTHING, NOTHING, 0
