"""The overflow of a side: levels below its window, sorted, best last. Parts of kernels that keep books.

A level that comes or goes moves the levels on its shorter side, and the overflow begins in the middle of its room:
changes next to the window and very far from it, which are the most, move few.
"""

from typing import Any

from operators.kernel import part


@part
def find(levels: Any, low: int, high: int, key: int) -> int:
    """First row in [low, high) whose key is not below `key`."""
    while low < high:
        middle = (low + high) >> 1
        if levels[middle]["key"] < key:
            low = middle + 1
        else:
            high = middle
    return int(low)


@part
def put_far(ladders: Any, book: Any, side: int, key: int, size: float) -> float:
    """Set one level to an absolute size; 0 deletes. Returns by how much the size changed."""
    levels = ladders.levels
    row = find(levels, book["low"][side], book["high"][side], key)
    there = row < book["high"][side] and levels[row]["key"] == key
    before = levels[row]["size"] if there else 0.0
    if size > 0.0 and not there:
        row = opened(ladders, book, side, row)
        levels[row]["key"] = key
        book["filled"][side] += 1
    if size > 0.0:
        levels[row]["size"] = size
        return float(size - before)
    if there:
        close(ladders, book, side, row)
        book["filled"][side] -= 1
    return float(-before)


@part
def opened(ladders: Any, book: Any, side: int, row: int) -> int:
    """Make a row free before the level at `row`, by moving the levels on its shorter side; returns which."""
    start = book["rows"] + side * book["room"]
    low, high = book["low"][side], book["high"][side]
    if low > start and (row - low < high - row or high == start + book["room"]):
        move(ladders.levels, low, row, -1)
        book["low"][side] = low - 1
        return int(row - 1)
    move(ladders.levels, row, high, 1)
    book["high"][side] = high + 1
    return int(row)


@part
def close(ladders: Any, book: Any, side: int, row: int) -> None:
    """Take a row out, by moving the levels on its shorter side."""
    low, high = book["low"][side], book["high"][side]
    if row - low < high - row:
        move(ladders.levels, low, row, 1)
        book["low"][side] = low + 1
    else:
        move(ladders.levels, row + 1, high, -1)
        book["high"][side] = high - 1


@part
def make_way(ladders: Any, book: Any, side: int) -> None:
    """Leave room at the overflow's end for all levels of the window."""
    start = book["rows"] + side * book["room"]
    low, high = book["low"][side], book["high"][side]
    spare = start + book["room"] - high
    if spare < book["filled"][side] - (high - low):
        by = start + (book["room"] - book["filled"][side]) // 2 - low
        move(ladders.levels, low, high, by)
        book["low"][side], book["high"][side] = low + by, high + by


@part
def move(levels: Any, first: int, end: int, by: int) -> None:
    """Move the rows [first, end) by so many, in the order in which none is overwritten before it has moved."""
    if by > 0:
        for row in range(end - 1, first - 1, -1):
            levels[row + by]["key"], levels[row + by]["size"] = levels[row]["key"], levels[row]["size"]
    else:
        for row in range(first, end):
            levels[row + by]["key"], levels[row + by]["size"] = levels[row]["key"], levels[row]["size"]
