"""What the whole book looks like: its best levels, and how much lies near the mid price. Parts of kernels.

A bid lies within a band if its ticks >= mid · (1 − bps / 10 000), an ask if its ticks <= mid · (1 + bps / 10 000), with
mid = (best bid + best ask) / 2 in ticks, in float64. Totals are sums of sums (operators/book/ladders.py), so what is
shown depends on the book alone and not on how it came about.
Where the snapshot told of a part of the book only, levels beyond its `edge` that have not changed since are unknown:
the levels and depths shown from there on are what is known, a lower bound.
"""

import math
from typing import Any

import numpy as np

from market.schema import BANDS_BPS, DEPTH_LEVELS
from operators.book.ladders import BLOCK, NOTHING, ZONE
from operators.book.overflow import find
from operators.book.window import cell_of, next_key
from operators.kernel import part

SHARES = np.array(BANDS_BPS) / 10_000


@part
def write_depth(ladders: Any, book: Any, row: Any, changed: bool) -> None:
    """A BOOK row of a book that has both sides; `changed`: by its last message, not by a snapshot."""
    mid = (book["best"][0] - book["best"][1]) / 2
    write_levels(ladders, book, 0, 1, row["bid_price"], row["bid_size"])
    write_levels(ladders, book, 1, -1, row["ask_price"], row["ask_size"])
    write_bands(ladders, book, 0, mid, -1.0, row["bid_depth"])
    write_bands(ladders, book, 1, -mid, 1.0, row["ask_depth"])
    row["bid_added"] = book["added"][0] if changed else 0.0
    row["bid_removed"] = book["removed"][0] if changed else 0.0
    row["ask_added"] = book["added"][1] if changed else 0.0
    row["ask_removed"] = book["removed"][1] if changed else 0.0


@part
def write_levels(ladders: Any, book: Any, side: int, sign: int, price: Any, size: Any) -> None:
    """The best levels of a side: from the window, then from the overflow's end."""
    numerator, denominator = book["step"][0], book["step"][1]
    key, far, count = book["best"][side], book["high"][side], 0
    while key != NOTHING and count < DEPTH_LEVELS:
        price[count] = sign * key * numerator / denominator
        size[count] = ladders.cells[cell_of(book, side, key)]
        key = next_key(ladders, book, side, key)
        count += 1
    while far > book["low"][side] and count < DEPTH_LEVELS:
        far -= 1
        price[count] = sign * ladders.levels[far]["key"] * numerator / denominator
        size[count] = ladders.levels[far]["size"]
        count += 1
    for none in range(count, DEPTH_LEVELS):
        price[none], size[none] = np.nan, 0.0


@part
def write_bands(ladders: Any, book: Any, side: int, mid: float, sign: float, depth: Any) -> None:
    """Total size within each band of a side; `mid` is one of the side's own keys, from which bands reach down."""
    base, best = book["base"][side], book["best"][side]
    zone, zones = best & -ZONE, 0.0  # the zone to come, and the total of those before it
    for band in range(len(SHARES)):
        lowest = math.ceil(mid * (1.0 + sign * SHARES[band]))
        start = max(lowest, base)
        while zone > start:
            zones += ladders.zones[cell_of(book, side, zone) // ZONE]
            zone -= ZONE
        depth[band] = zones
        if start <= best:
            depth[band] += rest_of_zone(ladders, cell_of(book, side, start))
        if lowest < base:
            depth[band] += beyond(ladders, book, side, lowest)


@part
def rest_of_zone(ladders: Any, cell: int) -> float:
    """Total of a cell and all after it in its zone."""
    total = 0.0
    for i in range(cell, (cell | (BLOCK - 1)) + 1):
        total += ladders.cells[i]
    for block in range(cell // BLOCK + 1, (cell | (ZONE - 1)) // BLOCK + 1):
        total += ladders.blocks[block]
    return total


@part
def beyond(ladders: Any, book: Any, side: int, lowest: int) -> float:
    """Total of the overflow from a key on."""
    total = 0.0
    for row in range(find(ladders.levels, book["low"][side], book["high"][side], lowest), book["high"][side]):
        total += ladders.levels[row]["size"]
    return total
