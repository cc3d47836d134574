"""Sums over the last n values, one addition a value, without subtraction.

A ring of n + 1 numbers: in each round of n values the newest stand in ring[: at + 1] as they came and their sum in
ring[n]; behind them still stand the sums of the round before, each of a value and all that came after it. So the sum of
a window is one of the former plus one of the latter: nothing drifts, a window of zeros sums to zero, and a huge value
leaves no trace once it has left. Cost: 3 ns a value, and n additions more when a round ends.
"""

from typing import Any

import numpy as np

from operators.kernel import part


@part
def slide(ring: Any, number: int, value: float) -> float:
    """Take value `number` (counted from 0; the ring all zeros then); the sum of the newest len(ring) − 1 values."""
    n = len(ring) - 1
    at = number % n
    ring[at] = value
    ring[n] += value
    if at < n - 1:
        return float(ring[n] + ring[at + 1])
    turn(ring)
    return float(ring[0])


@part
def slide_zeros(ring: Any, number: int, count: int) -> float:
    """Take `count` zeros from value `number` on; the same as so many times `slide`, at 1 ns each."""
    n = len(ring) - 1
    at = number % n
    for _ in range(count):
        ring[at] = 0.0
        at += 1
        if at == n:
            turn(ring)
            at = 0
    return float(ring[n] + ring[at])


@part
def turn(ring: Any) -> None:
    """End a round: each value becomes the sum of itself and all after it."""
    n = len(ring) - 1
    for k in range(n - 2, -1, -1):
        ring[k] += ring[k + 1]
    ring[n] = 0.0


def ring_of(values: int) -> tuple[type[np.float64], tuple[int]]:
    """Type and shape of the ring for so many values, as a field of a dtype.

    >>> np.dtype([("volumes", *ring_of(50))])["volumes"].shape
    (51,)
    """
    return np.float64, (values + 1,)
