"""Exact quantiles of the last n values, for values that come once a second; a part of `features.moments`.

A ring knows which value is the oldest, a sorted copy of it is mended in place: one value out, one in, O(n) moves.
Quantile q of n values is linear between the two nearest of position q · (n − 1) in order.
Hyndman, Fan (1996), Sample quantiles in statistical packages, doi:10.1080/00031305.1996.10473566, definition 7.
"""

from typing import Any

import numpy as np

from operators.kernel import part

MAX_WINDOW = 300  # values

QUANTILES = np.dtype(
    [
        ("ring", np.float64, (MAX_WINDOW,)),  # value k at k % window
        ("ordered", np.float64, (MAX_WINDOW,)),  # the same, ascending
    ]
)


@part
def place_of(ordered: Any, filled: int, value: float) -> int:
    """Position of the first value that is not below."""
    low, high = 0, filled
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@part
def take(q: Any, number: int, value: float, window: int) -> None:
    """Take value `number`, counted from 0; the oldest goes where the window is full."""
    ring, ordered = q["ring"], q["ordered"]
    filled = min(number, window)
    if filled == window and ring[number % window] == value:
        return  # as in a market at rest
    hole = place_of(ordered, filled, ring[number % window]) if filled == window else filled
    ring[number % window] = value
    # Values between the hole and where the new one belongs move by one.
    while hole > 0 and ordered[hole - 1] > value:
        ordered[hole] = ordered[hole - 1]
        hole -= 1
    while hole + 1 < filled and ordered[hole + 1] < value:
        ordered[hole] = ordered[hole + 1]
        hole += 1
    ordered[hole] = value


@part
def take_zeros(q: Any, number: int, count: int, window: int) -> None:
    """Take `count` values of 0."""
    if count < window:
        for k in range(count):
            take(q, number + k, 0.0, window)
    else:
        q["ring"][:] = 0.0
        q["ordered"][:] = 0.0


@part
def quantile(q: Any, window: int, share: float) -> float:
    """Of a full window; share 0 … 1."""
    position = share * (window - 1)
    below = int(position)
    low, high = q["ordered"][below], q["ordered"][min(below + 1, window - 1)]
    return float(low + (position - below) * (high - low))
